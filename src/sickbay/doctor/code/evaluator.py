"""Runs the statements of pasted code in their order: assignments, declarations and calls."""

from __future__ import annotations

from sickbay.doctor.code.expressions import Expressions
from sickbay.doctor.code.places import MEMBER, PREFIX
from sickbay.doctor.code.tokens import NAME, OPERATOR, STRING, path_of
from sickbay.doctor.code.values import CodeFields, CodeObject, CodeValue, fields_of, join, literal, spend, text_of

_DECLARES = frozenset({"function", "def", "func", "fun"})
_TYPES = frozenset({"class", "interface", "struct", "extension"})
_SKIPPED = frozenset({"import", "package", "namespace", "using", "from"})
_ASSIGNS = ("=", ":=", "+=", ".=", "?=", "<<")


class Evaluator(Expressions):
    """Runs over the tokens once. Bodies of functions are run after the statement that contains them."""

    def run(self) -> None:
        """Raises BudgetSpent. What was found until then can be used."""
        ranges = [(0, len(self.tokens))]
        while ranges:
            spend()
            index, stop = ranges.pop()
            if index < stop:
                following = max(self._run_statement(index, stop), index + 1)
                ranges += [(following, stop), *self.pending]
                self.pending = []

    def _run_statement(self, index: int, stop: int) -> int:
        token = self.tokens[index]
        if token.kind == NAME and token.text in _DECLARES:
            return self._skip_declaration(index + 1, stop)
        if token.kind == NAME and token.text in _TYPES | _SKIPPED:
            return index + 1 + (token.text in _TYPES or self.is_operator(index + 1, "("))
        if token.kind == OPERATOR and token.text not in ("(", "[", "@", "$", "*", "&"):
            return index + 1
        if token.kind == NAME and token.text in PREFIX:
            index = self._skip_type(index, stop)
        if after := self._skip_generic_type(index, stop):
            return after
        target, after = self._read_target(index, stop)
        if target and self.is_operator(after, *_ASSIGNS):
            return self._run_assignment(target, after, stop)
        return self.read_expression(index, stop)[1]

    def _skip_declaration(self, index: int, stop: int) -> int:
        """Skips the name and the parameters of a function. In prose, no parenthesis follows on the same line."""
        for position in range(index, min(index + 8, stop)):
            if self.tokens[position].is_first:
                break
            if self.is_operator(position, "("):
                return min(self.partners[position] + 1, stop)
        return index

    def _skip_type(self, index: int, stop: int) -> int:
        """Skips `const` and the like."""
        while index < stop and self.tokens[index].text in PREFIX and self.tokens[index].kind == NAME:
            index += 1
        return index

    def _skip_generic_type(self, index: int, stop: int) -> int:
        """The index of the name after a type such as `Map<String, String>`, 0 if there is none."""
        if index >= stop or self.tokens[index].kind != NAME or not self.is_operator(index + 1, "<"):
            return 0
        after = self.skip_type_parameters(index + 1, stop - 1)
        return after if after and self.tokens[after].kind == NAME else 0

    def _read_target(self, index: int, stop: int) -> tuple[list[str], int]:
        """The path of an assignment's target, without the type that may follow it."""
        if index >= stop or self.tokens[index].kind != NAME:
            return [], index
        path, index = [self.tokens[index].text], index + 1
        while index + 1 < stop:
            if self.is_operator(index, *MEMBER) and self.tokens[index + 1].kind == NAME and not self.ends_sentence(index):
                path.append(self.tokens[index + 1].text)
                index += 2
            elif self.is_operator(index, "[") and self.partners[index] == index + 2 and self.tokens[index + 1].kind == STRING:
                path.append(self.tokens[index + 1].text)
                index += 3
            else:
                break
        if index + 1 < stop and self.tokens[index].text == "As" and self.tokens[index].kind == NAME:
            index = self._skip_annotation(index, stop, also="(")
        if self.is_operator(index, ":") and not self.is_operator(index + 1, ":"):
            index = self._skip_annotation(index, stop)
        if (
            self.is_operator(index, ",")
            and index + 2 < stop
            and not self.tokens[index + 1].is_first
            and self.is_operator(index + 2, "=", ":=")
        ):
            index += 2
        return [path_of(name) for name in path], index

    def _skip_annotation(self, index: int, stop: int, also: str = "") -> int:
        """Skips `: Type` before a `=`."""
        for position in range(index + 1, min(index + 14, stop)):
            if self.tokens[position].is_first:
                break
            if self.is_operator(position, "="):
                return position
            if self.tokens[position].kind == STRING or (self.is_operator(position, "(", "{", ";", ")") and not also):
                break
        return index

    def _run_assignment(self, target: list[str], index: int, stop: int) -> int:
        joins = self.tokens[index].text in ("+=", ".=", "<<")
        value, end = self.read_expression(index + 1, stop)
        if target[0] in ("this", "self", "@") and len(target) > 1:
            target = target[1:]
        path = ".".join(target)
        if isinstance(value, CodeObject) and not value.variable:
            value.variable = path
        if joins:
            value = join((text_of(self.resolve(path) or literal("")), text_of(value)))
        *owner, name = target
        base = self.resolve(".".join(owner)) if owner else None
        if base is None and owner and (base := self.library.imply(owner[0], name, index)):
            self.names[owner[0]] = base
        if base is not None:
            self.library.assign(base, name, value, end - 1)
        elif owner and self._library_owns(owner, name, value, end - 1):
            return end
        else:
            self.names[path] = value
            self.library.note_assignment(path, value, index, end - 1)
        return end

    def _library_owns(self, owner: list[str], name: str, value: CodeValue, end: int) -> bool:
        """Assigns `request.headers["X"]`, where `request` is known and its headers are a part of it."""
        base = self.resolve(owner[0])
        if base is None or not isinstance(base, CodeObject):
            return False
        self.library.assign(base, ".".join([*owner[1:], name]), value, end)
        return True


class ObjectsEvaluator(Evaluator):
    """Also collects the fields of each object in braces, with its first and last token."""

    objects: list[tuple[CodeFields, int, int]]

    def run(self) -> None:
        self.objects = []
        super().run()
        for index, partner in self.partners.items():
            if self.is_operator(index, "{") and self._is_object(index):
                fields = fields_of(self.read_collection(index, min(partner, len(self.tokens))))
                self.pending = []
                if fields:
                    self.objects.append((fields, index, partner))

    def _is_object(self, index: int) -> bool:
        """Whether the braces contain `name: value`."""
        return self.is_operator(index + 2, ":", "=>") and self.tokens[index + 1].kind != "operator"
