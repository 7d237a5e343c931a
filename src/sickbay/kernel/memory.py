"""The registry of data that a process remembers from requests, so that a reset can remove all of it."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar


class ResetScope(NamedTuple):
    """The extent of a reset. tenant: the hospital; None for all hospitals. everything: apps and users were removed too.

    restored: a snapshot was restored, which keeps the journal.
    """

    tenant: str | None = None
    everything: bool = False
    restored: bool = False


class Forgets(Protocol):
    """A registered part of the memory."""

    def forget(self, reset: ResetScope) -> None:
        """Remove the data of the hospital that was reset, or all data."""
        ...


P = TypeVar("P", bound=Forgets)


class Memory:
    """Everything that this process remembers from requests, by name.

    A pure cache isn't a part of it, because it can't return anything outdated. `tests/flows/test_memory.py` finds state that is
    neither.
    """

    def __init__(self) -> None:
        self.parts: dict[str, Forgets] = {}

    def register(self, name: str, part: P) -> P:
        self.parts[name] = part
        return part

    def forget(self, reset: ResetScope) -> None:
        """Call `forget` of every part."""
        for part in self.parts.values():
            part.forget(reset)
