"""The registry of what a process remembers from requests, so that a reset can forget all of it."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar


class ResetScope(NamedTuple):
    """tenant: the hospital that was reset; None for all of them. everything: added apps and users were removed too.

    restored: a snapshot was restored, which keeps the journal.
    """

    tenant: str | None = None
    everything: bool = False
    restored: bool = False


class Forgets(Protocol):
    """A part of the memory."""

    def forget(self, reset: ResetScope) -> None:
        """Forget what came from the hospital that was reset, or everything."""
        ...


P = TypeVar("P", bound=Forgets)


class Memory:
    """Everything that this process remembers from requests, by name.

    A pure cache isn't a part of it, because it can't return anything outdated. `tests/flows/test_memory.py` finds state that is
    neither.
    """

    def __init__(self) -> None:
        self.parts: dict[str, Forgets] = {}

    def keep(self, name: str, part: P) -> P:
        """Register a part, and return it."""
        self.parts[name] = part
        return part

    def forget(self, reset: ResetScope) -> None:
        """Forget in every part."""
        for part in self.parts.values():
            part.forget(reset)
