"""What an engine is asked, and how: a text with its values, rows that come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

Row: TypeAlias = tuple[Any, ...]
Bind: TypeAlias = int | str


EACH = " /* of each */ "
"""At the end of an EXISTS that is asked of each row. SQLite does so; PostgreSQL may begin at all that exists, and is told."""


class Sql(NamedTuple):
    """A piece of a statement, with its values in order."""

    text: str
    binds: tuple[Bind, ...] = ()


class Statement(NamedTuple):
    text: str
    binds: tuple[int | str, ...]


def few(rows: Sql, most: int) -> Statement:
    """How many there are, counted no further."""
    return Statement(f"SELECT count(*) FROM (SELECT 1 FROM ({rows.text}) e LIMIT ?) few", (*rows.binds, most))


Run: TypeAlias = Callable[[Statement], list[Row]]


class Reader(Protocol):
    """Whoever answers at once."""

    def rows(self, text: str, binds: Sequence[Any] = ()) -> list[Row]:
        """All rows."""
        ...

    def one(self, text: str, binds: Sequence[Any] = ()) -> Any:
        """The only column of the only row; None where there is none."""
        ...

    def stamp(self) -> int | None:
        """A number that is the same as long as nothing was written; None where that is not known."""
        ...
