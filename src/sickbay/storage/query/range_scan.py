"""Ranges in their index, which is ordered by where they begin: the stretches of it where what is asked can lie.

What ends after a value may have begun at any time before. But of dates hardly anything is wider than a day, and a quantity
is a point unless a comparator or a range is said: what is wider stands in an index by its end as well (`…_wide`).
"""

from __future__ import annotations

from sickbay.fhir.search.query import DateValue, QuantityValue
from sickbay.storage.query.filters import TRUE
from sickbay.storage.query.statement import Bind, Sql

DAY = 86_400_000
WIDE = {
    "date_index": f"t.low < t.high - {DAY}",
    "quantity_index": "t.low <> t.high",
    "composite_index": "t.low < t.high AND t.high > 0",
}
"""What the indexes `…_wide` have, in their very words. A second token of a composite is no range: its `high` is 0."""
REACH = {"date_index": DAY, "quantity_index": 0, "composite_index": 0}


def stretches(table: str, value: DateValue | QuantityValue, low: Bind, high: Bind) -> list[Sql] | None:
    """Conditions on the rows `t`: one of them holds of whatever compares as asked. The first leads there at once.

    None: no stretch is shorter than the whole.
    """
    match value.prefix:
        case "gt":
            return [Sql("t.low > ?", (high,)), *_over(table, "<=", high, high)]
        case "ge":
            return [Sql("t.low >= ?", (low,)), *_over(table, "<", low, high)]
        case "ap":
            return [Sql("t.low >= ? AND t.low < ?", (low, high)), *_over(table, "<", low, low)]
        case "le":
            return [Sql("t.low < ?", (low,)), Sql("t.low >= ? AND t.low <= ?", (low, high)), *_turned(table, high)]
        case "eb":
            return [Sql("t.low <= ?", (low,)), *_turned(table, low)]
        case "eq" | "lt" | "sa":
            return [TRUE]
        case "ne":
            return None


def _over(table: str, before: str, begin: Bind, end: Bind) -> list[Sql]:
    """What begins before `begin` and ends after `end`: what is narrow begins shortly before its end."""
    wide = Sql(f"{WIDE[table]} AND t.high > ? AND +t.low {before} ?", (end, begin))
    reach = REACH[table]
    if not reach or not isinstance(end, int):
        return [wide]
    return [Sql(f"t.low > ? AND t.low {before} ?", (end - reach, begin)), wide]


def _turned(table: str, end: Bind) -> list[Sql]:
    """A quantity may say a range that ends before it begins."""
    if table != "quantity_index":
        return []
    return [Sql(f"{WIDE[table]} AND t.high <= ? AND +t.low > ?", (end, end))]
