"""A search without an index, for comparison: it checks every resource with its own implementation of FHIR's definitions."""

from __future__ import annotations

from typing import Any

from tests.storage.making import parameter

from sickbay.fhir.search import matching
from sickbay.fhir.search.matching import IndexedResource
from sickbay.fhir.search.query import Query, ReferenceValue
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import Save

LATEST = float("inf")


class Visible:
    """The visible resources, the only ones that chains and `_has` may use."""

    def __init__(self, saves: list[Save], visibility: Visibility) -> None:
        self._saves = [save for save in saves if _is_visible(save, visibility)]

    def of_type(self, type: str) -> list[IndexedResource]:
        return [index(save) for save in self._saves if save.type == type]


def index(save: Save) -> IndexedResource:
    return IndexedResource(save.id, save.at, save.facts)


def matches(saves: list[Save], query: Query, visibility: Visibility) -> list[str]:
    """Return the ids in the order of the results. The saves are in the order in which they were stored."""
    visible = Visible(saves, visibility)
    results = [save for save in saves if _is_visible(save, visibility) and _match(save, query, visible)]
    if query.sort:
        for sort in reversed(query.sort):
            present = [save for save in results if _key(save, sort.parameter, sort.descending) is not None]
            absent = [save for save in results if _key(save, sort.parameter, sort.descending) is None]
            present.sort(key=lambda save, key_sort=sort: _key(save, key_sort.parameter, key_sort.descending), reverse=False)  # type: ignore[misc]
            if sort.descending:
                groups: dict[Any, list[Save]] = {}
                for save in present:
                    groups.setdefault(_key(save, sort.parameter, True), []).append(save)
                present = [save for key in sorted(groups, reverse=True) for save in groups[key]]
            results = present + absent
    elif query.type and _of_one_patient(query, visibility):
        results.sort(key=lambda save: LATEST if save.facts.clinical_date is None else -save.facts.clinical_date)
    return [save.id for save in results]


def _match(save: Save, query: Query, visible: Visible) -> bool:
    return any(part.type == save.type and matching.is_match(part, index(save), visible) for part in query.parts or (query,))


def _of_one_patient(query: Query, visibility: Visibility) -> bool:
    patient_sets = {clause.patients for clause in visibility.of(query.type, "s")}
    if len(patient_sets) == 1 and (patients := next(iter(patient_sets))) is not None and len(patients) == 1:
        return True
    if query.within is not None and query.within.type == "Patient":
        return True
    return any(
        filter.modifier is None
        and len(filter.values) == 1
        and isinstance(value := filter.values[0], ReferenceValue)
        and value.url is None
        and (value.type or (filter.parameter.targets[0] if len(filter.parameter.targets) == 1 else "")) == "Patient"
        for filter in query.filters
    )


def _is_visible(save: Save, visibility: Visibility) -> bool:
    return visibility.allows(save.type, "s", save.facts.patients, save.facts.codes)


def _key(save: Save, name: str, descending: bool) -> Any:
    if name == "_id":
        return save.id
    if name == "_lastUpdated":
        return save.at
    numbers = parameter(save.type, name).numbers
    choose = max if descending else min
    dates = [high if descending else low for parameter_number, low, high in save.facts.dates if parameter_number in numbers]
    codes = [code for parameter_number, _, code in save.facts.tokens if parameter_number in numbers]
    texts = [text for parameter_number, text, _ in save.facts.strings if parameter_number in numbers]
    amounts = [
        high if descending else low
        for parameter_number, _, _, low, high in save.facts.quantities
        if parameter_number in numbers
    ]
    references = [f"{type}/{id}" for parameter_number, type, id in save.facts.references if parameter_number in numbers]
    references += [uri for parameter_number, uri in save.facts.uris if parameter_number in numbers]
    values: list[Any] = [*dates, *codes, *texts, *amounts, *references]
    return choose(values, default=None)
