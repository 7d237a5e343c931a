"""The types for SQL statements and their rows, the columns of a match, and the limits on the size of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility

Row: TypeAlias = tuple[Any, ...]
Bind: TypeAlias = int | str


EACH = " /* of each */ "
"""Ends an EXISTS that must be evaluated per row. SQLite does so anyway; for PostgreSQL, sql_dialect.py adds OFFSET 0."""


class Sql(NamedTuple):
    """A piece of a statement, with its values in order."""

    text: str
    binds: tuple[Bind, ...] = ()


class Statement(NamedTuple):
    """body: index of the column whose total bytes are limited to BYTES; -1 means no limit."""

    text: str
    binds: tuple[int | str, ...]
    body: int = -1


COLUMNS = "r.nid, r.facts, r.id, r.version_id, r.changed, r.body"
WIDTH = 6


class Columns(NamedTuple):
    """The columns read for each match. Three fewer make a page of fifty about a tenth faster. The nid comes first."""

    text: str
    width: int


WHOLE = Columns(COLUMNS, WIDTH)
BRIEF = Columns("r.nid, r.facts, r.id, r.body", 4)
BARE = Columns("r.nid, r.id, r.body", 3)
"""Used if everything of the type is visible, so that no facts are checked."""


def columns_for(query: Query, visibility: Visibility) -> Columns:
    if query.whole:
        return WHOLE
    return BARE if visibility.allows_all(query.type, "s") else BRIEF


BYTES = 4_000_000
"""Maximum bytes of the resources on one page. The first two are always included, so that one match differs from several."""


class Cut(list[Row]):
    """The rows up to BYTES plus the next row, which exceeds the limit. There may be more."""


def bounded(rows: Iterable[Row], column: int) -> list[Row]:
    """Return all rows, or a Cut, after which no further row is read. column: index of the body."""
    taken: list[Row] = []
    left = BYTES
    for row in rows:
        taken.append(row)
        left -= len(row[column] or b"")
        if left < 0 and len(taken) > 2:
            return Cut(taken)
    return taken


def paged(rows: list[Row], count: int) -> tuple[list[Row], bool]:
    """Return the rows of a page of at most `count`, given up to one row more, and whether others follow."""
    if isinstance(rows, Cut) and len(rows) <= count:
        return rows[:-1], True
    return rows[:count], len(rows) > count


def is_full(rows: list[Row], limit: int) -> bool:
    return len(rows) == limit or isinstance(rows, Cut)


def count_up_to(rows: Sql, most: int) -> Statement:
    """Count the rows, up to `most`."""
    return Statement(f"SELECT count(*) FROM (SELECT 1 FROM ({rows.text}) e LIMIT ?) few", (*rows.binds, most))


Run: TypeAlias = Callable[[Statement], list[Row]]


class SqlReader(Protocol):
    """Reads rows synchronously."""

    def rows(self, text: str, binds: Sequence[Any] = ()) -> list[Row]:
        """Return all rows."""
        ...

    def one(self, text: str, binds: Sequence[Any] = ()) -> Any:
        """Return the only column of the only row; None if there is no row."""
        ...

    def stamp(self) -> int | None:
        """Return a number that doesn't change until a resource is written; None if that isn't known."""
        ...
