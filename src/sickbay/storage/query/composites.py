"""Composites and positions as SQL: one row of `composite_index` is one element, its components side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import cos, radians
from typing import Any, TypeAlias

from sickbay.fhir.search.query import (
    CompositeValue,
    DateValue,
    NearValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
)
from sickbay.storage.query.statement import Bind, Sql
from sickbay.storage.terms import ordered

Term: TypeAlias = Callable[[str | None, str], int]
Columns: TypeAlias = tuple[str, ...]
METRES_A_DEGREE = 111_195
_ROUND = 360_000_000
"""Once around the earth, in microdegrees."""


@lru_cache(maxsize=256)
def places(kinds: tuple[str, ...]) -> tuple[Columns, ...]:
    """The columns of each component: a range has two, a quantity its unit as a third.

    Two numbers or two quantities share a range. The first token is `hash`, a second one `low`, or `unit` beside a date.
    """
    found: list[Columns] = []
    for at, kind in enumerate(kinds):
        again, twice = kind in kinds[:at], kinds.count(kind) == 2
        if kind == "token":
            found.append((("unit",) if "date" in kinds else ("low",)) if again else ("hash",))
        elif kind in ("number", "quantity") and twice:
            found.append(("high", "high", "hash") if again else ("low", "low", "unit"))
        elif kind in ("string", "uri", "reference"):
            found.append(("value",))
        else:
            found.append(("low", "high", "unit"))
    return tuple(found)


def row(parts: Sequence[tuple[Any, ...]], term: Term) -> tuple[int, int, int, int, str]:
    """(hash, low, high, unit, value). term: (system, code) -> hash, which the dictionary will know."""
    held: dict[str, Any] = {"hash": 0, "low": 0, "high": 0, "unit": 0, "value": ""}
    for part, columns in zip(parts, places(tuple([one[0] for one in parts])), strict=True):
        kind = part[0]
        if kind == "token":
            held[columns[0]] = term(part[1], part[2])
        elif kind == "quantity":
            _, system, unit, low, high = part
            held[columns[0]], held[columns[1]] = ordered(low), ordered(high)
            held[columns[2]] = term(system, unit) if unit is not None else 0
        elif kind == "number":
            held[columns[0]], held[columns[1]] = ordered(part[1]), ordered(part[2])
        elif kind == "date":
            held["low"], held["high"] = part[1], part[2]
        elif kind == "reference":
            held["value"] = f"{part[1]}/{part[2]}"
        else:
            held["value"] = part[1][:120] if kind == "string" else part[1]
    return held["hash"], held["low"], held["high"], held["unit"], held["value"]


_KINDS: dict[type, str] = {
    TokenValue: "token",
    ReferenceValue: "reference",
    StringValue: "string",
    DateValue: "date",
    QuantityValue: "quantity",
    UriValue: "uri",
}


def kinds_of(value: CompositeValue) -> list[str]:
    """The kinds of a value's parts. Two quantities beside another part are numbers, by themselves they are a ratio."""
    found = [_KINDS[type(one)] for one in value.parts]
    numbers = len(found) > 2 and found.count("quantity") == 2
    return ["number" if one == "quantity" and numbers else one for one in found]


def near(value: NearValue) -> Sql:
    """In the circle, on a map of the scale of its centre (fhir.search.matching.within); the 180th meridian is no border."""
    reach = round(value.radius * 1_000_000 / METRES_A_DEGREE)
    scale = round(cos(radians(value.latitude / 1e6)) * 1000)
    height = "(t.low - ?) * (t.low - ?)"
    texts, binds = [], []
    for around in (0, _ROUND, -_ROUND):
        east = value.longitude + around
        width = "(abs(t.high - ?) * ? / 1000) * (abs(t.high - ?) * ? / 1000)"
        texts.append(f"{height} + {width} <= ?")
        binds += [value.latitude, value.latitude, east, scale, east, scale, reach * reach]
    span = "t.hash = 0 AND t.low >= ? AND t.low <= ?"
    ends: tuple[Bind, ...] = (value.latitude - reach, value.latitude + reach)
    return Sql(f"({span} AND ({' OR '.join(texts)}))", (*ends, *binds))
