"""All that meets one filter, as a SELECT of nids that begins at the filter's own rows."""

from __future__ import annotations

from sickbay.fhir.query import DateValue, Filter, QuantityValue, WordsValue
from sickbay.storage.sql import words
from sickbay.storage.sql.filters import TABLES, TRUE, Scope, both, negated, nids, one_of, under, values
from sickbay.storage.sql.statement import Sql
from sickbay.storage.terms import ordered


def collected(scope: Scope, type: str, one: Filter) -> Sql | None:
    """The nids of all that meet a filter, as a SELECT that begins at the filter's rows; None where it can't begin there."""
    if one.chain is not None:
        return _led(scope, type, one)
    if one.modifier in ("not", "missing") or any(getattr(value, "prefix", "eq") == "ne" for value in one.values):
        return None
    if any(isinstance(value, WordsValue) for value in one.values):
        return words.collected(scope.space, one)
    if one.parameter.code == "_id":
        by = one_of("t.nid", nids(scope, one))
        return Sql(f"SELECT t.nid FROM resource t WHERE {by.text}", by.binds)
    if one.parameter.code == "_lastUpdated" or any(getattr(value, "url", None) is not None for value in one.values):
        return None
    far = _far(one)
    if far is None:
        return _rows(scope, one)
    # Where the index leads to at once comes first: whoever needs a few of them never comes to what overlaps the bound.
    each = [_rows(scope, one, end) for end in (far, negated(far))]
    return Sql(" UNION ALL ".join(one.text for one in each), tuple(bind for one in each for bind in one.binds))


def leading(scope: Scope, one: Filter) -> Sql | None:
    """That part of what meets a filter to which its index leads at once; None where it leads to nothing."""
    plain = one.chain is None and one.modifier in (None, "exact") and one.parameter.kind not in ("composite", "special")
    if not plain or one.parameter.code in ("_id", "_lastUpdated", "_text", "_content"):
        return None
    far = _far(one)
    if far is None and any(getattr(value, "prefix", "eq") not in ("eq", "lt", "sa") for value in one.values):
        return None
    return _rows(scope, one, far or TRUE)


def _rows(scope: Scope, one: Filter, end: Sql = TRUE) -> Sql:
    held = both([under(scope, one), values(scope, one), end])
    return Sql(f"SELECT t.nid FROM {TABLES[one.parameter.kind]} t WHERE {held.text}", held.binds)


def _far(one: Filter) -> Sql | None:
    """Of what is above a value or below it, that which is so with its lower end, after which the index is ordered."""
    value = one.values[0] if len(one.values) == 1 else None
    if not isinstance(value, DateValue | QuantityValue):
        return None
    low, high = (value.low, value.high) if isinstance(value, DateValue) else (ordered(value.low), ordered(value.high))
    match value.prefix:
        case "gt":
            return Sql("t.low > ?", (high,))
        case "ge":
            return Sql("t.low >= ?", (low,))
        case "le":
            return Sql("t.low < ?", (low,))
    return None


def _led(scope: Scope, type: str, one: Filter) -> Sql | None:
    """From what meets the filter at the other end, along the reference, to what is of this type."""
    assert one.chain is not None
    far, inner = one.chain
    begin = collected(scope, far, inner)
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
