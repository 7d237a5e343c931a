"""Builds a SELECT of the nids of everything that meets one filter, starting from the filter's index rows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from msgspec.structs import replace

from sickbay.fhir.search.query import CompositeValue, DateValue, Filter, QuantityValue, Value, WordsValue
from sickbay.storage.query import composites, full_text
from sickbay.storage.query.conditions import join_with_and, match_any
from sickbay.storage.query.filters import TABLES, Scope, build_condition, build_values, find_nids, row_condition
from sickbay.storage.query.range_scan import build_stretches
from sickbay.storage.query.statement import Sql
from sickbay.storage.terms import encode_sortable

SEPARATE_VALUES = 16
"""Maximum number of a filter's values that are searched separately."""


def select_candidates(scope: Scope, type: str, filter: Filter) -> Sql | None:
    """Return a SELECT of the nids of everything that meets the filter; None if its index rows can't be the start."""
    if filter.chain is not None:
        return _lead_from_inner(scope, type, filter)
    if filter.either:
        alternatives = [select_candidates(scope, type, alternative) for alternative in filter.either]
        return (
            None
            if None in alternatives
            else build_union(alternative for alternative in alternatives if alternative is not None)
        )
    if filter.modifier in ("not", "missing") or any(getattr(value, "prefix", "eq") == "ne" for value in filter.values):
        return None
    if any(isinstance(value, WordsValue) for value in filter.values):
        return full_text.collect_matches(scope.space, filter)
    if filter.parameter.code == "_id":
        by = match_any("t.nid", find_nids(scope, filter))
        return Sql(f"SELECT t.nid FROM resource t WHERE {by.text}", by.binds)
    if filter.parameter.code == "_lastUpdated" or any(getattr(value, "url", None) is not None for value in filter.values):
        return None
    # Stretches that an index leads to directly come first. A caller that needs only a few rows never reads the overlaps.
    values_conditions = _conditions_of_filter(scope, filter) or [[build_values(scope, filter)]]
    return build_union(
        _candidate_rows(scope, filter, stretch) for parts in zip_longest(*values_conditions) for stretch in parts if stretch
    )


def select_leading_candidates(scope: Scope, filter: Filter) -> Sql | None:
    """Return the part of `select_candidates` that its index leads to directly; None if there is no such part."""
    plain = not filter.leads and filter.modifier in (None, "exact") and filter.parameter.kind != "special"
    if not plain or filter.parameter.code in ("_id", "_lastUpdated", "_text", "_content"):
        return None
    if not any(isinstance(value, DateValue | QuantityValue | CompositeValue) for value in filter.values):
        return _candidate_rows(scope, filter, build_values(scope, filter))
    stretched = _conditions_of_filter(scope, filter)
    return build_union(_candidate_rows(scope, filter, first) for first, *_ in stretched) if stretched else None


def select_dated_between(scope: Scope, from_filter: Filter, to_filter: Filter) -> Sql:
    """Match resources dated after one day and before another.

    Either one date is in between, or several dates have a span that covers both bounds.
    """
    after, before = from_filter.values[0], to_filter.values[0]
    assert isinstance(after, DateValue)
    assert isinstance(before, DateValue)
    end = before.high if before.prefix == "le" else before.low
    conditions = [build_values(scope, from_filter), build_values(scope, to_filter), Sql("t.low < ?", (end,))]
    selects = [
        _candidate_rows(scope, from_filter, join_with_and([stretch, *conditions]))
        for stretch in _conditions_of_value(from_filter, after) or ()
    ]
    binds = (-from_filter.parameter.number, scope.space, end, after.low)
    span = Sql("b.parameter = ? AND b.space = ? AND b.low < ? AND b.high > ?", binds)
    by_several = join_with_and([span, build_condition(scope, from_filter, "b.nid"), build_condition(scope, to_filter, "b.nid")])
    return build_union([*selects, Sql(f"SELECT b.nid FROM shown_date b WHERE {by_several.text}", by_several.binds)])


def build_union(parts: Iterable[Sql]) -> Sql:
    selects = list(parts)
    return Sql(
        " UNION ALL ".join(select.text for select in selects), tuple(bind for select in selects for bind in select.binds)
    )


def _candidate_rows(scope: Scope, filter: Filter, condition: Sql) -> Sql:
    condition = join_with_and([row_condition(scope, filter), condition])
    return Sql(f"SELECT t.nid FROM {TABLES[filter.parameter.kind]} t WHERE {condition.text}", condition.binds)


def _conditions_of_filter(scope: Scope, filter: Filter) -> list[list[Sql]] | None:
    """Return conditions on the rows `t` for each value: one of them is true of every match, and the first uses an index
    directly. None if a value can't be split.
    """
    if len(filter.values) > SEPARATE_VALUES:
        return None
    stretched: list[list[Sql]] = []
    for value in filter.values:
        value_stretches = _conditions_of_value(filter, value)
        if value_stretches is None:
            return None
        comparison = build_values(scope, replace(filter, values=(value,)))
        stretched.append([join_with_and([stretch, comparison]) for stretch in value_stretches])
    return stretched


def _conditions_of_value(filter: Filter, value: Value) -> list[Sql] | None:
    table = TABLES[filter.parameter.kind]
    match value:
        case DateValue():
            return build_stretches(table, value, value.low, value.high)
        case QuantityValue():
            return build_stretches(table, value, encode_sortable(value.low), encode_sortable(value.high))
        case CompositeValue():
            return _conditions_of_parts(value)
    return None


def _conditions_of_parts(value: CompositeValue) -> list[Sql] | None:
    """Split a token with a range. Only ranges that end above zero are in `composite_index_wide`."""
    columns = composites.list_columns(tuple(composites.kinds_of(value)))
    for part, part_columns in zip(value.parts, columns, strict=True):
        if part_columns[:2] != ("low", "high") or not isinstance(part, DateValue | QuantityValue):
            continue
        low, high = (
            (part.low, part.high) if isinstance(part, DateValue) else (encode_sortable(part.low), encode_sortable(part.high))
        )
        end = low if part.prefix == "ap" else high
        split = part.prefix in ("eq", "lt", "sa") or (part.prefix in ("gt", "ge", "ap") and end >= 0)
        return build_stretches("shown_composite", part, low, high) if split and columns[0] == ("hash",) else None
    return None


def _lead_from_inner(scope: Scope, type: str, filter: Filter) -> Sql | None:
    """Start from the matches of the inner filter and follow the reference to resources of this type."""
    assert filter.chain is not None
    far_type, inner = filter.chain
    start = select_candidates(scope, far_type, inner) or _scan_other_end(scope, type, filter)
    if start is None:
        return None
    visible = scope.visible(far_type, "s", "g.nid", None)
    here, there = ("target", "nid") if filter.reverse else ("nid", "target")
    text = (
        f"SELECT h.nid FROM ({start.text}) i CROSS JOIN resource g ON g.nid = i.nid CROSS JOIN shown_reference f"
        f" ON f.{there} = g.nid CROSS JOIN resource h ON h.nid = f.{here} WHERE f.parameter = ? AND g.type = ? AND"
        f" g.state = 1 AND {visible.text} AND h.type = ? AND h.state = 1"
    )
    types = scope.names.word(far_type), *visible.binds, scope.names.word(type)
    return Sql(text, (*start.binds, filter.parameter.number, *types))


def _scan_other_end(scope: Scope, type: str, filter: Filter) -> Sql | None:
    """Scan all resources at the other end if they are fewer than those of this type.

    Needed for inner filters without a usable index (`:not`, `:missing`, `_lastUpdated`).
    """
    assert filter.chain is not None
    far_type, inner = filter.chain
    if filter.reverse or scope.names.count_live(scope.space, far_type) >= scope.names.count_live(scope.space, type):
        return None
    inner_condition = build_condition(scope, inner, "b.nid")
    # DISTINCT: otherwise SQLite flattens this into the join and evaluates the condition for each reference.
    text = f"SELECT DISTINCT b.nid FROM resource b WHERE b.space = ? AND b.type = ? AND b.state = 1 AND {inner_condition.text}"
    return Sql(text, (scope.space, scope.names.word(far_type), *inner_condition.binds))
