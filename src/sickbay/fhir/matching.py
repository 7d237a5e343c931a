"""Whether a resource matches a search, by its facts alone: the meaning of a Query in plain Python.

The stores answer searches by their indexes; this says what the answer has to be, and tests hold them against it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sickbay.fhir.facts import ResourceFacts
from sickbay.fhir.query import (
    DateValue,
    Filter,
    Prefix,
    QuantityValue,
    Query,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
    Value,
    Within,
)

Lookup: TypeAlias = Callable[[str, str], ResourceFacts | None]
"""(type, id) -> the facts of that resource where it is there and may be seen: what a chain leads to."""


def matches(query: Query, id: str, updated: int, facts: ResourceFacts, lookup: Lookup = lambda type, id: None) -> bool:
    """Whether the resource of `query.type` with this id, last changed at `updated` (epoch ms), is a match."""
    if query.ids is not None and id not in query.ids:
        return False
    if not all(compared(one.prefix, updated, updated + 1, one.low, one.high) for one in query.updated):
        return False
    if query.within is not None and not _inside(query.within, facts):
        return False
    return all(holds(one, facts, lookup) for one in query.filters)


def _inside(within: Within, facts: ResourceFacts) -> bool:
    return any(
        number in within.parameters and (type, id) == (within.type, within.id) for number, type, id in facts.references
    )


def holds(one: Filter, facts: ResourceFacts, lookup: Lookup) -> bool:
    """One filter. `:not` is true as well of a resource without any value (R4, 3.1.1.5.4)."""
    if one.chain is not None:
        return _chained(one, facts, lookup)
    if one.modifier == "missing":
        asked = any(isinstance(value, TokenValue) and value.code == "true" for value in one.values)
        return _present(one.parameter.number, facts) is not asked
    found = any(_value(one, value, facts) for value in one.values)
    return not found if one.modifier == "not" else found


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


def _chained(one: Filter, facts: ResourceFacts, lookup: Lookup) -> bool:
    assert one.chain is not None
    type, inner = one.chain
    for number, target, id in facts.references:
        held = lookup(target, id) if number == one.parameter.number and target == type else None
        if held is not None and holds(inner, held, lookup):
            return True
    return False


def _present(number: int, facts: ResourceFacts) -> bool:
    every = (facts.tokens, facts.references, facts.dates, facts.strings, facts.numbers, facts.quantities, facts.uris)
    return any(row[0] == number for rows in every for row in rows)


def _value(one: Filter, value: Value, facts: ResourceFacts) -> bool:
    number = one.parameter.number
    match value:
        case TokenValue():
            return any(row[0] == number and _coded(value, row[1], row[2]) for row in facts.tokens)
        case ReferenceValue():
            return _referenced(one, value, facts)
        case StringValue():
            return any(row[0] == number and _text(one.modifier, value.text, row[1]) for row in facts.strings)
        case DateValue():
            return any(
                row[0] == number and compared(value.prefix, *row[1:], value.low, value.high) for row in facts.dates
            )
        case QuantityValue():
            return _measured(number, value, facts)
        case UriValue():
            return any(row[0] == number and _uri(one.modifier, value.uri, row[1]) for row in facts.uris)


def _coded(value: TokenValue, system: str | None, code: str) -> bool:
    if value.code is not None and value.code != code:
        return False
    return value.system is None or (system or "") == value.system


def _referenced(one: Filter, value: ReferenceValue, facts: ResourceFacts) -> bool:
    number = one.parameter.number
    if value.url is not None:
        return (number, value.url) in facts.uris
    types = (value.type,) if value.type is not None else one.parameter.targets
    return any(row[0] == number and row[2] == value.id and (not types or row[1] in types) for row in facts.references)


def _text(modifier: str | None, wanted: str, held: str) -> bool:
    if modifier == "exact":
        return held == wanted
    return wanted in held if modifier == "contains" else held.startswith(wanted)


def _measured(number: int, value: QuantityValue, facts: ResourceFacts) -> bool:
    if any(row[0] == number and compared(value.prefix, *row[1:], value.low, value.high) for row in facts.numbers):
        return True
    return any(
        row[0] == number
        and _unit(value, row[1], row[2])
        and compared(value.prefix, row[3], row[4], value.low, value.high)
        for row in facts.quantities
    )


def _unit(value: QuantityValue, system: str | None, code: str | None) -> bool:
    if value.code is not None and value.code != code:
        return False
    return value.system is None or value.system == system


def _uri(modifier: str | None, wanted: str, held: str) -> bool:
    return held.startswith(wanted) if modifier == "below" else held == wanted
