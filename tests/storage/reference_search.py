"""Searching without an index: every resource is looked at, and FHIR's definitions are written down once more."""

from __future__ import annotations

from typing import Any

from tests.storage.making import parameter

from sickbay.fhir.search import matching
from sickbay.fhir.search.matching import IndexedResource
from sickbay.fhir.search.query import Query, ReferenceValue
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import Save

FAR = float("inf")


class Visible:
    """What may be seen, of which chains and `_has` know alone."""

    def __init__(self, saves: list[Save], visibility: Visibility) -> None:
        self._saves = [one for one in saves if _seen(one, visibility)]

    def every(self, type: str) -> list[IndexedResource]:
        return [held(one) for one in self._saves if one.type == type]


def held(one: Save) -> IndexedResource:
    return IndexedResource(one.id, one.at, one.facts)


def matches(saves: list[Save], query: Query, visibility: Visibility) -> list[str]:
    """Ids in the order of the answer. The saves are in the order in which they were stored."""
    others = Visible(saves, visibility)
    found = [one for one in saves if _seen(one, visibility) and _match(one, query, others)]
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
    elif query.type and _of_one_patient(query, visibility):
        found.sort(key=lambda one: FAR if one.facts.clinical_date is None else -one.facts.clinical_date)
    return [one.id for one in found]


def _match(one: Save, query: Query, others: Visible) -> bool:
    return any(part.type == one.type and matching.matches(part, held(one), others) for part in query.each())


def _of_one_patient(query: Query, visibility: Visibility) -> bool:
    held = {clause.patients for clause in visibility.of(query.type, "s")}
    if len(held) == 1 and (patients := next(iter(held))) is not None and len(patients) == 1:
        return True
    if query.within is not None and query.within.type == "Patient":
        return True
    return any(
        one.modifier is None
        and len(one.values) == 1
        and isinstance(value := one.values[0], ReferenceValue)
        and value.url is None
        and (value.type or (one.parameter.targets[0] if len(one.parameter.targets) == 1 else "")) == "Patient"
        for one in query.filters
    )


def _seen(one: Save, visibility: Visibility) -> bool:
    return visibility.allows(one.type, "s", one.facts.patients, one.facts.codes)


def _key(one: Save, name: str, descending: bool) -> Any:
    if name == "_id":
        return one.id
    if name == "_lastUpdated":
        return one.at
    wanted = parameter(one.type, name).numbers
    choose = max if descending else min
    dates = [high if descending else low for of, low, high in one.facts.dates if of in wanted]
    codes = [code for of, _, code in one.facts.tokens if of in wanted]
    texts = [text for of, text, _ in one.facts.strings if of in wanted]
    amounts = [high if descending else low for of, _, _, low, high in one.facts.quantities if of in wanted]
    aims = [f"{type}/{id}" for of, type, id in one.facts.references if of in wanted]
    aims += [uri for of, uri in one.facts.uris if of in wanted]
    return choose([*dates, *codes, *texts, *amounts, *aims], default=None)
