"""Composites and positions in SQL: each row of `composite_index` is one element, with its components in different columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from sickbay.storage.terms import encode_sortable

Terms: TypeAlias = Mapping[tuple[str | None, str], int]
"""The hashes of codings by system and code, which are added to the dictionary when they are looked up."""
Columns: TypeAlias = tuple[str, ...]
METRES_A_DEGREE = 111_195
_ROUND = 360_000_000
"""The circumference of the earth in microdegrees."""


@lru_cache(maxsize=256)
def list_columns(kinds: tuple[str, ...]) -> tuple[Columns, ...]:
    """Return the columns of each component: two for a range, and a third for the unit of a quantity.

    Two numbers or two quantities share a range. The first token uses `hash`; a second one uses `low`, or `unit` if there is a
    date.
    """
    columns: list[Columns] = []
    for index, kind in enumerate(kinds):
        repeated, twice = kind in kinds[:index], kinds.count(kind) == 2
        if kind == "token":
            columns.append((("unit",) if "date" in kinds else ("low",)) if repeated else ("hash",))
        elif kind in ("number", "quantity") and twice:
            columns.append(("high", "high", "hash") if repeated else ("low", "low", "unit"))
        elif kind in ("string", "uri", "reference"):
            columns.append(("value",))
        else:
            columns.append(("low", "high", "unit"))
    return tuple(columns)


def make_row(parts: Sequence[tuple[Any, ...]], terms: Terms) -> tuple[int, int, int, int, str]:
    """Return (hash, low, high, unit, value)."""
    values: dict[str, Any] = {"hash": 0, "low": 0, "high": 0, "unit": 0, "value": ""}
    columns_of_parts = list_columns(tuple([part[0] for part in parts]))
    for place, part in enumerate(parts):  # `zip` with strict takes as long as the rest
        kind, columns = part[0], columns_of_parts[place]
        if kind == "token":
            values[columns[0]] = terms[part[1:]]
        elif kind == "quantity":
            _, system, unit, low, high = part
            values[columns[0]], values[columns[1]] = encode_sortable(low), encode_sortable(high)
            values[columns[2]] = terms[system, unit] if unit is not None else 0
        elif kind == "number":
            values[columns[0]], values[columns[1]] = encode_sortable(part[1]), encode_sortable(part[2])
        elif kind == "date":
            values["low"], values["high"] = part[1], part[2]
        elif kind == "reference":
            values["value"] = f"{part[1]}/{part[2]}"
        else:
            values["value"] = part[1][:120] if kind == "string" else part[1]
    return values["hash"], values["low"], values["high"], values["unit"], values["value"]


_KINDS: dict[type, str] = {
    TokenValue: "token",
    ReferenceValue: "reference",
    StringValue: "string",
    DateValue: "date",
    QuantityValue: "quantity",
    UriValue: "uri",
}


def kinds_of(value: CompositeValue) -> list[str]:
    """Return the kinds of a value's parts. Two quantities next to another part are numbers; without one they are a ratio."""
    kinds = [_KINDS[type(kind)] for kind in value.parts]
    numbers = len(kinds) > 2 and kinds.count("quantity") == 2
    return ["number" if kind == "quantity" and numbers else kind for kind in kinds]


def match_near(value: NearValue) -> Sql:
    """Match positions within the circle on a map scaled at its center, as fhir.search.matching.is_within_circle does.

    Works across the 180th meridian.
    """
    reach = round(value.radius * 1_000_000 / METRES_A_DEGREE)
    scale = round(cos(radians(value.latitude / 1e6)) * 1000)
    height = "(t.low - ?) * (t.low - ?)"
    texts, binds = [], []
    for shift in (0, _ROUND, -_ROUND):
        east = value.longitude + shift
        width = "(abs(t.high - ?) * ? / 1000) * (abs(t.high - ?) * ? / 1000)"
        texts.append(f"{height} + {width} <= ?")
        binds += [value.latitude, value.latitude, east, scale, east, scale, reach * reach]
    span = "t.hash = 0 AND t.low >= ? AND t.low <= ?"
    ends: tuple[Bind, ...] = (value.latitude - reach, value.latitude + reach)
    return Sql(f"({span} AND ({' OR '.join(texts)}))", (*ends, *binds))
