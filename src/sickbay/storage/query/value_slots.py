"""Slots: the placeholders for values in a template. They support only what has the same result for every value.

A plan that asks a slot for more has no template.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from sickbay.storage.query.dictionary import Dictionary
from sickbay.storage.terms import term_hash

Filled: TypeAlias = list[Any]
"""The values for a template's slots by slot number: first the values of the search, then those derived from them."""
Derive: TypeAlias = Callable[[Any, Dictionary, int], Any]


class NoTemplate(Exception):
    """Raised if the plan depends on more than the shape."""


class UnknownWord(NoTemplate):
    """Raised if nothing has been stored under a type or a parameter yet, which may change."""


class Derived(NamedTuple):
    """A slot whose value is derived from that of an earlier slot, in a space."""

    number: int
    source: int
    derive: Derive


class Slots(list["ValueSlot"]):
    """The slots of a template by number. A value that is derived twice in the same way has one slot."""

    def __init__(self, values: int) -> None:
        self.derived: dict[tuple[Any, ...], Derived] = {}
        self.extend(ValueSlot(self, number) for number in range(values))

    def derive(self, source: int, function: Callable[..., Any], argument: Any) -> ValueSlot:
        """function: called with the argument, the value of the source, the dictionary and the space."""
        key = source, function, str(argument)
        if key not in self.derived:
            self.derived[key] = Derived(len(self), source, partial(function, argument))
            self.append(ValueSlot(self, len(self)))
        return self[self.derived[key].number]


class ValueSlot:
    """Placeholder for a value. It supports only operations whose result is the same for every value of its kind."""

    __slots__ = ("number", "slots")

    def __init__(self, slots: Slots, number: int) -> None:
        self.number, self.slots = number, slots

    def __getitem__(self, part: slice) -> ValueSlot:
        return self.slots.derive(self.number, _slot_of_slice, part)

    def __add__(self, end: str) -> ValueSlot:
        return self.slots.derive(self.number, _extend_end, end)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ValueSlot):
            raise NoTemplate
        return self is other  # equal values of one search share a slot

    __hash__ = object.__hash__

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """Prevent `isinstance`, because a slot can't decide whether a value is a number."""
        raise NoTemplate

    def __str__(self) -> str:
        raise NoTemplate

    __repr__ = __str__


def _slot_of_slice(part: slice, value: Any, names: Dictionary, space: int) -> Any:
    return value[part]


def _extend_end(end: str, value: str, names: Dictionary, space: int) -> str:
    return value + end


def _nid_of(type: str, id: str, names: Dictionary, space: int) -> int:
    return names.nid(space, type, id)


class SlotNames:
    """The look-ups that a plan may do before the values are known. Any other look-up raises AttributeError."""

    def __init__(self, names: Dictionary, slots: Slots) -> None:
        self._names, self._slots = names, slots

    def word(self, text: str) -> int:
        number = self._names.word(text)
        if not number:
            raise UnknownWord
        return number

    def nid(self, space: int, type: str, id: Any) -> Any:
        if not isinstance(id, ValueSlot):
            raise NoTemplate
        return self._slots.derive(id.number, _nid_of, type)

    def hashes(self, codings: tuple[tuple[str | None, Any], ...]) -> list[Any]:
        """Return hashes. The slot of a code already contains its hash."""
        return [code if isinstance(code, ValueSlot) else _hash_token(system, code) for system, code in codings]


def _hash_token(system: str | None, code: str) -> int:
    if system is None:
        raise NoTemplate
    return term_hash(system, code)
