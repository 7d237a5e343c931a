"""Evaluates what follows a value in pasted code: members, calls, indexes and initialisers."""

from __future__ import annotations

from dataclasses import dataclass

from sickbay.doctor.code import budget
from sickbay.doctor.code.expressions import CHARACTERS_OF_A_PATH, MEMBER, Expressions
from sickbay.doctor.code.tokens import NAME, OPERATOR, STRING, hole_name, path_of, set_of
from sickbay.doctor.code.values import CodeFields, CodeObject, CodeValue, Invocation, as_pair, as_text, leave_open

_KEYWORDS = set_of("using if while for foreach switch catch elif elseif with")
"""Statements with a parenthesis that can contain assignments."""


@dataclass(slots=True)
class Chain:
    """A value and what was read after it. `path`: the names so far, while no value is known."""

    value: CodeValue | None
    path: str
    first: int
    index: int
    stop: int
    is_new: bool


class ChainExpressions(Expressions):
    def postfix(
        self, value: CodeValue | None, path: str, first: int, index: int, stop: int, is_new: bool = False
    ) -> tuple[CodeValue, int]:
        chain = Chain(value, path, first, index, stop, is_new)
        while chain.index < stop and self._step(chain):
            pass
        value = self.resolve(chain.path) if chain.value is None else chain.value
        return (leave_open(hole_name(chain.path)) if value is None else value), chain.index

    def _step(self, chain: Chain) -> bool:
        """Reads the next part of the chain. False at its end."""
        budget.spend()
        token = self.tokens[chain.index]
        if token.kind != OPERATOR:
            return False
        if token.text in MEMBER:
            return self._after_dot(chain)
        step = {"(": self._parenthesis_after, "[": self._bracket, "{": self._braces, "=>": self._arrow}.get(token.text)
        return step(chain) if step else self._skip(chain)

    def _after_dot(self, chain: Chain) -> bool:
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
            self._call(chain, chain.value, path_of(name))
            chain.path = ""
        else:
            chain.value = self.member(chain.value, name) or chain.value
        return True

    def _parenthesis_after(self, chain: Chain) -> bool:
        if not self._opens_call(chain):
            return False
        if chain.path in _KEYWORDS:
            end = min(self.partners[chain.index], chain.stop)
            self.pending.append((chain.index + 1, end))
            chain.value, chain.index = leave_open("value"), end + 1
            return False
        if chain.value is not None:
            return False
        owner, _, name = chain.path.rpartition(".")
        self._call(chain, self._owner(owner), name)
        return True

    def _bracket(self, chain: Chain) -> bool:
        if not self.is_near(chain.index):
            return False
        chain.value, chain.path, chain.index = self._read_index(chain.value, chain.path, chain.index, chain.stop)
        return True

    def _braces(self, chain: Chain) -> bool:
        """`new Request { Method = … }`, and `url.Values{…}` of Go."""
        is_composite = chain.is_new or chain.path.endswith(("Values", "Header", "Config"))
        if chain.value is None and is_composite:
            empty = Invocation(chain.path, chain.path.rpartition(".")[2], None, [], chain.first, chain.index)
            chain.value = self.library.call(empty) or CodeObject(chain.path)
        elif not (chain.is_new and isinstance(chain.value, CodeObject | CodeFields)):
            return False
        if chain.value is not None:
            self._initialise(chain.value, chain.index, chain.stop)
        chain.index = self.partners[chain.index] + 1
        return True

    def _arrow(self, chain: Chain) -> bool:
        """`name => …`: a function with one parameter."""
        if chain.value is None:
            chain.value, chain.index = self.function(chain.index + 1, chain.stop)
        return False

    def _skip(self, chain: Chain) -> bool:
        """Skips `!` of Swift and type parameters."""
        if self.is_operator(chain.index, "!") and self.is_operator(chain.index + 1, ".", ")", ","):
            chain.index += 1
            return True
        after = self._after_generics(chain.index, chain.stop) if self.is_operator(chain.index, "<") else 0
        chain.index = after or chain.index
        return bool(after)

    def _opens_call(self, chain: Chain) -> bool:
        return chain.index < chain.stop and self.is_operator(chain.index, "(") and self.is_near(chain.index)

    def _call(self, chain: Chain, base: CodeValue | None, name: str) -> None:
        end = min(self.partners[chain.index], chain.stop)
        arguments = self.elements(chain.index + 1, end)
        path = chain.path if chain.path.endswith(name) else f"{chain.path}.{name}" if chain.path else name
        call = Invocation(path, name, base, arguments, chain.first, min(end, len(self.tokens) - 1))
        value = self.library.call(call)
        chain.value = CodeObject(path, arguments, base) if value is None else value
        chain.index = end + 1

    def _owner(self, path: str) -> CodeValue | None:
        """The value on which a method is called. For `request.headers.add` it can be the request."""
        value = self.resolve(path) if path else None
        root = self.resolve(path.partition(".")[0]) if value is None and "." in path else None
        return root if isinstance(root, CodeObject) else value

    def _read_index(self, value: CodeValue | None, path: str, index: int, stop: int) -> tuple[CodeValue | None, str, int]:
        """`config["url"]` and `environ["URL"]`: the field, or an unknown value with the name of the key."""
        end = min(self.partners[index], stop)
        owner = value if value is not None else self.resolve(path)
        elements = self.elements(index + 1, end)
        key = str(as_text(elements[0].value)) if len(elements) == 1 else ""
        if owner is not None:
            return (self.member(owner, key) or owner), "", end + 1
        after_map = end + 1 < stop and path in ("map", "") and self.tokens[end + 1].kind == NAME
        if after_map and self.is_operator(end + 2, "{"):
            return self.collection(end + 2, stop), "", self.partners[end + 2] + 1
        is_text = end == index + 2 and self.tokens[index + 1].kind == STRING
        return (leave_open(hole_name(key)) if is_text else None), path, end + 1

    def _initialise(self, value: CodeValue, index: int, stop: int) -> None:
        """`new Request { Method = … }`: sets properties or adds elements."""
        end = min(self.partners[index], stop)
        for key, item, _ in self.elements(index + 1, end):
            if isinstance(value, CodeObject) and key:
                self.library.assign(value, key, item, end)
            elif isinstance(value, CodeFields):
                pair = (key, item) if key else as_pair(item)
                value.extend([pair] if pair else [])

    def _after_generics(self, index: int, stop: int) -> int:
        """The index after `<String, String>` if a call or an initialiser follows, else 0."""
        after = self.after_type_parameters(index, stop)
        return after if after and self.is_operator(after, "(", "{", "[", ".", "::") else 0

    def after_type_parameters(self, index: int, stop: int) -> int:
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
