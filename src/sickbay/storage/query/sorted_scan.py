"""Finds the first matches in a sort order by an index of the sort column, without reading the rest of the type.

How far to scan is a guess. A full page proves that it was far enough, because everything left out comes later.
"""

from __future__ import annotations

from typing import NamedTuple

from sickbay.fhir.search.parameters import SearchParameter
from sickbay.fhir.search.query import DateValue, Filter, Query
from sickbay.storage.query.dictionary import LIVE
from sickbay.storage.query.filters import TABLES, Scope, build_values
from sickbay.storage.query.keyset import Find
from sickbay.storage.query.range_scan import DAY, REACH, WIDE
from sickbay.storage.query.statement import Bind, Sql, Statement

_COLUMNS = {"date": "low", "number": "low", "quantity": "low", "string": "value", "uri": "value"}
_LATER, _EARLIER = ("gt", "ge", "sa"), ("lt", "le", "eb")


class DateWindow(NamedTuple):
    """A date parameter that is both filtered and sorted by, if the first entries in the sort order don't match the filter.

    begin: where matches begin. Exceptions: dates wider than a day, which end after `past`, and resources with several dates,
    because one date may match and another determine the order; `several` matches their spans. condition: the filter.
    """

    begin: int
    past: int | None
    condition: Sql
    several: Sql


class SortedIndex(NamedTuple):
    """An index that starts with the sort column: the rows `t` of a table for which `condition` is true, sorted by a column.

    ranged: the rows are ranges that the index orders by their beginning, but that are sorted by their end. begin: no match
    comes before it.
    """

    table: str
    column: str
    condition: Sql
    descending: bool
    ranged: bool = False
    begin: int | None = None
    window: DateWindow | None = None


def find_sort_index(scope: Scope, find: Find, query: Query) -> SortedIndex | None:
    """Return an index for the first sort key of the query; None if there is none."""
    name, descending = query.sort[0].parameter, query.sort[0].descending
    if name == "_lastUpdated":
        condition = Sql(f"t.space = ? AND t.type = ? AND t.state = {LIVE}", (scope.space, scope.names.word(query.type)))
        return SortedIndex("resource", "changed", condition, descending, begin=_find_first_day(query, descending))
    parameter = find(query.version, query.type, name)
    if parameter is None or parameter.kind not in _COLUMNS or len(parameter.numbers) != 1:
        return None
    condition = Sql("t.space = ? AND t.parameter = ?", (scope.space, parameter.numbers[0]))
    column = _COLUMNS[parameter.kind]
    index = SortedIndex(TABLES[parameter.kind], column, condition, descending, ranged=descending and column == "low")
    return index._replace(window=_date_window(scope, query, parameter, descending)) if parameter.kind == "date" else index


def _find_first_day(query: Query, descending: bool) -> int | None:
    ends = [_end_of_value(date) for date in query.updated if date.prefix in (_EARLIER if descending else _LATER)]
    return (min(ends) if descending else max(ends)) if ends else None


def _end_of_value(value: DateValue) -> int:
    return value.low if value.prefix in ("ge", "lt", "eb") else value.high


def _date_window(scope: Scope, query: Query, parameter: SearchParameter, descending: bool) -> DateWindow | None:
    date_filters = (filter for filter in query.filters if filter.parameter.number == parameter.number)
    return next((window for filter in date_filters if (window := _find_window(scope, filter, descending))), None)


def _find_window(scope: Scope, filter: Filter, descending: bool) -> DateWindow | None:
    value = filter.values[0] if len(filter.values) == 1 and filter.modifier is None and filter.chain is None else None
    if not isinstance(value, DateValue) or value.prefix not in (_EARLIER if descending else _LATER):
        return None
    several = Sql("t.space = ? AND t.parameter = ?", (scope.space, -filter.parameter.number))
    condition = Sql(f" AND {(comparison := build_values(scope, filter)).text}", comparison.binds)
    if descending:
        return DateWindow(_end_of_value(value), None, condition, several)
    begin = value.high if value.prefix == "sa" else min(value.low, value.high - DAY)
    return DateWindow(begin, value.low, condition, several)


def select_end(by: SortedIndex, last: Bind | None, skipped: int) -> Statement:
    """Select the sort value of the row `skipped` rows after the last match of the previous page."""
    onwards = _limit_range(f"t.{by.column}", by.descending, _find_further(by, last), None)
    down = " DESC" if by.descending else ""
    rows = f"SELECT {_sort_expression(by)} FROM {by.table} t WHERE {by.condition.text}{onwards.text}"
    text = f"{rows} ORDER BY t.{by.column}{down} LIMIT 1 OFFSET ?"
    return Statement(text, (*by.condition.binds, *onwards.binds, skipped))


def select_first_rows(by: SortedIndex, last: tuple[Bind, ...], end: Bind | None, most: int) -> Sql:
    """Return the same as `until` if there is only one sort key. Of the rows equal to `end`, the `most` smallest nids are
    enough.
    """
    begin = last[0] if last else None
    if not isinstance(end, int):
        return select_until(by, begin, end)
    before, alike = select_until(by, begin, end + 1 if by.descending else end - 1), select_until(by, end, end)
    # "+": otherwise the engine reads all of the type, because that index is in the order of nids.
    least = f"SELECT nid FROM (SELECT nid FROM ({alike.text}) a WHERE +nid > ? ORDER BY +nid LIMIT ?) b"
    after = last[-1] if begin == end else -1
    return Sql(f"{before.text} UNION ALL {least}", (*before.binds, *alike.binds, after, most))


def select_until(by: SortedIndex, last: Bind | None, end: Bind | None) -> Sql:
    """Select all nids that sort between `last` and `end`, inclusive. May include others, which the ordering then excludes."""
    parts = [_select_single_rows(by, last, end)]
    if by.ranged or by.window:
        parts.append(_select_all_rows(by, last, end))
    if by.window:
        parts.append(_common_tables(by.window.several, _limit_range(_sort_expression(by), by.descending, last, end)))
    texts = [f"SELECT t.nid FROM {by.table} t WHERE {part.text}" for part in parts]
    return Sql(" UNION ALL ".join(texts), tuple(bind for part in parts for bind in part.binds))


def _sort_expression(by: SortedIndex) -> str:
    return "t.high" if by.ranged else f"t.{by.column}"


def _select_single_rows(by: SortedIndex, last: Bind | None, end: Bind | None) -> Sql:
    limit = end - REACH[by.table] if by.ranged and isinstance(end, int) else end
    conditions = [by.condition, _limit_range(f"t.{by.column}", by.descending, _find_further(by, last), limit)]
    if by.ranged:
        conditions.append(_limit_range("t.high", by.descending, last, end))
    return _common_tables(*conditions, by.window.condition) if by.window else _common_tables(*conditions)


def _select_all_rows(by: SortedIndex, last: Bind | None, end: Bind | None) -> Sql:
    inside = _limit_range("t.high" if by.ranged else "+t.low", by.descending, last, end)
    conditions = _common_tables(by.condition, Sql(f" AND {WIDE[by.table]}"), inside)
    if by.window is None:
        return conditions
    past = Sql("") if by.window.past is None else Sql(" AND t.high > ?", (by.window.past,))
    return _common_tables(conditions, past, by.window.condition)


def _common_tables(*parts: Sql) -> Sql:
    return Sql("".join(part.text for part in parts), tuple(bind for part in parts for bind in part.binds))


def _find_further(by: SortedIndex, last: Bind | None) -> Bind | None:
    begin = by.window.begin if by.window else by.begin
    if begin is None or not isinstance(last, int):
        return last if begin is None else begin
    return min(last, begin) if by.descending else max(last, begin)


def _limit_range(column: str, descending: bool, last: Bind | None, end: Bind | None) -> Sql:
    after, before = ("<=", ">=") if descending else (">=", "<=")
    bounds = [(sign, bind) for sign, bind in ((after, last), (before, end)) if bind is not None]
    return Sql("".join(f" AND {column} {sign} ?" for sign, _ in bounds), tuple(bind for _, bind in bounds))
