"""Laws: if a value finds nothing, on its own or with another one, the explanation names one that finds something."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest
from tests.flows.flow import Flow, run
from tests.laws import is_long
from tests.services.empty_searches.law_values import absent_values

from sickbay.fhir.search import parser
from sickbay.fhir.search.composites import list_covering_composites
from sickbay.fhir.search.filters import is_answered
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.parameters import SearchParameter, find, load_parameters, resource_types
from sickbay.fhir.search.query import Query
from sickbay.fhir.versions import VERSIONS as FHIR_VERSIONS
from sickbay.fhir.visibility import EVERYTHING, Clause, Visibility
from sickbay.services.empty_searches.examine import PATIENT, Answer, examine_empty_search
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.probe import Occurrence, Probe

BASE = "http://localhost:7425/general/r4"
ROWS = 10_000_000
"""The law is about what is said, not about how long it takes on a busy machine."""


def parse(version: str, type: str, *pairs: tuple[str, str]) -> Query:
    query = parser.parse(version, type, pairs, base=BASE)
    assert isinstance(query, Query), query
    return query


Populated: TypeAlias = list[tuple[str, SearchParameter]]
POPULATED: dict[tuple[ResourceSpace, Visibility], Populated] = {}
"""What `populate` found: the tests have copies of the same data."""


async def populate(store: Any, space: ResourceSpace, visibility: Visibility) -> Populated:
    """Every parameter that at least one visible resource has a value for."""
    if (space, visibility) not in POPULATED:
        POPULATED[space, visibility] = await find_populated(store, space, visibility)
    return POPULATED[space, visibility]


async def find_populated(store: Any, space: ResourceSpace, visibility: Visibility) -> Populated:
    found = []
    for type in resource_types(space.version):
        if not await store.count(space, Query(space.version, type), visibility):
            continue
        for parameter in load_parameters(space.version, type).values():
            if is_answered(space.version, parameter) and await has_values(store, space, type, parameter, visibility):
                found.append((type, parameter))
    return found


async def has_values(store: Any, space: ResourceSpace, type: str, parameter: SearchParameter, visibility: Visibility) -> bool:
    code = parameter.code
    if parameter.kind == "composite":
        page = await store.search(space, parse(space.version, type, ("_count", "500")), visibility)
        entries = [extract_entries(space.version, orjson.loads(match.body), BASE) for match in page.matches]
        numbers = list_covering_composites(space.version, parameter) or (parameter.number,)
        return any(number in numbers for each in entries for number, _ in each.composites)
    if parameter.kind == "special" or code in ("_text", "_content"):
        matched = [
            await store.count(space, parse(space.version, type, pair), visibility) for pair in everything(code, parameter)
        ]
        return any(matched)
    return bool(await store.count(space, parse(space.version, type, (f"{code}:missing", "false")), visibility))


def everything(code: str, parameter: SearchParameter) -> list[tuple[str, str]]:
    """Searches that find something if the parameter, which has no `:missing`, is populated."""
    if code in ("_text", "_content"):
        return [(code, letter) for letter in "abcdefghijklmnopqrstuvwxyz"]
    return [(code, "0|0|20000|km")] if parameter.kind == "special" else []


async def ask(store: Any, space: ResourceSpace, query: Query, visibility: Visibility) -> Answer:
    answer: Answer = await store.probe(
        space, visibility, lambda probe: examine_empty_search(probe, query, BASE, visibility), ROWS
    )
    return answer


VERSIONS = [pytest.param(version, marks=() if version in ("r4", "dstu2") else pytest.mark.prove) for version in FHIR_VERSIONS]
ONE_PATIENT = Visibility((Clause("*", "rs", frozenset(("p-0001",))),))
LEAST_TRIED = {EVERYTHING: 300, ONE_PATIENT: 200}


@pytest.mark.parametrize("visibility", LEAST_TRIED, ids=["everything", "one patient"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_populated_parameter_gets_a_value_that_finds_something(
    tmp_path: Path, version: str, visibility: Visibility
) -> None:
    async def steps(flow: Flow) -> None:
        store, space = flow.sandbox.runtime.store, ResourceSpace("general", version)
        wrong, tried = [], 0
        for type, parameter in await populate(store, space, visibility):
            for text in absent_values(version, parameter):
                query = parse(version, type, (parameter.code, text))
                if await store.count(space, query, visibility):
                    continue  # a period without an end lasts longer than any date
                answer = await ask(store, space, query, visibility)
                if [rule for rule, _ in answer.causes] == [PATIENT]:
                    continue
                tried += 1
                if not await is_helpful(store, space, query, visibility, answer):
                    wrong.append((type, parameter.code, text, answer.causes))
        assert not wrong, f"{len(wrong)} of {tried}: {wrong[:8]}"
        assert tried > LEAST_TRIED[visibility], tried

    run(steps, tmp_path, versions=(version,))


async def is_helpful(store: Any, space: ResourceSpace, query: Query, visibility: Visibility, answer: Answer) -> bool:
    """Whether the explanation names one parameter of the search, and what it suggests finds as many as it says in its place.

    The numbers of the values that it lists must be right too.
    """
    (_, facts), *others = answer.causes or [("", {})]
    rest = [pair for pair in query.applied if pair[0] != facts.get("parameter")]
    if others or len(rest) == len(query.applied):
        return False

    async def count(*pairs: tuple[str, str]) -> int:
        found: int = await store.count(space, parse(space.version, query.type, *pairs, *rest), visibility)
        return min(found, 1000)

    name = facts["parameter"]
    if facts["unused"] == "others":
        return await count() == facts["without"] and not await count((f"{name}:missing", "false"))
    suggested = [(part.partition("=")[0], part.partition("=")[2]) for part in facts["suggestion"].split("&") if part]
    parameter = find(space.version, query.type, name)
    listed = facts["occurring"] if parameter and parameter.kind in ("token", "uri") else []
    is_right = [number == await count((name, escape(text))) for text, number in listed]
    return bool(suggested) and all(is_right) and facts["finds"] == await count(*suggested) > 0


def escape(text: str) -> str:
    """A value as it is listed, as a search sends it."""
    return "|".join(part.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$") for part in text.split("|"))


PAIRS_OF_TYPE = 6
LEAST_PAIRS = {EVERYTHING: 40, ONE_PATIENT: 20}


@pytest.mark.parametrize("visibility", LEAST_TRIED, ids=["everything", "one patient"])
@pytest.mark.parametrize("version", VERSIONS)
def test_two_parameters_that_find_something_only_apart_get_a_value_that_fits(
    tmp_path: Path, version: str, visibility: Visibility
) -> None:
    async def steps(flow: Flow) -> None:
        store, space = flow.sandbox.runtime.store, ResourceSpace("general", version)
        wrong, tried = [], 0
        for type, pairs in (await find_pairs(store, space, visibility)).items():
            apart = []
            for pair in pairs:
                query = parse(version, type, *pair)
                if len(query.applied) == 2 and not await store.count(space, query, visibility):
                    apart.append(query)
            for query in apart[:: 1 if is_long() else max(1, len(apart) // PAIRS_OF_TYPE)]:
                answer = await ask(store, space, query, visibility)
                tried += 1
                if not await is_helpful(store, space, query, visibility, answer):
                    wrong.append((type, query.applied, answer.causes))
        assert not wrong, f"{len(wrong)} of {tried}: {wrong[:8]}"
        assert tried > LEAST_PAIRS[visibility], tried

    run(steps, tmp_path, versions=(version,))


async def find_pairs(
    store: Any, space: ResourceSpace, visibility: Visibility
) -> dict[str, list[tuple[tuple[str, str], tuple[str, str]]]]:
    """For each type, pairs of values that occur, of two different parameters."""
    values: dict[str, list[tuple[str, str]]] = {}
    for type, parameter in await populate(store, space, visibility):
        if parameter.kind not in ("token", "reference", "uri") or parameter.code == "_id":
            continue
        for found in await store.probe(
            space, visibility, partial(list_values, Query(space.version, type, whole=False), parameter), ROWS
        ):
            text = f"{found.system}/{found.value}" if parameter.kind == "reference" and found.system else escape(found.value)
            values.setdefault(type, []).append((parameter.code, text))
    return {type: [pair for pair in combinations(of, 2) if pair[0][0] != pair[1][0]] for type, of in values.items()}


def list_values(query: Query, parameter: SearchParameter, probe: Probe) -> list[Occurrence]:
    return probe.occurrences(query, parameter).values[:2]
