"""Whether a resource matches a search, by its facts alone: the meaning of a Query in plain Python.

The stores answer searches by their indexes; this says what the answer has to be, and tests hold them against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, radians
from typing import Any, NamedTuple, Protocol

from msgspec.structs import replace

from sickbay.fhir.search.index_entries import IndexEntries, Part
from sickbay.fhir.search.parameters import IDENTIFIER
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
    """One resource as a search sees it. updated: epoch ms."""

    id: str
    updated: int
    facts: IndexEntries


class Others(Protocol):
    """What is there besides and may be seen: where chains and `_has` lead."""

    def every(self, type: str) -> Iterable[IndexedResource]: ...


SPACED = str.maketrans("(/-[", "    ")
"""After what a word may begin, besides a space."""


class _Alone:
    def every(self, type: str) -> Iterable[IndexedResource]:
        return ()


ALONE = _Alone()


def matches(query: Query, one: IndexedResource, others: Others = ALONE) -> bool:
    """Whether this resource of `query.type` is a match."""
    if query.ids is not None and one.id not in query.ids:
        return False
    if not all(compared(asked.prefix, one.updated, one.updated + 1, asked.low, asked.high) for asked in query.updated):
        return False
    if query.within is not None and not _inside(query.within, one.facts):
        return False
    return all(holds(asked, query.type, one, others) for asked in query.filters)


def _inside(within: Within, facts: IndexEntries) -> bool:
    return any(number in within.parameters and (type, id) == (within.type, within.id) for number, type, id in facts.references)


def holds(asked: Filter, type: str, one: IndexedResource, others: Others) -> bool:
    """One filter. `:not` is true as well of a resource without any value (R4, 3.1.1.5.4)."""
    if asked.either:
        return any(holds(each, type, one, others) for each in asked.either)
    if asked.chain is not None:
        return _referring(asked, type, one, others) if asked.reverse else _chained(asked, one, others)
    if asked.parameter.code == "_id":
        named = any(isinstance(value, TokenValue) and value.code == one.id for value in asked.values)
        return named is not (asked.modifier == "not")
    if asked.modifier == "missing":
        wanted = any(isinstance(value, TokenValue) and value.code == "true" for value in asked.values)
        return _present(asked.parameter.numbers, one.facts) is not wanted
    found = any(_value(asked, value, one, others) for value in asked.values)
    return not found if asked.modifier == "not" else found


def compared(prefix: Prefix, start: float, end: float, low: float, high: float) -> bool:
    """A stored range against the one asked for, both half open; a number is the range of one point, start == end."""
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


def _chained(asked: Filter, one: IndexedResource, others: Others) -> bool:
    assert asked.chain is not None
    type, inner = asked.chain
    aims = {id for number, kind, id in one.facts.references if number == asked.parameter.number and kind == type}
    return any(other.id in aims and holds(inner, type, other, others) for other in others.every(type))


def _referring(asked: Filter, type: str, one: IndexedResource, others: Others) -> bool:
    assert asked.chain is not None
    source, inner = asked.chain
    link = (asked.parameter.number, type, one.id)
    return any(link in other.facts.references and holds(inner, source, other, others) for other in others.every(source))


def _present(numbers: tuple[int, ...], facts: IndexEntries) -> bool:
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
    wanted = {*numbers, *(one + IDENTIFIER for one in numbers)}
    return any(row[0] in wanted for rows in every for row in rows)


def _value(asked: Filter, value: Value, one: IndexedResource, others: Others) -> bool:
    numbers, facts = asked.parameter.numbers, one.facts
    number = asked.parameter.number
    match value:
        case CompositeValue():
            held = [parts for number, parts in facts.composites if number in asked.parameter.numbers]
            return any(_all(value, parts) for parts in held)
        case NearValue():
            return any(row[0] == number and within(value, row[1], row[2]) for row in facts.positions)
        case WordsValue():
            texts = [f" {text}" for row, text, _ in facts.strings if row in numbers]
            return all(any(f" {word}" in text.translate(SPACED) for text in texts) for word in value.words)
        case ReferenceValue():
            return any(_referenced(asked, each, facts) for each in _reached(asked, value, others))
        case DateValue() if asked.parameter.code == "_lastUpdated":
            return compared(value.prefix, one.updated, one.updated + 1, value.low, value.high)
        case QuantityValue() if any(row[0] in numbers and _part(value, row[1:], None) for row in facts.numbers):
            return True
    return any(row[0] in numbers and _part(value, row[1:], asked.modifier) for row in _rows(value, facts))


def _rows(value: Value, facts: IndexEntries) -> Iterable[tuple[Any, ...]]:
    held: dict[type, Iterable[tuple[Any, ...]]] = {
        TokenValue: facts.tokens,
        StringValue: facts.strings,
        DateValue: facts.dates,
        QuantityValue: facts.quantities,
        UriValue: facts.uris,
    }
    return held[type(value)]


def _all(value: CompositeValue, parts: tuple[Part, ...]) -> bool:
    return all(_part(one, part[1:], None) for one, part in zip(value.parts, parts, strict=True))


def _part(value: Value, row: tuple[Any, ...], modifier: str | None) -> bool:
    """One value against one row without its number."""
    match value, row:
        case TokenValue(), (system, str(code)):
            return _coded(value, system, code)
        case StringValue(), (str(text), str(raw)):
            return _text(modifier, value, text, raw)
        case DateValue(), (int(low), int(high)):
            return compared(value.prefix, low, high, value.low, value.high)
        case QuantityValue(), (low, high):
            return compared(value.prefix, low, high, value.low, value.high)
        case QuantityValue(), (system, code, low, high):
            return _unit(value, system, code) and compared(value.prefix, low, high, value.low, value.high)
        case UriValue(), (str(text),):
            return _uri(modifier, value.uri, text)
        case ReferenceValue(), (type, id):
            return value.id == id and value.type in (None, type)
    return False


def within(value: NearValue, latitude: int, longitude: int) -> bool:
    """As on a map whose scale is that of the centre: near enough for the distances that people go. 1 degree: 111,195 m."""
    east = abs(longitude - value.longitude)
    east = min(east, 360_000_000 - east)
    scale = round(cos(radians(value.latitude / 1e6)) * 1000)
    reach = round(value.radius * 1e6 / 111_195)
    return (latitude - value.latitude) ** 2 + (east * scale // 1000) ** 2 <= reach**2


def _coded(value: TokenValue, system: str | None, code: str) -> bool:
    if value.code is not None and value.code != code:
        return False
    return value.system is None or (system or "") == value.system


def _referenced(one: Filter, value: ReferenceValue, facts: IndexEntries) -> bool:
    number = one.parameter.number
    if value.url is not None:
        return any(
            row[0] == number and row[1] in (value.url, *_versions(value.url, row[1], one.modifier == "below"))
            for row in facts.uris
        )
    types = (value.type,) if value.type is not None else one.parameter.targets
    return any(row[0] == number and row[2] == value.id and (not types or row[1] in types) for row in facts.references)


def _reached(asked: Filter, value: ReferenceValue, others: Others) -> Iterable[ReferenceValue]:
    """`:below`: and all that is part of it, or of its parts; `:above`: and all that it is part of. Only what may be seen."""
    link = next((number for type, number in asked.along if type == value.type), None)
    if link is None or value.type is None:
        return (value,)
    steps = [
        (each.id, id)
        for each in others.every(value.type)
        for number, type, id in each.facts.references
        if number == link and type == value.type
    ]
    found, frontier = {value.id}, {value.id}
    while frontier:
        near = {
            part if asked.modifier == "below" else whole
            for part, whole in steps
            if (whole if asked.modifier == "below" else part) in frontier
        }
        frontier = near - found
        found |= near
    return [replace(value, id=id) for id in sorted(found)]


def _text(modifier: str | None, wanted: StringValue, folded: str, raw: str) -> bool:
    if modifier == "exact":
        return raw == wanted.raw
    if modifier == "text":
        return all(f" {word}" in f" {folded}" for word in wanted.text.split())
    return wanted.text in folded if modifier == "contains" else folded.startswith(wanted.text)


def _unit(value: QuantityValue, system: str | None, code: str | None) -> bool:
    if value.code is not None and value.code != code:
        return False
    return value.system is None or value.system == system


def _uri(modifier: str | None, wanted: str, held: str) -> bool:
    if modifier == "contains":
        return wanted in held
    return held.startswith(wanted) if modifier == "below" else held == wanted


def _versions(wanted: str, held: str, below: bool) -> tuple[str, ...]:
    """A canonical without a version means each of its versions; version 2 `:below` means 2.1 too."""
    following = wanted + ("." if "|" in wanted and below else "|")
    return (held,) if ("|" not in wanted or below) and held.startswith(following) else ()
