"""What comes first in an order, by an index of what is sorted by, so that the rest of the type is not looked at.

How far to go is a guess. That a page is full is the proof that it was right: whatever was left out comes after it.
"""

from __future__ import annotations

from typing import NamedTuple

from sickbay.fhir.search.query import DateValue, Filter, Query, SearchParameter
from sickbay.storage.query.dictionary import LIVE
from sickbay.storage.query.filters import TABLES, Scope, values
from sickbay.storage.query.order import Find
from sickbay.storage.query.range_scan import DAY, REACH, WIDE
from sickbay.storage.query.statement import Bind, Sql, Statement

_COLUMNS = {"date": "low", "number": "low", "quantity": "low", "string": "value", "uri": "value"}
_LATER, _EARLIER = ("gt", "ge", "sa"), ("lt", "le", "eb")


class DateWindow(NamedTuple):
    """A date that is asked for as well as sorted by, and that what comes first in the order would not meet.

    begin: where what meets it begins, but for what is wider than a day, which ends after `past`, and for what has several
    dates, of which one may be asked for and another sorted by: their spans are `several`.
    """

    begin: int
    past: int | None
    said: Sql
    several: Sql


class SortedIndex(NamedTuple):
    """An index that has what is sorted by first: the rows `t` of a table for which `held` is true, by a column.

    ranged: they are ranges, which stand in the index by where they begin, and are sorted by where they end.
    begin: nothing that matches comes before it.
    """

    table: str
    column: str
    held: Sql
    descending: bool
    ranged: bool = False
    begin: int | None = None
    asked: DateWindow | None = None


def along(scope: Scope, find: Find, query: Query) -> SortedIndex | None:
    """By what comes first in the query's order; None where no index has it."""
    name, descending = query.sort[0].parameter, query.sort[0].descending
    if name == "_lastUpdated":
        held = Sql(f"t.space = ? AND t.type = ? AND t.state = {LIVE}", (scope.space, scope.names.word(query.type)))
        return SortedIndex("resource", "changed", held, descending, begin=_since(query, descending))
    parameter = find(query.version, query.type, name)
    if parameter is None or parameter.kind not in _COLUMNS or len(parameter.numbers) != 1:
        return None
    held = Sql("t.space = ? AND t.parameter = ?", (scope.space, parameter.numbers[0]))
    column = _COLUMNS[parameter.kind]
    found = SortedIndex(TABLES[parameter.kind], column, held, descending, ranged=descending and column == "low")
    return found._replace(asked=_asked(scope, query, parameter, descending)) if parameter.kind == "date" else found


def _since(query: Query, descending: bool) -> int | None:
    ends = [_end(one) for one in query.updated if one.prefix in (_EARLIER if descending else _LATER)]
    return (min(ends) if descending else max(ends)) if ends else None


def _end(value: DateValue) -> int:
    return value.low if value.prefix in ("ge", "lt", "eb") else value.high


def _asked(scope: Scope, query: Query, parameter: SearchParameter, descending: bool) -> DateWindow | None:
    of = (one for one in query.filters if one.parameter.number == parameter.number)
    return next((found for one in of if (found := _away(scope, one, descending))), None)


def _away(scope: Scope, one: Filter, descending: bool) -> DateWindow | None:
    value = one.values[0] if len(one.values) == 1 and one.modifier is None and one.chain is None else None
    if not isinstance(value, DateValue) or value.prefix not in (_EARLIER if descending else _LATER):
        return None
    several = Sql("t.space = ? AND t.parameter = ?", (scope.space, -one.parameter.number))
    said = Sql(f" AND {(held := values(scope, one)).text}", held.binds)
    if descending:
        return DateWindow(_end(value), None, said, several)
    begin = value.high if value.prefix == "sa" else min(value.low, value.high - DAY)
    return DateWindow(begin, value.low, said, several)


def reached(by: SortedIndex, last: Bind | None, skipped: int) -> Statement:
    """What the row after so many is sorted by, from the last match of the page before on."""
    onwards = _bounded(f"t.{by.column}", by.descending, _further(by, last), None)
    down = " DESC" if by.descending else ""
    rows = f"SELECT {_sorted_by(by)} FROM {by.table} t WHERE {by.held.text}{onwards.text}"
    text = f"{rows} ORDER BY t.{by.column}{down} LIMIT 1 OFFSET ?"
    return Statement(text, (*by.held.binds, *onwards.binds, skipped))


def first(by: SortedIndex, last: tuple[Bind, ...], end: Bind | None, most: int) -> Sql:
    """The same where nothing else is sorted by: of what is alike in where it ends so many with the least nids will do."""
    begin = last[0] if last else None
    if not isinstance(end, int):
        return until(by, begin, end)
    before, alike = until(by, begin, end + 1 if by.descending else end - 1), until(by, end, end)
    # "+": else all of the type are read, since an index has them in the order of nids.
    least = f"SELECT nid FROM (SELECT nid FROM ({alike.text}) a WHERE +nid > ? ORDER BY +nid LIMIT ?) b"
    after = last[-1] if begin == end else -1
    return Sql(f"{before.text} UNION ALL {least}", (*before.binds, *alike.binds, after, most))


def until(by: SortedIndex, last: Bind | None, end: Bind | None) -> Sql:
    """The nids of all that is sorted from `last` to `end`, both included; of others too, which the order itself leaves out."""
    parts = [_narrow(by, last, end)]
    if by.ranged or by.asked:
        parts.append(_wide(by, last, end))
    if by.asked:
        parts.append(_with(by.asked.several, _bounded(_sorted_by(by), by.descending, last, end)))
    texts = [f"SELECT t.nid FROM {by.table} t WHERE {one.text}" for one in parts]
    return Sql(" UNION ALL ".join(texts), tuple(bind for one in parts for bind in one.binds))


def _sorted_by(by: SortedIndex) -> str:
    return "t.high" if by.ranged else f"t.{by.column}"


def _narrow(by: SortedIndex, last: Bind | None, end: Bind | None) -> Sql:
    far = end - REACH[by.table] if by.ranged and isinstance(end, int) else end
    found = [by.held, _bounded(f"t.{by.column}", by.descending, _further(by, last), far)]
    if by.ranged:
        found.append(_bounded("t.high", by.descending, last, end))
    return _with(*found, by.asked.said) if by.asked else _with(*found)


def _wide(by: SortedIndex, last: Bind | None, end: Bind | None) -> Sql:
    inside = _bounded("t.high" if by.ranged else "+t.low", by.descending, last, end)
    found = _with(by.held, Sql(f" AND {WIDE[by.table]}"), inside)
    if by.asked is None:
        return found
    past = Sql("") if by.asked.past is None else Sql(" AND t.high > ?", (by.asked.past,))
    return _with(found, past, by.asked.said)


def _with(*parts: Sql) -> Sql:
    return Sql("".join(one.text for one in parts), tuple(bind for one in parts for bind in one.binds))


def _further(by: SortedIndex, last: Bind | None) -> Bind | None:
    begin = by.asked.begin if by.asked else by.begin
    if begin is None or not isinstance(last, int):
        return last if begin is None else begin
    return min(last, begin) if by.descending else max(last, begin)


def _bounded(column: str, descending: bool, last: Bind | None, end: Bind | None) -> Sql:
    after, before = ("<=", ">=") if descending else (">=", "<=")
    found = [(sign, bind) for sign, bind in ((after, last), (before, end)) if bind is not None]
    return Sql("".join(f" AND {column} {sign} ?" for sign, _ in found), tuple(bind for _, bind in found))
