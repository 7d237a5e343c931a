"""All that meets one filter, as a SELECT of nids that begins at the filter's own rows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from msgspec.structs import replace

from sickbay.fhir.search.query import CompositeValue, DateValue, Filter, QuantityValue, Value, WordsValue
from sickbay.storage.query import composites, full_text
from sickbay.storage.query.filters import TABLES, Scope, both, condition, nids, one_of, under, values
from sickbay.storage.query.range_scan import stretches
from sickbay.storage.query.statement import Sql
from sickbay.storage.terms import ordered

FEW = 16
"""Values of a filter that are looked for one by one."""


def collected(scope: Scope, type: str, one: Filter) -> Sql | None:
    """The nids of all that meet a filter, as a SELECT that begins at the filter's rows; None where it can't begin there."""
    if one.chain is not None:
        return _led(scope, type, one)
    if one.either:
        led = [collected(scope, type, each) for each in one.either]
        return None if None in led else union(each for each in led if each is not None)
    if one.modifier in ("not", "missing") or any(getattr(value, "prefix", "eq") == "ne" for value in one.values):
        return None
    if any(isinstance(value, WordsValue) for value in one.values):
        return full_text.collected(scope.space, one)
    if one.parameter.code == "_id":
        by = one_of("t.nid", nids(scope, one))
        return Sql(f"SELECT t.nid FROM resource t WHERE {by.text}", by.binds)
    if one.parameter.code == "_lastUpdated" or any(getattr(value, "url", None) is not None for value in one.values):
        return None
    # Where the index leads to at once comes first: whoever needs a few of them never comes to what overlaps the bound.
    each = _stretched(scope, one) or [[values(scope, one)]]
    return union(_rows(scope, one, part) for parts in zip_longest(*each) for part in parts if part)


def leading(scope: Scope, one: Filter) -> Sql | None:
    """That part of what meets a filter to which its index leads at once; None where it leads to nothing."""
    plain = not one.leads and one.modifier in (None, "exact") and one.parameter.kind != "special"
    if not plain or one.parameter.code in ("_id", "_lastUpdated", "_text", "_content"):
        return None
    if not any(isinstance(value, DateValue | QuantityValue | CompositeValue) for value in one.values):
        return _rows(scope, one, values(scope, one))
    each = _stretched(scope, one)
    return union(_rows(scope, one, first) for first, *_ in each) if each else None


def between(scope: Scope, one: Filter, other: Filter) -> Sql:
    """What is after a day and before another: by one of its dates, or by several, which together span both."""
    after, before = one.values[0], other.values[0]
    assert isinstance(after, DateValue)
    assert isinstance(before, DateValue)
    end = before.high if before.prefix == "le" else before.low
    said = [values(scope, one), values(scope, other), Sql("t.low < ?", (end,))]
    each = [_rows(scope, one, both([stretch, *said])) for stretch in _stretches(one, after) or ()]
    binds = (-one.parameter.number, scope.space, end, after.low)
    span = Sql("b.parameter = ? AND b.space = ? AND b.low < ? AND b.high > ?", binds)
    by_several = both([span, condition(scope, one, "b.nid"), condition(scope, other, "b.nid")])
    return union([*each, Sql(f"SELECT b.nid FROM date_index b WHERE {by_several.text}", by_several.binds)])


def union(parts: Iterable[Sql]) -> Sql:
    each = list(parts)
    return Sql(" UNION ALL ".join(one.text for one in each), tuple(bind for one in each for bind in one.binds))


def _rows(scope: Scope, one: Filter, held: Sql) -> Sql:
    held = both([under(scope, one), held])
    return Sql(f"SELECT t.nid FROM {TABLES[one.parameter.kind]} t WHERE {held.text}", held.binds)


def _stretched(scope: Scope, one: Filter) -> list[list[Sql]] | None:
    """For each value conditions on the rows `t`, which together say it; the first leads there at once. None: not so."""
    if len(one.values) > FEW:
        return None
    found: list[list[Sql]] = []
    for value in one.values:
        each = _stretches(one, value)
        if each is None:
            return None
        said = values(scope, replace(one, values=(value,)))
        found.append([both([stretch, said]) for stretch in each])
    return found


def _stretches(one: Filter, value: Value) -> list[Sql] | None:
    table = TABLES[one.parameter.kind]
    match value:
        case DateValue():
            return stretches(table, value, value.low, value.high)
        case QuantityValue():
            return stretches(table, value, ordered(value.low), ordered(value.high))
        case CompositeValue():
            return _of_parts(value)
    return None


def _of_parts(value: CompositeValue) -> list[Sql] | None:
    """Of a token with a range, where `composite_index_wide` has what the index does not lead to: that ends above zero."""
    columns = composites.places(tuple(composites.kinds_of(value)))
    for part, places in zip(value.parts, columns, strict=True):
        if places[:2] != ("low", "high") or not isinstance(part, DateValue | QuantityValue):
            continue
        low, high = (part.low, part.high) if isinstance(part, DateValue) else (ordered(part.low), ordered(part.high))
        end = low if part.prefix == "ap" else high
        split = part.prefix in ("eq", "lt", "sa") or (part.prefix in ("gt", "ge", "ap") and end >= 0)
        return stretches("composite_index", part, low, high) if split and columns[0] == ("hash",) else None
    return None


def _led(scope: Scope, type: str, one: Filter) -> Sql | None:
    """From what meets the filter at the other end, along the reference, to what is of this type."""
    assert one.chain is not None
    far, inner = one.chain
    begin = collected(scope, far, inner) or _fewer(scope, type, one)
    if begin is None:
        return None
    held = scope.visible(far, "s", "g.nid", None)
    here, there = ("target", "nid") if one.reverse else ("nid", "target")
    text = (
        f"SELECT h.nid FROM ({begin.text}) i CROSS JOIN resource g ON g.nid = i.nid CROSS JOIN reference_index f"
        f" ON f.{there} = g.nid CROSS JOIN resource h ON h.nid = f.{here} WHERE f.parameter = ? AND g.type = ? AND"
        f" g.state = 1 AND {held.text} AND h.type = ? AND h.state = 1"
    )
    types = scope.names.word(far), *held.binds, scope.names.word(type)
    return Sql(text, (*begin.binds, one.parameter.number, *types))


def _fewer(scope: Scope, type: str, one: Filter) -> Sql | None:
    """Where no index leads to what is meant at the other end (`:not`, `:missing`, `_lastUpdated`): all of that type are
    looked through once, if they are fewer than those from which the reference leads there."""
    assert one.chain is not None
    far, inner = one.chain
    if one.reverse or scope.names.live(scope.space, far) >= scope.names.live(scope.space, type):
        return None
    held = condition(scope, inner, "b.nid")
    # DISTINCT: else SQLite makes one join of all, and asks each reference for what is asked of its target.
    text = f"SELECT DISTINCT b.nid FROM resource b WHERE b.space = ? AND b.type = ? AND b.state = 1 AND {held.text}"
    return Sql(text, (scope.space, scope.names.word(far), *held.binds))
