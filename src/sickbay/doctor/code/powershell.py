"""Evaluates what only PowerShell has: hashtables, commands with named parameters and pipes to ConvertTo-Json."""

from __future__ import annotations

from sickbay.doctor.code import budget
from sickbay.doctor.code.chains import ChainExpressions
from sickbay.doctor.code.expressions import DEEPEST
from sickbay.doctor.code.invocation import Invocation
from sickbay.doctor.code.tokens import NAME, STRING
from sickbay.doctor.code.values import (
    Argument,
    CodeBody,
    CodeFields,
    CodeValue,
    as_fields,
    as_text,
    joined,
    known,
    unknown,
)

_VERBS = frozenset({"Invoke", "invoke", "New"})


class PowerShellExpressions(ChainExpressions):
    def operand(self, index: int, stop: int) -> tuple[CodeValue, int]:
        budget.spend()
        if self.depth >= DEEPEST:
            return unknown("value"), self.partners.get(index, index) + 1
        if self.is_operator(index, "@") and self.is_operator(index + 1, "{"):
            return self._hashtable(index + 2, min(self.partners[index + 1], stop)), self.partners[index + 1] + 1
        if index + 2 < stop and self.tokens[index].text in _VERBS and self.is_operator(index + 1, "-"):
            return self._command_with_parameters(index, stop)
        return super().operand(index, stop)

    def operated(self, value: CodeValue, index: int, stop: int) -> tuple[CodeValue, int]:
        if index + 3 < stop and self.is_operator(index, "|") and self.tokens[index + 1].text == "ConvertTo":
            value, index = CodeBody("json", value, is_text=True), index + 4
        return super().operated(value, index, stop)

    def _hashtable(self, index: int, stop: int) -> CodeFields:
        """`@{ name = value; … }`. Lines separate the fields too."""
        fields = CodeFields()
        self.depth += 1
        while index < stop:
            budget.spend()
            key, start = self.key(index, stop)
            if key is None:
                index += 1
                continue
            value, index = self.operand(start, stop)
            while self.is_operator(index, "+") and index < stop:
                item, index = self.operand(index + 1, stop)
                value = joined((as_text(value), as_text(item)))
            index = max(index, start)
            fields.add(key, value)
        self.depth -= 1
        return fields

    def _command_with_parameters(self, index: int, stop: int) -> tuple[CodeValue, int]:
        """`Invoke-RestMethod -Uri $uri -Body $body`, also with all parameters in a hashtable: `@parameters`."""
        name = f"{self.tokens[index].text}-{self.tokens[index + 2].text}"
        arguments: list[Argument] = []
        self.depth += 1
        end = self._parameters(index + 3, stop, arguments)
        self.depth -= 1
        call = Invocation(name, name, None, arguments, index, min(end, len(self.tokens)) - 1)
        return self.library.call(call) or unknown("value"), end

    def _parameters(self, index: int, stop: int, arguments: list[Argument]) -> int:
        while index < stop:
            budget.spend()
            token = self.tokens[index]
            if token.text == "`":
                index += 1
            elif token.kind == NAME and token.text.startswith("@"):
                fields = as_fields(self.resolve(token.text.lstrip("@")))
                arguments += [Argument(name, value) for name, value in fields.pairs] if fields else []
                index += 1
            elif token.kind == STRING or (token.kind == NAME and token.text.startswith("$") and not arguments):
                value, index = self.operand(index, stop)
                arguments.append(Argument(None, value))
            elif self.is_operator(index, "-") and index + 1 < stop and self.tokens[index + 1].kind == NAME:
                index = self._parameter(index + 1, stop, arguments)
            else:
                break
        return index

    def _parameter(self, index: int, stop: int, arguments: list[Argument]) -> int:
        name = self.tokens[index].text
        if self.is_operator(index + 1, "-", "`", ";", "|", ")", "}") or index + 1 >= stop:
            arguments.append(Argument(name, known("true")))
            return index + 1
        value, end = self.operand(index + 1, stop)
        arguments.append(Argument(name, value))
        return max(end, index + 1)
