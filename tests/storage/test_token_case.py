"""Tokens match in any case in DSTU2 and STU3, and as they are written since R4, on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from tests.laws import for_each
from tests.postgres import ENGINES
from tests.storage.engines import open_engine

from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.parameters import DEFINED_LATER, find
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING, Clause, Granular, Visibility
from sickbay.storage.answers import Labels
from sickbay.storage.interface import ResourceSpace, Save

BASE = "http://h/general/x"
ANY_CASE, AS_WRITTEN = ("dstu2", "stu3"), ("r4", "r4b", "r5")
OF_PATIENT_A = Visibility((Clause("*", "rs", frozenset({"a"})),))
RESOURCES: tuple[dict[str, Any], ...] = (
    {
        "resourceType": "Patient",
        "id": "a",
        "gender": "male",
        "active": True,
        "identifier": [{"system": "urn:Mrn", "value": "AbC-1"}],
        "meta": {"tag": [{"system": "urn:T", "code": "Red"}], "security": [{"system": "urn:S", "code": "VIP"}]},
    },
    {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "subject": {"reference": "Patient/a", "identifier": {"value": "Xy"}},
        "code": {"coding": [{"system": "urn:C", "code": "BodyWeight"}]},
        "valueQuantity": {"value": 70, "system": "http://unitsofmeasure.org", "code": "kg"},
        "component": [
            {
                "code": {"coding": [{"system": "urn:C", "code": "Left"}]},
                "valueCodeableConcept": {"coding": [{"system": "urn:C", "code": "Yes"}]},
            }
        ],
    },
)
SEARCHES = (
    ("Patient", "gender", "male"),
    ("Patient", "active", "true"),
    ("Patient", "identifier", "AbC-1"),
    ("Patient", "identifier", "urn:Mrn|AbC-1"),
    ("Patient", "_tag", "urn:T|Red"),
    ("Patient", "_security", "VIP"),
    ("Observation", "code", "BodyWeight"),
    ("Observation", "code", "urn:C|BodyWeight"),
    ("Observation", "status", "final"),
    ("Observation", "code-value-quantity", "BodyWeight$70"),
    ("Observation", "component-code", "Left"),
    ("Observation", "component-code-value-concept", "Left$Yes"),
    ("Observation", "patient.identifier", "AbC-1"),
    ("Patient", "_has:Observation:patient:code", "BodyWeight"),
)


@pytest.fixture(scope="module", params=ENGINES)
def store(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    (opened,) = runner.run(open_engine(request, tmp_path_factory.mktemp("case"), find=find))
    for version in (*ANY_CASE, *AS_WRITTEN):
        runner.run(opened.transaction([make_save(version, resource) for resource in RESOURCES]))
    yield opened
    runner.run(opened.close())


def make_save(version: str, resource: dict[str, Any]) -> Save:
    facts = extract_entries(version, resource, BASE)
    space = ResourceSpace("general", version)
    return Save(space, resource["resourceType"], resource["id"], 1, orjson.dumps(resource), facts, 1000)


def swap(text: str) -> str:
    """The text with the other case of each letter, except those of a system."""
    system, bar, code = text.rpartition("|")
    return system + bar + code.swapcase()


@for_each("version", [*ANY_CASE, *AS_WRITTEN])
@for_each("type, name, text", SEARCHES)
@for_each("visibility", [EVERYTHING, OF_PATIENT_A])
def test_a_token_in_the_other_case_is_found_only_in_the_older_versions(
    store: Any, runner: asyncio.Runner, version: str, type: str, name: str, text: str, visibility: Visibility
) -> None:
    code = name.partition(".")[0].partition(":")[0]
    if code in DEFINED_LATER.get(version, ()):
        assert not isinstance(parse(version, type, [(name, text)], base=BASE, strict=True), Query)
        return
    if find(version, type, code) is None and code != "_has":
        pytest.skip("the version doesn't have this parameter")

    def finds(text: str, *more: tuple[str, str]) -> bool:
        query = parse(version, type, [(name, text), *more], base=BASE, strict=True)
        assert isinstance(query, Query), query
        assert query.doubted == () or version in AS_WRITTEN or "other" in text
        return bool(runner.run(store.search(ResourceSpace("general", version), query, visibility)).matches)

    in_the_compartment = [("patient", "a")] if type == "Observation" else []
    for more in ([], in_the_compartment):
        assert finds(text, *more)
        assert finds(swap(text), *more) is (version in ANY_CASE)
        assert not finds(text.replace(text.partition("$")[0].rpartition("|")[2], "other"), *more)


@pytest.mark.parametrize("version", [*ANY_CASE, *AS_WRITTEN])
def test_ids_and_systems_are_compared_as_they_are_written(store: Any, runner: asyncio.Runner, version: str) -> None:
    for name, text in (("_id", "A"), ("identifier", "urn:mrn|AbC-1")):
        query = parse(version, "Patient", [(name, text)], base=BASE)
        assert isinstance(query, Query)
        assert not runner.run(store.search(ResourceSpace("general", version), query, EVERYTHING)).matches


@pytest.mark.parametrize("version", [*ANY_CASE, *AS_WRITTEN])
def test_labels_keep_their_case(store: Any, runner: asyncio.Runner, version: str) -> None:
    labels = runner.run(store.labels(ResourceSpace("general", version), ["Patient", "Observation"], EVERYTHING))
    assert labels == Labels((), (("urn:S", "VIP"),), (("urn:T", "Red"),))


@pytest.mark.parametrize("version", [*ANY_CASE, *AS_WRITTEN])
def test_a_granular_scope_still_shows_what_has_its_code(store: Any, runner: asyncio.Runner, version: str) -> None:
    query = Query(version, "Observation")
    for code, expected in (("BodyWeight", 1), ("other", 0)):
        granular = Visibility((Clause("Observation", "rs", None, (Granular("code", (("urn:C", code),)),)),))
        page = runner.run(store.search(ResourceSpace("general", version), query, granular))
        assert len(page.matches) == expected
    assert store.guard.removed == 0
