"""Searching without an index: every resource is looked at, and FHIR's definitions are written down once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.storage.making import number

from sickbay.fhir.query import (
    DateValue,
    Filter,
    QuantityValue,
    Query,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
    Value,
)
from sickbay.fhir.visibility import Visibility
from sickbay.storage.store import Save

FAR = float("inf")


def matches(saves: list[Save], query: Query, visibility: Visibility) -> list[str]:
    """Ids in the order of the answer. The saves are in the order in which they were stored."""
    found = [one for one in saves if one.type == query.type and _seen(one, visibility) and _all(one, query)]
    if query.sort:
        for sort in reversed(query.sort):
            present = [one for one in found if _key(one, sort.parameter, sort.descending) is not None]
            absent = [one for one in found if _key(one, sort.parameter, sort.descending) is None]
            present.sort(key=lambda one, s=sort: _key(one, s.parameter, s.descending), reverse=False)  # type: ignore[misc]
            if sort.descending:
                groups: dict[Any, list[Save]] = {}
                for one in present:
                    groups.setdefault(_key(one, sort.parameter, True), []).append(one)
                present = [one for key in sorted(groups, reverse=True) for one in groups[key]]
            found = present + absent
    elif _of_one_patient(query, visibility):
        found.sort(key=lambda one: FAR if one.facts.clinical_date is None else -one.facts.clinical_date)
    return [one.id for one in found]


def _of_one_patient(query: Query, visibility: Visibility) -> bool:
    held = {clause.patients for clause in visibility.of(query.type, "s")}
    if len(held) == 1 and (patients := next(iter(held))) is not None and len(patients) == 1:
        return True
    return any(
        one.modifier is None
        and len(one.values) == 1
        and isinstance(value := one.values[0], ReferenceValue)
        and (value.type or (one.parameter.targets[0] if len(one.parameter.targets) == 1 else "")) == "Patient"
        for one in query.filters
    )


def _seen(one: Save, visibility: Visibility) -> bool:
    return visibility.allows(one.type, "s", one.facts.patients, one.facts.codes)


def _all(one: Save, query: Query) -> bool:
    return (
        (query.ids is None or one.id in query.ids)
        and all(_compares(value, one.at, one.at + 1) for value in query.updated)
        and all(_meets(one, filter) for filter in query.filters)
    )


def _meets(one: Save, filter: Filter) -> bool:
    met = any(_has(one, filter, value) for value in filter.values)
    if filter.modifier == "missing":
        present = any(row[0] == filter.parameter.number for row in _rows(one, filter))
        return present != any(isinstance(value, TokenValue) and value.code == "true" for value in filter.values)
    return not met if filter.modifier == "not" else met


def _rows(one: Save, filter: Filter) -> Iterable[tuple[Any, ...]]:
    plural = {"quantity": "quantities"}.get(filter.parameter.kind, f"{filter.parameter.kind}s")
    rows: Iterable[tuple[Any, ...]] = getattr(one.facts, plural)
    return rows


def _has(one: Save, filter: Filter, value: Value) -> bool:
    tests: dict[type, Callable[..., bool]] = {
        TokenValue: _token,
        ReferenceValue: _reference,
        StringValue: _string,
        DateValue: _compares,
        QuantityValue: _quantity,
        UriValue: lambda value, filter, uri: value.uri == uri,
    }
    test = tests[type(value)]
    extra = () if isinstance(value, DateValue | QuantityValue) else (filter,)
    return any(test(value, *extra, *row[1:]) for row in _rows(one, filter) if row[0] == filter.parameter.number)


def _token(value: TokenValue, filter: Filter, system: str | None, code: str) -> bool:
    return value.code in (None, code) and (value.system is None or value.system == (system or ""))


def _reference(value: ReferenceValue, filter: Filter, type: str, id: str) -> bool:
    return value.url is None and id == value.id and type in ((value.type,) if value.type else filter.parameter.targets)


def _string(value: StringValue, filter: Filter, text: str) -> bool:
    if filter.modifier == "exact":
        return text == value.text
    return value.text in text if filter.modifier == "contains" else text.startswith(value.text)


def _quantity(value: QuantityValue, system: str | None, code: str | None, low: float, high: float) -> bool:
    unit = value.code is None or (code == value.code and (not value.system or system == value.system))
    return unit and _compares(value, low, high)


def _compares(value: DateValue | QuantityValue, low: float, high: float) -> bool:
    """R4, 3.1.1.4.6: the asked range is [value.low, value.high), the stored one [low, high)."""
    inside = value.low <= low < value.high and high <= value.high
    above, below = high > value.high, low < value.low
    return {
        "eq": inside,
        "ne": not inside,
        "gt": above,
        "lt": below,
        "ge": above or inside,
        "le": below or inside,
        "sa": low >= value.high,
        "eb": high <= value.low,
        "ap": low < value.high and high > value.low,
    }[value.prefix]


def _key(one: Save, name: str, descending: bool) -> Any:
    if name == "_id":
        return one.id
    if name == "_lastUpdated":
        return one.at
    wanted = number(one.type, name)
    choose = max if descending else min
    dates = [high if descending else low for parameter, low, high in one.facts.dates if parameter == wanted]
    codes = [code for parameter, _, code in one.facts.tokens if parameter == wanted]
    texts = [text for parameter, text in one.facts.strings if parameter == wanted]
    return choose([*dates, *codes, *texts], default=None)
