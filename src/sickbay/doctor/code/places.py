"""What is at a place in the tokens of pasted code, and the names whose values are known."""

from __future__ import annotations

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.code.tokens import NAME, OPERATOR, CodeToken, pair_up, path_of, set_of
from sickbay.doctor.code.values import CodeFields, CodeObject, CodeValue, Library

PREFIX = frozenset(LISTS["words_before_an_operand"])
MEMBER = frozenset({".", "->", "?.", "::"})
_PREFIX_OPERATORS = set_of("! - & * ~ @ + ... ** ? ^ | $")


class CodePlaces:
    """A list of tokens. Bodies of functions are left in `pending`, as ranges of tokens."""

    def __init__(self, tokens: list[CodeToken], library: Library, *, dollar: str, dot_joins: bool) -> None:
        """dollar: the quotation marks of strings into which the language inserts $name; dot_joins: as PHP joins strings."""
        self.tokens, self.library = tokens, library
        self._dollar, self.dot_joins = dollar, dot_joins
        self.partners = pair_up(tokens)
        self.names: dict[str, CodeValue] = {}
        self.pending: list[tuple[int, int]] = []
        self.depth = 0

    def resolve(self, path: str) -> CodeValue | None:
        """The value of a variable or property, None if the paste doesn't say it."""
        path = path_of(path)
        for prefix in ("this.", "self.", "@"):
            path = path.removeprefix(prefix)
        if path in self.names:
            return self.names[path]
        root, _, rest = path.partition(".")
        value = self.names.get(root)
        for name in rest.split(".") if value is not None and rest else ():
            value = self.member(value, name) if value is not None else None
        return value

    def member(self, value: CodeValue, name: str) -> CodeValue | None:
        match value:
            case CodeFields():
                return value.get(name)
            case CodeObject(path="URL") if name == "href":
                return value
            case CodeObject():
                return value.properties.get(name)
        return None

    def is_operator(self, index: int, *texts: str) -> bool:
        return index < len(self.tokens) and self.tokens[index].kind == OPERATOR and self.tokens[index].text in texts

    def ends_sentence(self, index: int) -> bool:
        """Whether the dot ends a line, as in prose before code."""
        return self.tokens[index + 1].is_first and not self.tokens[index].is_first

    def is_near(self, index: int) -> bool:
        """Whether at most one space stands between the token and the one before it. Another bracket starts a statement."""
        return self.tokens[index].start - self.tokens[index - 1].end <= 1 and not self.tokens[index].is_first

    def is_prefix(self, index: int) -> bool:
        token = self.tokens[index]
        if token.kind == NAME:
            return token.text in PREFIX and not self.is_operator(index + 1, ".", "=", "(", ",", ")")
        return token.kind == OPERATOR and token.text in _PREFIX_OPERATORS

    def joins(self, index: int, stop: int) -> bool:
        if self.is_operator(index, "+"):
            return True
        if self.is_operator(index, "&"):
            return not self.is_operator(index + 1, "&", "amp")
        before = self.tokens[index - 1]
        is_word = before.kind == NAME and not before.text.startswith("$")
        return (
            self.is_operator(index, ".") and self.dot_joins and not (is_word and index + 1 < stop and self.ends_sentence(index))
        )

    def has_alternative(self, index: int, stop: int) -> bool:
        """Whether a question mark belongs to `a ? b : c`. In prose it follows a word without a space."""
        if self.tokens[index - 1].end == self.tokens[index].start:
            return False
        return any(self.is_operator(position, ":") for position in range(index + 1, min(index + 40, stop)))

    def skip_cast(self, index: int, stop: int) -> int:
        while index < stop and (self.tokens[index].kind == NAME or self.is_operator(index, "!", "?", ".")):
            index += 1
        return index

    def skip_generics(self, index: int, stop: int) -> int:
        """The index after `<String, String>` if a call or an initialiser follows, else 0."""
        after = self.skip_type_parameters(index, stop)
        return after if after and self.is_operator(after, "(", "{", "[", ".", "::") else 0

    def skip_type_parameters(self, index: int, stop: int) -> int:
        """The index after `<String, String>`, 0 if something else follows the sign."""
        depth = 0
        for position in range(index, min(index + 24, stop)):
            token = self.tokens[position]
            depth += (token.text == "<") - (token.text == ">")
            if depth == 0:
                return position + 1
            if token.kind != NAME and token.text not in ("<", ">", ",", "?", ".", "[", "]", "&"):
                return 0
        return 0
