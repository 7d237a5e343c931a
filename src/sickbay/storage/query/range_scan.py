"""Splits a range comparison into stretches of the index, which is ordered by where ranges begin.

A range that ends after a value may have begun at any earlier time. But hardly any date is wider than a day, and a quantity is a
point unless it has a comparator or is a range. Wider values are also indexed by their end (`…_wide`).
"""

from __future__ import annotations

from sickbay.fhir.search.query import DateValue, QuantityValue
from sickbay.storage.query.conditions import TRUE
from sickbay.storage.query.statement import Bind, Sql

DAY = 86_400_000
WIDE = {
    "shown_date": f"t.low < t.high - {DAY}",
    "shown_quantity": "t.low <> t.high",
    "shown_composite": "t.low < t.high AND t.high > 0",
}
"""The conditions of the `…_wide` indexes, word for word. The second token of a composite isn't a range: its `high` is 0."""
REACH = {"shown_date": DAY, "shown_quantity": 0, "shown_composite": 0}


def build_stretches(table: str, value: DateValue | QuantityValue, low: Bind, high: Bind) -> list[Sql] | None:
    """Return conditions on the rows `t`; every match meets one of them. Each begins with an indexed range.

    None: no stretch is shorter than the whole index.
    """
    match value.prefix:
        case "gt":
            return [Sql("t.low > ?", (high,)), *_match_overlapping_ranges(table, "<=", high, high)]
        case "ge":
            return [Sql("t.low >= ?", (low,)), *_match_overlapping_ranges(table, "<", low, high)]
        case "ap":
            return [Sql("t.low >= ? AND t.low < ?", (low, high)), *_match_overlapping_ranges(table, "<", low, low)]
        case "le":
            return [
                Sql("t.low < ?", (low,)),
                Sql("t.low >= ? AND t.low <= ?", (low, high)),
                *_match_reversed_ranges(table, high),
            ]
        case "eb":
            return [Sql("t.low <= ?", (low,)), *_match_reversed_ranges(table, low)]
        case "eq" | "lt" | "sa":
            return [TRUE]
        case "ne":
            return None


def _match_overlapping_ranges(table: str, before: str, begin: Bind, end: Bind) -> list[Sql]:
    """Match ranges that begin before `begin` and end after `end`. A narrow range begins shortly before its end."""
    wide = Sql(f"{WIDE[table]} AND t.high > ? AND +t.low {before} ?", (end, begin))
    reach = REACH[table]
    if not reach or not isinstance(end, int):
        return [wide]
    return [Sql(f"t.low > ? AND t.low {before} ?", (end - reach, begin)), wide]


def _match_reversed_ranges(table: str, end: Bind) -> list[Sql]:
    """Match quantities whose range ends before it begins, which FHIR doesn't prevent."""
    if table != "shown_quantity":
        return []
    return [Sql(f"{WIDE[table]} AND t.high <= ? AND +t.low > ?", (end, end))]
