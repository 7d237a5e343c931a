"""The types for SQL statements and their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

Row: TypeAlias = tuple[Any, ...]
Bind: TypeAlias = int | str


EACH = " /* of each */ "
"""Ends an EXISTS that must be evaluated per row. SQLite does so anyway; for PostgreSQL, sql_dialect.py adds OFFSET 0."""


class Sql(NamedTuple):
    """A piece of a statement, with its values in order."""

    text: str
    binds: tuple[Bind, ...] = ()


class Do(NamedTuple):
    """A statement that an action consists of."""

    text: str
    binds: tuple[Any, ...] = ()


class Statement(NamedTuple):
    """body: index of the column whose total bytes are limited to BYTES; -1 means no limit."""

    text: str
    binds: tuple[int | str, ...]
    body: int = -1


Run: TypeAlias = Callable[[Statement], list[Row]]


class SqlReader(Protocol):
    """Reads rows synchronously."""

    def rows(self, text: str, binds: Sequence[Any] = ()) -> list[Row]: ...

    def one(self, text: str, binds: Sequence[Any] = ()) -> Any:
        """Return the only column of the only row; None if there is no row."""
        ...

    def stamp(self) -> int | None:
        """Return a number that doesn't change until a resource is written; None if that isn't known."""
        ...
