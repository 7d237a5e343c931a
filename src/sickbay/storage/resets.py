"""Rejects transactions of work that began before a reset.

Each reset changes the revision of a record: `resets`, or `resets/{hospital}` if it resets only one. The web layer notes
the revisions that a request began with, and each transaction compares them with the stored ones before it changes anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias

from sickbay.settings.database import Unavailable

RESETS: Final = "resets"
"""The key of the record, of kind meta, that every reset of all hospitals writes."""
Revisions: TypeAlias = Mapping[str, int]
"""Keys of these records -> their revisions; 0 if there is none."""
OUTSIDE: Final[Revisions] = MappingProxyType({})
"""The revisions of work that isn't a request: nothing is compared."""


class Beginning(Protocol):
    """The state of the current request. revisions: must not have changed since it began; OUTSIDE once it has ended."""

    revisions: Revisions


class Block:
    """Work that began with these revisions but isn't a request."""

    __slots__ = ("revisions",)

    def __init__(self, revisions: Revisions) -> None:
        self.revisions = revisions


NO_REQUEST: Final = Block(OUTSIDE)
BEGAN: Final[ContextVar[Beginning]] = ContextVar("began", default=NO_REQUEST)
"""The current request. Changing a member when it ends is cheaper than setting the variable again, and reaches its tasks too."""
begin: Final = BEGAN.set
current: Final = BEGAN.get
"""Bound once, because looking up these methods takes longer than calling them."""
STORED: Final = "SELECT key, revision FROM record WHERE kind = 'meta' AND key >= 'resets' AND key < 'resets0'"
"""Selects all reset records (`0` is the character after `/`)."""


class WasReset(Unavailable):
    """Raised if the data was reset after the current request began."""

    title = "Sickbay was reset"
    detail = "Sickbay was reset while it handled this request; nothing was changed. Try again."
    retry_after = 1


def key_of(tenant: str | None) -> str:
    """Return the key of the record that a reset writes. tenant: the hospital; None for all."""
    return f"{RESETS}/{tenant}" if tenant else RESETS


@contextmanager
def compare_with(revisions: Revisions) -> Iterator[None]:
    """Compare these revisions in the transactions of this block, instead of those of the current request."""
    token = BEGAN.set(Block(revisions))
    try:
        yield
    finally:
        BEGAN.reset(token)


def changed_rows_statement(expected: Revisions) -> str:
    """Return a statement that selects each of these records whose revision has changed. Records are never deleted."""
    changed = " OR ".join(f"(key = {_quote_literal(key)} AND revision <> {revision:d})" for key, revision in expected.items())
    return f"SELECT 1 FROM record WHERE kind = 'meta' AND ({changed})"


def _quote_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
