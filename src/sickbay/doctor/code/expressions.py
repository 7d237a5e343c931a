"""Evaluates the expressions of pasted code that can be understood, with the members, calls and initialisers after a value."""

from __future__ import annotations

from dataclasses import dataclass

from sickbay.doctor.code.places import MEMBER, CodePlaces
from sickbay.doctor.code.tokens import (
    NAME,
    NUMBER,
    OPERATOR,
    STRING,
    CodeToken,
    fill_blanks,
    hole_name,
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
    Invocation,
    collect,
    fields_of,
    join,
    literal,
    make_unknown,
    pair_of,
    spend,
    text_of,
)

_COMPARES = set_of("== === != !== < > <= >= - * / && and is in % == | ^ instanceof unless if")
_KEYWORDS = set_of("using if while for foreach switch catch elif elseif with")
"""Statements with a parenthesis that can contain assignments."""
DEEPEST = 40
NAMES_OF_A_KEY, CHARACTERS_OF_A_PATH = 20, 1_000
"""Limits of a key such as `Content-Type`, in tokens, and of a path such as `request.headers`."""


@dataclass(slots=True)
class Chain:
    """A value and what was read after it. `path`: the names so far, while no value is known."""

    value: CodeValue | None
    path: str
    first: int
    index: int
    stop: int
    is_new: bool


class Expressions(CodePlaces):
    def read_expression(self, index: int, stop: int) -> tuple[CodeValue, int]:
        """The value of the expression that starts here, and the index after it."""
        if self.depth >= DEEPEST:
            return make_unknown("value"), self.partners.get(index, index) + 1
        self.depth += 1
        try:
            return self._join_operands(index, stop)
        finally:
            self.depth -= 1

    def _join_operands(self, index: int, stop: int) -> tuple[CodeValue, int]:
        first = index
        value, index = self.read_operand(index, stop)
        pieces: list[CodeValue] = [value]
        while index < stop:
            token = self.tokens[index]
            if self.joins(index, stop):
                item, index = self.read_operand(index + 1, stop)
                pieces.append(item)
            elif token.kind == STRING and self.tokens[index - 1].kind == STRING and index - 1 >= first:
                pieces.append(self._read_literal(token))
                index += 1
            else:
                break
        value = pieces[0] if len(pieces) == 1 else join(map(text_of, pieces))
        return self.apply_operators(value, index, stop)

    def apply_operators(self, value: CodeValue, index: int, stop: int) -> tuple[CodeValue, int]:
        """Applies the operators after an operand that aren't joins: alternatives, comparisons, pairs and conversions."""
        while index < stop:
            token = self.tokens[index]
            if token.text in _COMPARES and (token.is_first or (index + 1 < stop and self.tokens[index + 1].is_first)):
                break
            if token.text in ("||", "??", "or") and token.kind != STRING:
                _, index = self.read_expression(index + 1, stop)
            elif token.text == "?" and token.kind == OPERATOR and self.has_alternative(index, stop):
                value, index = self.read_expression(index + 1, stop)
                _, index = self.read_expression(index + 1, stop)
            elif token.text == "to" and token.kind == NAME:
                second, index = self.read_expression(index + 1, stop)
                value = CodeItems((value, second))
            elif token.text == "as" and token.kind == NAME:
                if index + 2 < stop and isinstance(value, CodeObject) and self.is_operator(index + 2, ":", ","):
                    self.names[self.tokens[index + 1].text] = value
                index = self.skip_cast(index + 1, stop)
            elif token.text == "%" and isinstance(value, CodeText):
                items, index = self.read_operand(index + 1, stop)
                value = fill_blanks(value, list(items.values) if isinstance(items, CodeItems) else [items])
            elif token.text in _COMPARES and token.kind != STRING:
                _, index = self.read_operand(index + 1, stop)
                value = make_unknown("value")
            else:
                break
        return value, index

    def read_operand(self, index: int, stop: int) -> tuple[CodeValue, int]:
        spend()
        is_new = False
        while index < stop and self.is_prefix(index):
            is_new = is_new or self.tokens[index].text in ("new", "&")
            index += 1
        if index >= stop:
            return make_unknown("value"), index
        token = self.tokens[index]
        if token.kind == STRING:
            return self.read_postfix(self._read_literal(token), "", index, index + 1, stop)
        if token.kind == NUMBER:
            return literal(token.text), index + 1
        if token.kind == NAME:
            return self.read_postfix(None, path_of(token.text) or "$", index, index + 1, stop, is_new)
        if token.text == "(":
            return self._read_parenthesis(index, stop)
        if token.text == "." and index + 1 < stop and self.tokens[index + 1].kind == NAME:
            return self.read_postfix(None, self.tokens[index + 1].text, index, index + 2, stop)
        if token.text == "[" and self.is_operator(self.partners[index] + 1, "::"):
            return self.read_expression(self.partners[index] + 2, stop)
        if token.text in ("{", "["):
            if is_new and self.partners[index] == index + 1 and self.is_operator(index + 2, "{"):
                index += 2
            value = self.read_collection(index, stop)
            return self.read_postfix(value, "", index, self.partners[index] + 1, stop)
        return make_unknown("value"), index

    def _read_parenthesis(self, index: int, stop: int) -> tuple[CodeValue, int]:
        """A group, a tuple, a cast or the parameters of a function."""
        end = min(self.partners[index], stop)
        if self.is_operator(end + 1, "=>", "->"):
            return self.read_function(end + 2, stop)
        elements = self.read_elements(index + 1, end)
        if end + 1 < stop and self.tokens[end + 1].kind in (NAME, STRING) and self.is_near(end + 1):
            return self.read_expression(end + 1, stop)
        value: CodeValue = elements[0].value if len(elements) == 1 else CodeItems(tuple(item.value for item in elements))
        return self.read_postfix(value, "", index, end + 1, stop)

    def _read_literal(self, token: CodeToken) -> CodeText:
        return read_literal(token, self.resolve, (token.quote[-1:] or '"') in self._dollar)

    def read_function(self, index: int, stop: int) -> tuple[CodeValue, int]:
        """An anonymous function. Its body is run later if it is a block."""
        if self.is_operator(index, "{"):
            end = min(self.partners[index], stop)
            self.pending.append((index + 1, end))
            return make_unknown("value"), end + 1
        if index < stop and self.tokens[index].is_first:
            return make_unknown("value"), index
        return self.read_expression(index, stop)

    def read_collection(self, index: int, stop: int) -> CodeValue:
        elements = self.read_elements(index + 1, min(self.partners[index], stop))
        return collect(elements, is_object=self.is_operator(index, "{"))

    def read_elements(self, index: int, stop: int) -> list[Argument]:
        """The elements or arguments between two brackets. Text that isn't understood is run as statements later."""
        elements: list[Argument] = []
        while index < stop:
            spend()
            key, start = self.read_key(index, stop)
            value, after = self.read_expression(start, stop)
            if self.is_operator(start, "...", "**"):
                fields = fields_of(value)
                elements += [Argument(name, item) for name, item in fields.pairs] if fields else []
            elif after > start:
                is_name = key is None and after == start + 1 and self.tokens[start].kind == NAME
                elements.append(Argument(key, value, path_of(self.tokens[start].text) if is_name else ""))
            index = self._skip_element(after, stop)
        return elements

    def _skip_element(self, index: int, stop: int) -> int:
        """The index after the next comma. The code before it is run later."""
        start = index
        while index < stop and not self.is_operator(index, ","):
            index = self.partners[index] + 1 if index in self.partners else index + 1
        if start < index:
            self.pending.append((start, min(index, stop)))
        return index + 1

    def read_key(self, index: int, stop: int) -> tuple[str | None, int]:
        """The key before `:`, `=>` or `=`, and the index of the value."""
        start, closers = index, 0
        if self.is_operator(index, "[") and self.partners[index] == index + 2:
            start, closers = index + 1, 1
        is_symbol = self.is_operator(index, ":") and index + 1 < stop and self.tokens[index + 1].kind == NAME
        start += is_symbol
        if start >= stop or self.tokens[start].kind not in (NAME, STRING):
            return None, index
        token = self.tokens[start]
        path, end = self._read_dashed_key(start, stop) if token.kind == NAME else (str(self._read_literal(token)), start + 1)
        end += closers
        is_function = self.is_operator(end, "=>") and token.kind == NAME and not is_symbol and not path.isupper()
        if end < stop and self.is_operator(end, ":", "=>", "=") and not is_function:
            return path_of(path), end + 1
        return None, index

    def _read_dashed_key(self, start: int, stop: int) -> tuple[str, int]:
        """A key of several names, such as `Content-Type`, and the index after it."""
        path, end = self.tokens[start].text, start + 1
        stop = min(stop, start + NAMES_OF_A_KEY)
        while end + 1 < stop and self.is_operator(end, "-", ".") and self.tokens[end + 1].kind == NAME:
            path += self.tokens[end].text + self.tokens[end + 1].text
            end += 2
        return path, end

    def read_postfix(
        self, value: CodeValue | None, path: str, first: int, index: int, stop: int, is_new: bool = False
    ) -> tuple[CodeValue, int]:
        chain = Chain(value, path, first, index, stop, is_new)
        while chain.index < stop and self._read_next_part(chain):
            pass
        value = self.resolve(chain.path) if chain.value is None else chain.value
        return (make_unknown(hole_name(chain.path)) if value is None else value), chain.index

    def _read_next_part(self, chain: Chain) -> bool:
        """Reads the next part of the chain. False at its end."""
        spend()
        token = self.tokens[chain.index]
        if token.kind != OPERATOR:
            return False
        if token.text in MEMBER:
            return self._read_member(chain)
        step = {"(": self._read_call, "[": self._read_bracket, "{": self._read_braces, "=>": self._read_arrow}.get(token.text)
        return step(chain) if step else self._skip_marks(chain)

    def _read_member(self, chain: Chain) -> bool:
        following = chain.index + 1
        if following >= chain.stop or self.tokens[following].kind != NAME:
            return False
        name = self.tokens[following].text
        if chain.value is None and self.ends_sentence(chain.index):
            return False
        if self.is_operator(chain.index, ".") and self.dot_joins and (chain.value is not None or name[:1] == "$"):
            return False
        chain.index += 2
        if chain.value is None:
            chain.path += "." + path_of(name) if len(chain.path) < CHARACTERS_OF_A_PATH else ""
        elif self._opens_call(chain):
            self._run_call(chain, chain.value, path_of(name))
            chain.path = ""
        else:
            chain.value = self.member(chain.value, name) or chain.value
        return True

    def _read_call(self, chain: Chain) -> bool:
        if not self._opens_call(chain):
            return False
        if chain.path in _KEYWORDS:
            end = min(self.partners[chain.index], chain.stop)
            self.pending.append((chain.index + 1, end))
            chain.value, chain.index = make_unknown("value"), end + 1
            return False
        if chain.value is not None:
            return False
        owner, _, name = chain.path.rpartition(".")
        self._run_call(chain, self._find_owner(owner), name)
        return True

    def _read_bracket(self, chain: Chain) -> bool:
        if not self.is_near(chain.index):
            return False
        chain.value, chain.path, chain.index = self._read_index(chain.value, chain.path, chain.index, chain.stop)
        return True

    def _read_braces(self, chain: Chain) -> bool:
        """`new Request { Method = … }`, and `url.Values{…}` of Go."""
        is_composite = chain.is_new or chain.path.endswith(("Values", "Header", "Config"))
        if chain.value is None and is_composite:
            empty = Invocation(chain.path, chain.path.rpartition(".")[2], None, [], chain.first, chain.index)
            chain.value = self.library.call(empty) or CodeObject(chain.path)
        elif not (chain.is_new and isinstance(chain.value, CodeObject | CodeFields)):
            return False
        if chain.value is not None:
            self._initialise_object(chain.value, chain.index, chain.stop)
        chain.index = self.partners[chain.index] + 1
        return True

    def _read_arrow(self, chain: Chain) -> bool:
        """`name => …`: a function with one parameter."""
        if chain.value is None:
            chain.value, chain.index = self.read_function(chain.index + 1, chain.stop)
        return False

    def _skip_marks(self, chain: Chain) -> bool:
        """Skips `!` of Swift and type parameters."""
        if self.is_operator(chain.index, "!") and self.is_operator(chain.index + 1, ".", ")", ","):
            chain.index += 1
            return True
        after = self.skip_generics(chain.index, chain.stop) if self.is_operator(chain.index, "<") else 0
        chain.index = after or chain.index
        return bool(after)

    def _opens_call(self, chain: Chain) -> bool:
        return chain.index < chain.stop and self.is_operator(chain.index, "(") and self.is_near(chain.index)

    def _run_call(self, chain: Chain, base: CodeValue | None, name: str) -> None:
        end = min(self.partners[chain.index], chain.stop)
        arguments = self.read_elements(chain.index + 1, end)
        path = chain.path if chain.path.endswith(name) else f"{chain.path}.{name}" if chain.path else name
        call = Invocation(path, name, base, arguments, chain.first, min(end, len(self.tokens) - 1))
        value = self.library.call(call)
        chain.value = CodeObject(path, arguments, base) if value is None else value
        chain.index = end + 1

    def _find_owner(self, path: str) -> CodeValue | None:
        """The value on which a method is called. For `request.headers.add` it can be the request."""
        value = self.resolve(path) if path else None
        root = self.resolve(path.partition(".")[0]) if value is None and "." in path else None
        return root if isinstance(root, CodeObject) else value

    def _read_index(self, value: CodeValue | None, path: str, index: int, stop: int) -> tuple[CodeValue | None, str, int]:
        """`config["url"]` and `environ["URL"]`: the field, or an unknown value with the name of the key."""
        end = min(self.partners[index], stop)
        owner = value if value is not None else self.resolve(path)
        elements = self.read_elements(index + 1, end)
        key = str(text_of(elements[0].value)) if len(elements) == 1 else ""
        if owner is not None:
            return (self.member(owner, key) or owner), "", end + 1
        after_map = end + 1 < stop and path in ("map", "") and self.tokens[end + 1].kind == NAME
        if after_map and self.is_operator(end + 2, "{"):
            return self.read_collection(end + 2, stop), "", self.partners[end + 2] + 1
        is_text = end == index + 2 and self.tokens[index + 1].kind == STRING
        return (make_unknown(hole_name(key)) if is_text else None), path, end + 1

    def _initialise_object(self, value: CodeValue, index: int, stop: int) -> None:
        """`new Request { Method = … }`: sets properties or adds elements."""
        end = min(self.partners[index], stop)
        for key, item, _ in self.read_elements(index + 1, end):
            if isinstance(value, CodeObject) and key:
                self.library.assign(value, key, item, end)
            elif isinstance(value, CodeFields):
                pair = (key, item) if key else pair_of(item)
                value.extend([pair] if pair else [])
