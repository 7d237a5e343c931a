"""Evaluates the expressions of pasted code that can be understood."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sickbay.doctor.code import budget
from sickbay.doctor.code.tokens import (
    NAME,
    NUMBER,
    OPERATOR,
    STRING,
    CodeToken,
    fill_blanks,
    pair_up,
    path_of,
    read_literal,
    set_of,
)
from sickbay.doctor.code.values import (
    Argument,
    CodeFields,
    CodeItems,
    CodeObject,
    CodeText,
    CodeValue,
    Library,
    as_fields,
    as_text,
    collect,
    join,
    know,
    leave_open,
)

PREFIX = set_of(
    "new await yield try throw throws typeof return const final async not in is delete raise echo print lambda export default"
    " static public private protected readonly override internal let var val Dim"
)
MEMBER = frozenset({".", "->", "?.", "::"})
_PREFIX_OPERATORS = set_of("! - & * ~ @ + ... ** ? ^ | $")
_COMPARES = set_of("== === != !== < > <= >= - * / && and is in % == | ^ instanceof unless if")
DEEPEST = 40
NAMES_OF_A_KEY, CHARACTERS_OF_A_PATH = 20, 1_000
"""Limits of a key such as `Content-Type`, in tokens, and of a path such as `request.headers`."""


class Expressions(ABC):
    """The expressions in a list of tokens. Bodies of functions are left in `pending`, as ranges of tokens."""

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

    def expression(self, index: int, stop: int) -> tuple[CodeValue, int]:
        """The value of the expression that starts here, and the index after it."""
        if self.depth >= DEEPEST:
            return leave_open("value"), self.partners.get(index, index) + 1
        self.depth += 1
        try:
            return self._join(index, stop)
        finally:
            self.depth -= 1

    def _join(self, index: int, stop: int) -> tuple[CodeValue, int]:
        first = index
        value, index = self.operand(index, stop)
        pieces: list[CodeValue] = [value]
        while index < stop:
            token = self.tokens[index]
            if self._joins(index, stop):
                item, index = self.operand(index + 1, stop)
                pieces.append(item)
            elif token.kind == STRING and self.tokens[index - 1].kind == STRING and index - 1 >= first:
                pieces.append(self._literal(token))
                index += 1
            else:
                break
        value = pieces[0] if len(pieces) == 1 else join(map(as_text, pieces))
        return self.apply_operators(value, index, stop)

    def _joins(self, index: int, stop: int) -> bool:
        if self.is_operator(index, "+"):
            return True
        if self.is_operator(index, "&"):
            return not self.is_operator(index + 1, "&", "amp")
        before = self.tokens[index - 1]
        is_word = before.kind == NAME and not before.text.startswith("$")
        return (
            self.is_operator(index, ".") and self.dot_joins and not (is_word and index + 1 < stop and self.ends_sentence(index))
        )

    def apply_operators(self, value: CodeValue, index: int, stop: int) -> tuple[CodeValue, int]:
        """Applies the operators after an operand that aren't joins: alternatives, comparisons, pairs and conversions."""
        while index < stop:
            token = self.tokens[index]
            if token.text in _COMPARES and (token.is_first or (index + 1 < stop and self.tokens[index + 1].is_first)):
                break
            if token.text in ("||", "??", "or") and token.kind != STRING:
                _, index = self.expression(index + 1, stop)
            elif token.text == "?" and token.kind == OPERATOR and self._has_alternative(index, stop):
                value, index = self.expression(index + 1, stop)
                _, index = self.expression(index + 1, stop)
            elif token.text == "to" and token.kind == NAME:
                second, index = self.expression(index + 1, stop)
                value = CodeItems((value, second))
            elif token.text == "as" and token.kind == NAME:
                if index + 2 < stop and isinstance(value, CodeObject) and self.is_operator(index + 2, ":", ","):
                    self.names[self.tokens[index + 1].text] = value
                index = self._after_cast(index + 1, stop)
            elif token.text == "%" and isinstance(value, CodeText):
                items, index = self.operand(index + 1, stop)
                value = fill_blanks(value, list(items.values) if isinstance(items, CodeItems) else [items])
            elif token.text in _COMPARES and token.kind != STRING:
                _, index = self.operand(index + 1, stop)
                value = leave_open("value")
            else:
                break
        return value, index

    def _has_alternative(self, index: int, stop: int) -> bool:
        """Whether a question mark belongs to `a ? b : c`. In prose it follows a word without a space."""
        if self.tokens[index - 1].end == self.tokens[index].start:
            return False
        return any(self.is_operator(position, ":") for position in range(index + 1, min(index + 40, stop)))

    def _after_cast(self, index: int, stop: int) -> int:
        while index < stop and (self.tokens[index].kind == NAME or self.is_operator(index, "!", "?", ".")):
            index += 1
        return index

    def operand(self, index: int, stop: int) -> tuple[CodeValue, int]:
        budget.spend()
        is_new = False
        while index < stop and self._is_prefix(index):
            is_new = is_new or self.tokens[index].text in ("new", "&")
            index += 1
        if index >= stop:
            return leave_open("value"), index
        token = self.tokens[index]
        if token.kind == STRING:
            return self.postfix(self._literal(token), "", index, index + 1, stop)
        if token.kind == NUMBER:
            return know(token.text), index + 1
        if token.kind == NAME:
            return self.postfix(None, path_of(token.text) or "$", index, index + 1, stop, is_new)
        if token.text == "(":
            return self._parenthesis(index, stop)
        if token.text == "." and index + 1 < stop and self.tokens[index + 1].kind == NAME:
            return self.postfix(None, self.tokens[index + 1].text, index, index + 2, stop)
        if token.text == "[" and self.is_operator(self.partners[index] + 1, "::"):
            return self.expression(self.partners[index] + 2, stop)
        if token.text in ("{", "["):
            if is_new and self.partners[index] == index + 1 and self.is_operator(index + 2, "{"):
                index += 2
            value = self.collection(index, stop)
            return self.postfix(value, "", index, self.partners[index] + 1, stop)
        return leave_open("value"), index

    def _is_prefix(self, index: int) -> bool:
        token = self.tokens[index]
        if token.kind == NAME:
            return token.text in PREFIX and not self.is_operator(index + 1, ".", "=", "(", ",", ")")
        return token.kind == OPERATOR and token.text in _PREFIX_OPERATORS

    def _literal(self, token: CodeToken) -> CodeText:
        return read_literal(token, self.resolve, (token.quote[-1:] or '"') in self._dollar)

    def _parenthesis(self, index: int, stop: int) -> tuple[CodeValue, int]:
        """A group, a tuple, a cast or the parameters of a function."""
        end = min(self.partners[index], stop)
        if self.is_operator(end + 1, "=>", "->"):
            return self.function(end + 2, stop)
        elements = self.elements(index + 1, end)
        if end + 1 < stop and self.tokens[end + 1].kind in (NAME, STRING) and self.is_near(end + 1):
            return self.expression(end + 1, stop)
        value: CodeValue = elements[0].value if len(elements) == 1 else CodeItems(tuple(item.value for item in elements))
        return self.postfix(value, "", index, end + 1, stop)

    def function(self, index: int, stop: int) -> tuple[CodeValue, int]:
        """An anonymous function. Its body is run later if it is a block."""
        if self.is_operator(index, "{"):
            end = min(self.partners[index], stop)
            self.pending.append((index + 1, end))
            return leave_open("value"), end + 1
        if index < stop and self.tokens[index].is_first:
            return leave_open("value"), index
        return self.expression(index, stop)

    def collection(self, index: int, stop: int) -> CodeValue:
        elements = self.elements(index + 1, min(self.partners[index], stop))
        return collect(elements, is_object=self.is_operator(index, "{"))

    def elements(self, index: int, stop: int) -> list[Argument]:
        """The elements or arguments between two brackets. Text that isn't understood is run as statements later."""
        elements: list[Argument] = []
        while index < stop:
            budget.spend()
            key, start = self.key(index, stop)
            value, after = self.expression(start, stop)
            if self.is_operator(start, "...", "**"):
                fields = as_fields(value)
                elements += [Argument(name, item) for name, item in fields.pairs] if fields else []
            elif after > start:
                is_name = key is None and after == start + 1 and self.tokens[start].kind == NAME
                elements.append(Argument(key, value, path_of(self.tokens[start].text) if is_name else ""))
            index = self._after_element(after, stop)
        return elements

    def _after_element(self, index: int, stop: int) -> int:
        """The index after the next comma. The code before it is run later."""
        start = index
        while index < stop and not self.is_operator(index, ","):
            index = self.partners[index] + 1 if index in self.partners else index + 1
        if start < index:
            self.pending.append((start, min(index, stop)))
        return index + 1

    def key(self, index: int, stop: int) -> tuple[str | None, int]:
        """The key before `:`, `=>` or `=`, and the index of the value."""
        start, closers = index, 0
        if self.is_operator(index, "[") and self.partners[index] == index + 2:
            start, closers = index + 1, 1
        is_symbol = self.is_operator(index, ":") and index + 1 < stop and self.tokens[index + 1].kind == NAME
        start += is_symbol
        if start >= stop or self.tokens[start].kind not in (NAME, STRING):
            return None, index
        token = self.tokens[start]
        path, end = self._read_dashed(start, stop) if token.kind == NAME else (str(self._literal(token)), start + 1)
        end += closers
        is_function = self.is_operator(end, "=>") and token.kind == NAME and not is_symbol and not path.isupper()
        if end < stop and self.is_operator(end, ":", "=>", "=") and not is_function:
            return path_of(path), end + 1
        return None, index

    def _read_dashed(self, start: int, stop: int) -> tuple[str, int]:
        """A key of several names, such as `Content-Type`, and the index after it."""
        path, end = self.tokens[start].text, start + 1
        stop = min(stop, start + NAMES_OF_A_KEY)
        while end + 1 < stop and self.is_operator(end, "-", ".") and self.tokens[end + 1].kind == NAME:
            path += self.tokens[end].text + self.tokens[end + 1].text
            end += 2
        return path, end

    def ends_sentence(self, index: int) -> bool:
        """Whether the dot ends a line, as in prose before code."""
        return self.tokens[index + 1].is_first and not self.tokens[index].is_first

    def is_near(self, index: int) -> bool:
        """Whether at most one space stands between the token and the one before it. Another bracket starts a statement."""
        return self.tokens[index].start - self.tokens[index - 1].end <= 1 and not self.tokens[index].is_first

    @abstractmethod
    def postfix(
        self, value: CodeValue | None, path: str, first: int, index: int, stop: int, is_new: bool = False
    ) -> tuple[CodeValue, int]:
        """The value of the members, calls and initialisers after a value, and the index after them.

        path: the names so far, while no value is known. first: the index at which the expression starts.
        """
