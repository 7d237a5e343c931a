"""A law: if a value finds nothing, the explanation names its parameter and a value that finds something."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.flows.flow import Flow, run
from tests.services.empty_searches.law_values import absent_values

from sickbay.fhir.search import parser
from sickbay.fhir.search.composites import list_covering
from sickbay.fhir.search.filters import is_answered
from sickbay.fhir.search.index import extract
from sickbay.fhir.search.parameters import parameters, resource_types
from sickbay.fhir.search.query import Query, SearchParameter
from sickbay.fhir.visibility import EVERYTHING
from sickbay.services.empty_searches.examine import Answer, examine
from sickbay.storage.interface import ResourceSpace

BASE = "http://localhost:7425/general/r4"
MILLISECONDS = 10_000
"""The law is about what is said, not about how long it takes on a busy machine."""


def parse(version: str, type: str, *pairs: tuple[str, str]) -> Query:
    query = parser.parse(version, type, pairs, base=BASE)
    assert isinstance(query, Query), query
    return query


async def populate(flow: Flow, version: str) -> list[tuple[str, SearchParameter]]:
    """Every parameter that at least one resource has a value for."""
    store, space = flow.sandbox.runtime.store, ResourceSpace("general", version)
    found = []
    for type in resource_types(version):
        if not await store.count(space, Query(version, type), EVERYTHING):
            continue
        for code, parameter in parameters(version, type).items():
            if is_answered(version, parameter) and await has_values(store, space, type, code, parameter):
                found.append((type, parameter))
    return found


async def has_values(store: Any, space: ResourceSpace, type: str, code: str, parameter: SearchParameter) -> bool:
    if parameter.kind == "composite":
        page = await store.search(space, parse(space.version, type, ("_count", "500")), EVERYTHING)
        entries = [extract(space.version, orjson.loads(match.body), BASE) for match in page.matches]
        numbers = list_covering(space.version, parameter) or (parameter.number,)
        return any(number in numbers for each in entries for number, _ in each.composites)
    if parameter.kind == "special" or code in ("_text", "_content"):
        matched = [
            await store.count(space, parse(space.version, type, pair), EVERYTHING) for pair in everything(code, parameter)
        ]
        return any(matched)
    return bool(await store.count(space, parse(space.version, type, (f"{code}:missing", "false")), EVERYTHING))


def everything(code: str, parameter: SearchParameter) -> list[tuple[str, str]]:
    """Searches that find something if the parameter, which has no `:missing`, is populated."""
    if code in ("_text", "_content"):
        return [(code, letter) for letter in "abcdefghijklmnopqrstuvwxyz"]
    return [(code, "0|0|20000|km")] if parameter.kind == "special" else []


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_every_populated_parameter_gets_a_value_that_finds_something(tmp_path: Path, version: str) -> None:
    async def steps(flow: Flow) -> None:
        store, space = flow.sandbox.runtime.store, ResourceSpace("general", version)
        wrong, tried = [], 0
        for type, parameter in await populate(flow, version):
            for text in absent_values(version, parameter):
                query = parse(version, type, (parameter.code, text))
                if await store.count(space, query, EVERYTHING):
                    continue  # a period without an end lasts longer than any date
                job = partial(examine, query=query, base=BASE, visibility=EVERYTHING)
                answer = await store.probe(space, EVERYTHING, job, MILLISECONDS)
                tried += 1
                if not await is_helpful(store, space, type, parameter.code, answer):
                    wrong.append((type, parameter.code, text, answer.causes))
        assert not wrong, f"{len(wrong)} of {tried}: {wrong[:8]}"
        assert tried > 300, tried

    run(steps, tmp_path, versions=(version,))


async def is_helpful(store: Any, space: ResourceSpace, type: str, code: str, answer: Answer) -> bool:
    """Whether the explanation names the parameter, and what it suggests finds as many as it says."""
    (_, facts), *others = answer.causes or [("", {})]
    if others or facts.get("parameter") != code or not facts.get("suggestion"):
        return False
    pairs = [tuple(part.split("=", 1)) for part in facts["suggestion"].split("&")]
    found = await store.count(space, parse(space.version, type, *pairs), EVERYTHING)
    return bool(found) and min(found, 1000) == facts["finds"]
