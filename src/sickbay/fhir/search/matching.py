"""Decides whether a resource matches a search from its index entries: the meaning of a Query in plain Python.

The stores answer searches with their indexes. This module defines the correct results, and tests compare the stores with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, radians
from typing import Any, NamedTuple, Protocol

from msgspec.structs import replace

from sickbay.fhir.search.index_entries import IndexEntries, Part
from sickbay.fhir.search.parameters import COLUMNS, IDENTIFIER, PRESENT
from sickbay.fhir.search.query import (
    CompositeValue,
    DateValue,
    Filter,
    NearValue,
    Prefix,
    QuantityValue,
    Query,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
    Value,
    Within,
    WordsValue,
)


class IndexedResource(NamedTuple):
    """A resource as a search sees it. updated: epoch ms."""

    id: str
    updated: int
    facts: IndexEntries


class Others(Protocol):
    """The other visible resources, which chains and `_has` lead to."""

    def of_type(self, type: str) -> Iterable[IndexedResource]: ...


SPACED = str.maketrans("(/-[", "    ")
"""Characters that a word may follow, in addition to a space."""


class _NoOthers:
    def of_type(self, type: str) -> Iterable[IndexedResource]:
        return ()


NO_OTHERS = _NoOthers()


def is_match(query: Query, resource: IndexedResource, others: Others = NO_OTHERS) -> bool:
    """Whether this resource of `query.type` matches."""
    if query.ids is not None and resource.id not in query.ids:
        return False
    if not all(
        compare_ranges(date.prefix, resource.updated, resource.updated + 1, date.low, date.high) for date in query.updated
    ):
        return False
    if query.within is not None and not _is_inside(query.within, resource.facts):
        return False
    return all(filter_matches(filter, query.type, resource, others) for filter in query.filters)


def _is_inside(within: Within, facts: IndexEntries) -> bool:
    return any(number in within.parameters and (type, id) == (within.type, within.id) for number, type, id in facts.references)


def filter_matches(filter: Filter, type: str, resource: IndexedResource, others: Others) -> bool:
    """Whether a filter matches. `:not` also matches a resource without any value (R4, 3.1.1.5.4)."""
    if filter.either:
        return any(filter_matches(alternative, type, resource, others) for alternative in filter.either)
    if filter.chain is not None:
        return _is_referred_to(filter, type, resource, others) if filter.reverse else _matches_chain(filter, resource, others)
    if filter.parameter.code in COLUMNS and filter.modifier == "missing":
        return not _is_wanted_missing(filter)  # every resource has both
    if filter.parameter.code == "_id":
        matching_id = any(isinstance(value, TokenValue) and value.code == resource.id for value in filter.values)
        return matching_id is not (filter.modifier == "not")
    if filter.modifier == "missing":
        return _is_present(filter.parameter.numbers, resource.facts) is not _is_wanted_missing(filter)
    matching = any(_matches_value(filter, value, resource, others) for value in filter.values)
    return not matching if filter.modifier == "not" else matching


def _is_wanted_missing(filter: Filter) -> bool:
    return any(isinstance(value, TokenValue) and value.code == "true" for value in filter.values)


def compare_ranges(prefix: Prefix, start: float, end: float, low: float, high: float) -> bool:
    """Compares a stored range with the searched range, both half open. A number is a range with start == end."""
    within = low <= start and end <= high and (start < high or low == high == start)
    answers = {
        "eq": within,
        "ne": not within,
        "gt": end > high,
        "lt": start < low,
        "ge": within or start >= low or end > high,
        "le": within or end <= high or start < low,
        "sa": start >= high,
        "eb": end <= low,
        "ap": start < high and end > low if start < end else low <= start < high,
    }
    return answers[prefix]


def _matches_chain(filter: Filter, resource: IndexedResource, others: Others) -> bool:
    assert filter.chain is not None
    type, inner = filter.chain
    aims = {id for number, kind, id in resource.facts.references if number == filter.parameter.number and kind == type}
    return any(other.id in aims and filter_matches(inner, type, other, others) for other in others.of_type(type))


def _is_referred_to(filter: Filter, type: str, resource: IndexedResource, others: Others) -> bool:
    assert filter.chain is not None
    source, inner = filter.chain
    link = (filter.parameter.number, type, resource.id)
    return any(
        link in other.facts.references and filter_matches(inner, source, other, others) for other in others.of_type(source)
    )


def _is_present(numbers: tuple[int, ...], facts: IndexEntries) -> bool:
    every = (
        facts.tokens,
        facts.references,
        facts.dates,
        facts.strings,
        facts.numbers,
        facts.quantities,
        facts.uris,
        facts.composites,
        facts.positions,
    )
    wanted = {number + offset for number in numbers for offset in (0, IDENTIFIER, PRESENT)}
    return any(row[0] in wanted for rows in every for row in rows)


def _matches_value(filter: Filter, value: Value, resource: IndexedResource, others: Others) -> bool:
    numbers, facts = filter.parameter.numbers, resource.facts
    number = filter.parameter.number
    match value:
        case CompositeValue():
            composites = [parts for number, parts in facts.composites if number in filter.parameter.numbers]
            return any(_matches_every_part(value, parts) for parts in composites)
        case NearValue():
            return any(row[0] == number and is_within_circle(value, row[1], row[2]) for row in facts.positions)
        case WordsValue():
            texts = [f" {text}" for row, text, _ in facts.strings if row in numbers]
            return all(any(f" {word}" in text.translate(SPACED) for text in texts) for word in value.words)
        case ReferenceValue():
            return any(_is_referenced(filter, target, facts) for target in _list_reachable_references(filter, value, others))
        case DateValue() if filter.parameter.code == "_lastUpdated":
            return compare_ranges(value.prefix, resource.updated, resource.updated + 1, value.low, value.high)
        case QuantityValue() if any(row[0] in numbers and _matches_row(value, row[1:], None) for row in facts.numbers):
            return True
    return any(row[0] in numbers and _matches_row(value, row[1:], filter.modifier) for row in _rows_of_kind(value, facts))


def _rows_of_kind(value: Value, facts: IndexEntries) -> Iterable[tuple[Any, ...]]:
    rows_by_type: dict[type, Iterable[tuple[Any, ...]]] = {
        TokenValue: facts.tokens,
        StringValue: facts.strings,
        DateValue: facts.dates,
        QuantityValue: facts.quantities,
        UriValue: facts.uris,
    }
    return rows_by_type[type(value)]


def _matches_every_part(value: CompositeValue, parts: tuple[Part, ...]) -> bool:
    return all(_matches_row(expected, part[1:], None) for expected, part in zip(value.parts, parts, strict=True))


def _matches_row(value: Value, row: tuple[Any, ...], modifier: str | None) -> bool:
    """Whether a value matches a row without its number."""
    match value, row:
        case TokenValue(), (system, str(code)):
            return _matches_code(value, system, code)
        case StringValue(), (str(text), str(raw)):
            return _matches_text(modifier, value, text, raw)
        case DateValue(), (int(low), int(high)):
            return compare_ranges(value.prefix, low, high, value.low, value.high)
        case QuantityValue(), (low, high):
            return compare_ranges(value.prefix, low, high, value.low, value.high)
        case QuantityValue(), (system, code, low, high):
            return _matches_unit(value, system, code) and compare_ranges(value.prefix, low, high, value.low, value.high)
        case UriValue(), (str(text),):
            return _matches_uri(modifier, value.uri, text)
        case ReferenceValue(), (type, id):
            return value.id == id and value.type in (None, type)
    return False


def is_within_circle(value: NearValue, latitude: int, longitude: int) -> bool:
    """Whether the point is in the circle, on a flat map with the scale of the centre. 1 degree is 111,195 m."""
    east = abs(longitude - value.longitude)
    east = min(east, 360_000_000 - east)
    scale = round(cos(radians(value.latitude / 1e6)) * 1000)
    reach = round(value.radius * 1e6 / 111_195)
    return (latitude - value.latitude) ** 2 + (east * scale // 1000) ** 2 <= reach**2


def _matches_code(value: TokenValue, system: str | None, code: str) -> bool:
    if value.code is not None and value.code != code:
        return False
    return value.system is None or (system or "") == value.system


def _is_referenced(filter: Filter, value: ReferenceValue, facts: IndexEntries) -> bool:
    number = filter.parameter.number
    if value.url is not None:
        return any(
            row[0] == number and row[1] in (value.url, *_matching_versions(value.url, row[1], filter.modifier == "below"))
            for row in facts.uris
        )
    types = (value.type,) if value.type is not None else filter.parameter.targets
    return any(row[0] == number and row[2] == value.id and (not types or row[1] in types) for row in facts.references)


def _list_reachable_references(filter: Filter, value: ReferenceValue, others: Others) -> Iterable[ReferenceValue]:
    """Adds the parts of the resource (`:below`), or the resources it is part of (`:above`), as far as they are visible."""
    link = next((number for type, number in filter.along if type == value.type), None)
    if link is None or value.type is None:
        return (value,)
    steps = [
        (other.id, id)
        for other in others.of_type(value.type)
        for number, type, id in other.facts.references
        if number == link and type == value.type
    ]
    reached, frontier = {value.id}, {value.id}
    while frontier:
        near = {
            part if filter.modifier == "below" else whole
            for part, whole in steps
            if (whole if filter.modifier == "below" else part) in frontier
        }
        frontier = near - reached
        reached |= near
    return [replace(value, id=id) for id in sorted(reached)]


def _matches_text(modifier: str | None, wanted: StringValue, folded: str, raw: str) -> bool:
    if modifier == "exact":
        return raw == wanted.raw
    if modifier == "text":
        return all(f" {word}" in f" {folded}" for word in wanted.text.split())
    return wanted.text in folded if modifier == "contains" else folded.startswith(wanted.text)


def _matches_unit(value: QuantityValue, system: str | None, code: str | None) -> bool:
    if value.code is not None and value.code != code:
        return False
    return value.system is None or value.system == system


def _matches_uri(modifier: str | None, wanted: str, stored: str) -> bool:
    if modifier == "contains":
        return wanted in stored
    return stored.startswith(wanted) if modifier == "below" else stored == wanted


def _matching_versions(wanted: str, stored: str, below: bool) -> tuple[str, ...]:
    """Returns the canonical if it is a version of `wanted`. With `:below`, version 2 also includes 2.1."""
    following = wanted + ("." if "|" in wanted and below else "|")
    return (stored,) if ("|" not in wanted or below) and stored.startswith(following) else ()
