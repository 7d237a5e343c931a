"""What an engine is asked, and how: a text with its values, rows that come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
    """body: the column whose bytes are bounded by BYTES in all rows together; -1: none."""

    text: str
    binds: tuple[int | str, ...]
    body: int = -1


BYTES = 4_000_000
"""Of the resources of one page. The first two are on it whatever their size, so that one match can be told from several."""


class Cut(list[Row]):
    """The rows up to BYTES, and the next one, which exceeds them. There may be more."""


def bounded(rows: Iterable[Row], column: int) -> list[Row]:
    """All rows, or a Cut, after which no further row is read. column: of the bodies."""
    found: list[Row] = []
    left = BYTES
    for row in rows:
        found.append(row)
        left -= len(row[column] or b"")
        if left < 0 and len(found) > 2:
            return Cut(found)
    return found


def paged(rows: list[Row], count: int) -> tuple[list[Row], bool]:
    """The rows of a page of at most `count`, of one row more, and whether others follow."""
    if isinstance(rows, Cut) and len(rows) <= count:
        return rows[:-1], True
    return rows[:count], len(rows) > count


def is_full(rows: list[Row], limit: int) -> bool:
    return len(rows) == limit or isinstance(rows, Cut)


def few(rows: Sql, most: int) -> Statement:
    """How many there are, counted no further."""
    return Statement(f"SELECT count(*) FROM (SELECT 1 FROM ({rows.text}) e LIMIT ?) few", (*rows.binds, most))


Run: TypeAlias = Callable[[Statement], list[Row]]


class SqlReader(Protocol):
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
