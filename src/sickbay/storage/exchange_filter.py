"""Which exchanges a reader wants: conditions that a statement and a Python function apply in the same way."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from sickbay.storage.query.statement import Sql

Column: TypeAlias = Literal["tenant", "owner", "family", "label", "line"]
ESCAPE: Final = "!"
"""Before a character of a pattern that stands for itself."""
INDEXED: Final = frozenset(("owner", "family"))
"""Columns whose index leaves out empty values, so a statement has to say that it wants none."""
_PIECES = re.compile(r"!(.)|([%_])|([^!%_]+)", re.S)


class ExchangeRow(NamedTuple):
    """A stored exchange without its value. number: grows with every stored record. line: see `Record`."""

    number: int
    key: str
    at: int
    tenant: str
    owner: str
    family: str
    label: str
    line: str


class Condition(NamedTuple):
    """A column matches one of the patterns of LIKE; none of them if `excluded`."""

    column: Column
    patterns: tuple[str, ...]
    excluded: bool = False


ExchangeFilter: TypeAlias = tuple[Condition, ...]
"""All conditions must hold."""


def quote(text: str) -> str:
    """The pattern that only this text matches."""
    return re.sub(r"[!%_]", r"!\g<0>", text)


def to_sql(wanted: ExchangeFilter) -> Sql:
    """The conditions as the end of a WHERE clause. A pattern without wildcards becomes an equation, which can use an index."""
    text, binds = "", []
    for column, patterns, excluded in wanted:
        parts = []
        for pattern in patterns:
            exact = read_exact(pattern)
            parts.append(f"{column} LIKE ? ESCAPE '{ESCAPE}'" if exact is None else f"{column} = ?")
            binds.append(pattern if exact is None else exact)
        text += f" AND {'NOT ' if excluded else ''}({' OR '.join(parts)})"
        if column in INDEXED and not excluded:
            text += f" AND {column} <> ''"
    return Sql(text, tuple(binds))


def is_wanted(row: ExchangeRow, wanted: ExchangeFilter) -> bool:
    """Whether a row meets all conditions, as `to_sql` would say."""
    return all(
        any(_compile(pattern).fullmatch(getattr(row, column)) for pattern in patterns) is not excluded
        and (excluded or column not in INDEXED or bool(getattr(row, column)))
        for column, patterns, excluded in wanted
    )


def read_exact(pattern: str) -> str | None:
    """The only text that the pattern matches; None if it has wildcards."""
    pieces = _PIECES.findall(pattern)
    return None if any(wildcard for _, wildcard, _ in pieces) else "".join(quoted or text for quoted, _, text in pieces)


@lru_cache(256)
def _compile(pattern: str) -> re.Pattern[str]:
    wildcards = {"%": ".*", "_": "."}
    pieces = [wildcards.get(wildcard) or re.escape(quoted or text) for quoted, wildcard, text in _PIECES.findall(pattern)]
    return re.compile("".join(pieces), re.S)
