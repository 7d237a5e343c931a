"""A call in pasted code, and what gives calls and assignments their meaning."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from sickbay.doctor.code.values import Argument, CodeText, CodeValue, as_text


class Invocation(NamedTuple):
    """A call. `path` is its name as written, such as `axios.post`; `base` the value on which a method is called."""

    path: str
    name: str
    base: CodeValue | None
    arguments: list[Argument]
    start: int
    end: int

    def value(self, position: int, *keys: str) -> CodeValue | None:
        """The argument with one of these names or at this position (-1: only by name)."""
        named = next((item.value for item in self.arguments if item.key and item.key.lower() in keys), None)
        if named is not None or position < 0:
            return named
        positional = [item.value for item in self.arguments if item.key is None]
        return positional[position] if position < len(positional) else None

    def text(self, position: int, *keys: str) -> CodeText:
        return as_text(self.value(position, *keys))


class Library(Protocol):
    """What calls and assignments mean."""

    def call(self, invocation: Invocation) -> CodeValue | None: ...

    def implied(self, owner: str, name: str, start: int) -> CodeValue | None:
        """The object that has this property, if the paste doesn't show it being made."""

    def assigned(self, path: str, value: CodeValue, start: int, end: int) -> None:
        """Takes note of an assignment to a variable or to a property of an object that the paste doesn't show."""

    def assign(self, base: CodeValue, name: str, value: CodeValue, end: int) -> None: ...
