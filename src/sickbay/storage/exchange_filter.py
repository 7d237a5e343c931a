"""Conditions that select exchanges. SQL and a Python function apply them in the same way."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from sickbay.storage.query.statement import Sql

Column: TypeAlias = Literal["tenant", "owner", "family", "label", "line"]
ESCAPE: Final = "!"
"""Escapes a character of a LIKE pattern, so that it has no special meaning."""
INDEXED: Final = frozenset(("owner", "family"))
"""Columns whose index leaves out empty values, so a statement that uses it must exclude them."""
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


class ColumnCondition(NamedTuple):
    """A column must match one of the LIKE patterns or, if `excluded`, none of them."""

    column: Column
    patterns: tuple[str, ...]
    excluded: bool = False


ExchangeFilter: TypeAlias = tuple[ColumnCondition, ...]
"""All conditions must hold."""


def escape_wildcards(text: str) -> str:
    """Return the pattern that only this text matches."""
    return re.sub(r"[!%_]", r"!\g<0>", text)


def build_conditions(wanted: ExchangeFilter) -> Sql:
    """Return the conditions as the end of a WHERE clause. Without wildcards, a pattern becomes `=`, which can use an index."""
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
    """Whether a row meets all conditions. Gives the same result as `build_conditions`."""
    return all(
        any(_is_like(getattr(row, column), pattern) for pattern in patterns) is not excluded
        and (excluded or column not in INDEXED or bool(getattr(row, column)))
        for column, patterns, excluded in wanted
    )


def read_exact(pattern: str) -> str | None:
    """Return the only text that the pattern matches; None if it has wildcards."""
    pieces = _PIECES.findall(pattern)
    return None if any(wildcard for _, wildcard, _ in pieces) else "".join(quoted or text for quoted, _, text in pieces)


class _Segment(NamedTuple):
    """A part of a pattern between two %. wild: positions in its text that match any character."""

    text: str
    wild: frozenset[int]

    def fits(self, text: str, at: int) -> bool:
        if not self.wild:
            return text.startswith(self.text, at)
        part = text[at : at + len(self.text)]
        return len(part) == len(self.text) and all(
            place in self.wild or sent == expected for place, (sent, expected) in enumerate(zip(part, self.text, strict=True))
        )

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first position from `start` at which it matches and ends before `end`; -1 if there is none."""
        if not self.wild:
            return text.find(self.text, start, end)
        return next((at for at in range(start, end - len(self.text) + 1) if self.fits(text, at)), -1)


def _is_like(text: str, pattern: str) -> bool:
    """Whether a text matches a LIKE pattern. Takes time in proportion to the lengths of both."""
    first, *others = _read_segments(pattern)
    if not others:
        return len(text) == len(first.text) and first.fits(text, 0)
    *middle, last = others
    at, end = len(first.text), len(text) - len(last.text)
    if not first.fits(text, 0) or end < at or not last.fits(text, end):
        return False
    for segment in middle:
        found = segment.find(text, at, end)
        if found < 0:
            return False
        at = found + len(segment.text)
    return True


@lru_cache(256)
def _read_segments(pattern: str) -> tuple[_Segment, ...]:
    segments: list[tuple[str, set[int]]] = [("", set())]
    for quoted, wildcard, plain in _PIECES.findall(pattern):
        text, wild = segments[-1]
        if wildcard == "%":
            segments.append(("", set()))
        elif wildcard == "_":
            segments[-1] = f"{text}_", {*wild, len(text)}
        else:
            segments[-1] = f"{text}{quoted or plain}", wild
    return tuple(_Segment(text, frozenset(wild)) for text, wild in segments)
