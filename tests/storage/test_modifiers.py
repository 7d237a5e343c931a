"""From the text of a search to the resources found: modifiers, composites and sorting, on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from msgspec.structs import replace
from tests.laws import for_each
from tests.postgres import ENGINES
from tests.storage.engines import open_engine

from sickbay.fhir.search.full_text import ALTERNATIVES, ASKED
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.parameters import find
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING, Clause, Visibility
from sickbay.storage.answers import Labels
from sickbay.storage.interface import ResourceSpace, Save

BASE = "http://h/general/r4"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CANONICAL = "http://x/PlanDefinition/p"


def concept(code: str, system: str = "http://x", **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **more}]}


def ref(text: str, **more: Any) -> dict[str, Any]:
    return {"reference": text, **more}


def amount(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "system": "http://unitsofmeasure.org", "code": unit}


def narrative(text: str) -> dict[str, Any]:
    return {"status": "generated", "div": f"<div xmlns='http://www.w3.org/1999/xhtml' title='strong'>{text}</div>"}


def condition(id: str, patient: str, status: str, code: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": id,
        "subject": ref(f"Patient/{patient}"),
        "clinicalStatus": concept(status, CLINICAL),
        "code": concept(code),
    }


R4: tuple[dict[str, Any], ...] = (
    {"resourceType": "Patient", "id": "a"},
    {"resourceType": "Patient", "id": "b"},
    condition("c1", "a", "active", "1"),
    condition("c2", "b", "relapse", "1"),
    condition("c3", "a", "resolved", "2"),
    {"resourceType": "DiagnosticReport", "id": "r1", "status": "amended", "subject": ref("Patient/b")},
    {"resourceType": "DiagnosticReport", "id": "r2", "status": "corrected", "subject": ref("Patient/a")},
    {"resourceType": "DiagnosticReport", "id": "r3", "status": "final"},
    {
        "resourceType": "Observation",
        "id": "n1",
        "status": "final",
        "subject": ref("Patient/a", display="Peters"),
        "code": {"text": "Heart-rate", **concept("8867-4", display="Heart rate (beats)")},
        "note": [{"text": "Taken in Zürich, after a walk"}],
        "component": [{"code": {"text": "Rhythm"}, "valueString": "sinus"}],
        "text": narrative("<p>Pulse&#160;80: <b>regular</b> liver &amp; bone</p>"),
    },
    {
        "resourceType": "Observation",
        "id": "n2",
        "status": "final",
        "code": {"text": "Liver metastases"},
        "text": narrative(" ".join(f"word{number}" for number in range(400))),
    },
    {
        "resourceType": "Observation",
        "id": "n3",
        "status": "final",
        "code": {"coding": [{"display": "Smoking"}]},
        "subject": {"display": "Peters"},
        "valueCodeableConcept": {"text": "never"},
        "effectiveTiming": {"code": {"text": "each morning"}},
    },
    {
        "resourceType": "Observation",
        "id": "n4",
        "status": "final",
        "code": concept("2339-0"),
        "valueQuantity": {"value": 77, "code": "mg"},
        "effectiveDateTime": "2020-05-06",
    },
    {"resourceType": "Observation", "id": "n5", "status": "final", "code": concept("2339-0"), "valueQuantity": {"unit": "mg"}},
    {"resourceType": "RiskAssessment", "id": "k1", "status": "final", "prediction": [{"probabilityDecimal": 0.77}]},
    {"resourceType": "RiskAssessment", "id": "k2", "status": "final", "prediction": [{"probabilityDecimal": 0.63}]},
    {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "content": [{"attachment": {"url": "Binary/1"}}],
        "relatesTo": [{"code": "replaces", "target": ref(f"{BASE}/DocumentReference/d2")}],
    },
    {
        "resourceType": "DocumentReference",
        "id": "d2",
        "status": "current",
        "content": [{"attachment": {"url": f"{BASE}/Binary/2"}}],
    },
    {"resourceType": "Location", "id": "ward"},
    {"resourceType": "Location", "id": "room", "partOf": ref("Location/ward")},
    {"resourceType": "Location", "id": "bed", "partOf": ref("Location/room")},
    {
        "resourceType": "Encounter",
        "id": "e1",
        "class": {"system": ACT, "code": "ACUTE"},
        "subject": ref("Patient/a"),
        "location": [{"location": ref("Location/bed")}],
    },
    {
        "resourceType": "Encounter",
        "id": "e2",
        "class": {"system": ACT, "code": "AMB"},
        "subject": ref("Patient/b"),
        "location": [{"location": ref("Location/ward")}],
    },
    {"resourceType": "CarePlan", "id": "p1", "instantiatesCanonical": [f"{CANONICAL}|2.1"], "subject": ref("Patient/a")},
    {"resourceType": "CarePlan", "id": "p2", "instantiatesCanonical": [f"{CANONICAL}|3"], "subject": ref("Patient/a")},
)
R5: tuple[dict[str, Any], ...] = (
    {
        "resourceType": "Encounter",
        "id": "e1",
        "location": [
            {"location": ref("Location/a", display="North Ward"), "period": {"start": "2020-01-01", "end": "2020-01-05"}},
            {"location": ref("Location/b"), "period": {"start": "2021-01-01", "end": "2021-01-05"}},
        ],
    },
    {"resourceType": "Composition", "id": "m1", "section": [{"section": [{"text": narrative("No penicillin")}]}]},
    {
        "resourceType": "Ingredient",
        "id": "i1",
        "substance": {
            "strength": [
                {
                    "concentrationRatio": {"numerator": amount(5, "mg"), "denominator": amount(1, "mL")},
                    "presentationRatio": {"numerator": amount(50, "mg"), "denominator": amount(10, "mL")},
                }
            ]
        },
    },
    {
        "resourceType": "ResearchStudy",
        "id": "s1",
        "title": "Bone and liver",
        "progressStatus": [
            {"state": concept("active"), "actual": True, "period": {"start": "2020-01-01", "end": "2020-02-01"}},
            {"state": concept("completed"), "actual": False, "period": {"start": "2021-01-01", "end": "2021-02-01"}},
        ],
    },
    {
        "resourceType": "TestScript",
        "id": "t1",
        "url": "http://x/y/z",
        "scope": [{"artifact": "http://x/A", "phase": concept("unit"), "conformance": concept("required")}],
    },
    {
        "resourceType": "DeviceDefinition",
        "id": "d1",
        "conformsTo": [{"specification": concept("11073", display="Personal health"), "version": ["2.0"]}],
    },
    {"resourceType": "Observation", "id": "o1", "code": concept("c"), "valueString": "Positive"},
    {"resourceType": "Patient", "id": "a", "language": "de", "name": [{"text": "Anna Maria Peters"}]},
    {"resourceType": "Patient", "id": "b"},
    {"resourceType": "Group", "id": "g", "member": [{"entity": ref("Patient/a")}]},
)
SEARCHES: tuple[tuple[str, str, str, str], ...] = (
    ("r4", "Condition", f"clinical-status:below={CLINICAL}|active", "c1 c2"),
    ("r4", "Condition", f"clinical-status:above={CLINICAL}|resolved", "c3"),
    ("r4", "Condition", f"clinical-status:above={CLINICAL}|relapse", "c1 c2"),
    ("r4", "Condition", "clinical-status:in=http://hl7.org/fhir/ValueSet/condition-clinical", "c1 c2 c3"),
    ("r4", "Condition", "clinical-status:not-in=http://hl7.org/fhir/ValueSet/condition-ver-status", "c1 c2 c3"),
    ("r4", "Condition", "_id:not=c1", "c2 c3"),
    ("r4", "Condition", "_sort=subject,_id", "c1 c3 c2"),
    ("r4", "Condition", "_sort=-subject,_id", "c2 c1 c3"),
    ("r4", "DiagnosticReport", "_sort=subject", "r2 r1 r3"),
    ("r4", "DiagnosticReport", "status:below=amended", "r1 r2"),
    ("r4", "DiagnosticReport", "status:above=http://hl7.org/fhir/diagnostic-report-status|corrected", "r1 r2"),
    ("r4", "DiagnosticReport", "status:below=final", "r3"),
    ("r4", "Encounter", f"class:below={ACT}|_ActEncounterCode", "e1 e2"),
    ("r4", "Encounter", f"class:below={ACT}|IMP", "e1"),
    ("r4", "Encounter", "location:below=Location/ward", "e1 e2"),
    ("r4", "Encounter", "location:below=room", "e1"),
    ("r4", "Encounter", "location:above=bed", "e1 e2"),
    ("r4", "Encounter", "location:above=ward", "e2"),
    ("r4", "Encounter", "location=ward", "e2"),
    ("r4", "Location", "partof:below=ward", "room bed"),
    ("r4", "CarePlan", f"instantiates-canonical:below={CANONICAL}|2", "p1"),
    ("r4", "CarePlan", f"instantiates-canonical:below={CANONICAL}", "p1 p2"),
    ("r4", "CarePlan", f"instantiates-canonical={CANONICAL}|2", ""),
    ("r4", "Observation", "_text=pulse", "n1"),
    ("r4", "Observation", "_text=PULSE regul", "n1"),
    ("r4", "Observation", "_text=ular", ""),
    ("r4", "Observation", "_text=strong", ""),
    ("r4", "Observation", "_text=word0 AND word399", "n2"),
    ("r4", "Observation", "_text=(bone OR liver) and pulse,word7", "n1 n2"),
    ("r4", "Observation", "_text=heart", ""),
    ("r4", "Observation", "_content=heart", "n1"),
    ("r4", "Observation", "_content=beats rate", "n1"),
    ("r4", "Observation", "_content=zurich", "n1"),
    ("r4", "Observation", "_content=liver", "n1 n2"),
    ("r4", "Observation", "_content=liver metast", "n2"),
    ("r4", "Observation", "_content=rhythm&_content=sinus", "n1"),
    ("r4", "Observation", "_content=peters", ""),
    ("r4", "Observation", "_content=final", ""),
    ("r4", "Observation", "_content=liver&patient=a", "n1"),
    ("r4", "Patient", "_has:Observation:patient:_content=walk", "a"),
    ("r4", "Observation", "value-concept:missing=false", "n3"),
    ("r4", "Observation", "code:missing=true", ""),
    ("r4", "Observation", "code:missing=false", "n1 n2 n3 n4 n5"),
    ("r4", "Observation", "subject:missing=false", "n1 n3"),
    ("r4", "Observation", "patient:missing=false", "n1"),
    ("r4", "Observation", "date:missing=false", "n3 n4"),
    ("r4", "Observation", "value-quantity:missing=false", "n4 n5"),
    ("r4", "Observation", "combo-value-concept:missing=false", "n3"),
    ("r4", "Observation", "_id:missing=false", "n1 n2 n3 n4 n5"),
    ("r4", "Observation", "_id:missing=true", ""),
    ("r4", "Observation", "_lastUpdated:missing=false", "n1 n2 n3 n4 n5"),
    ("r4", "Observation", "_lastUpdated:missing=true", ""),
    ("r4", "Observation", "patient._id:missing=false", "n1"),
    ("r4", "Observation", "patient._id:missing=true", ""),
    ("r4", "Observation", "value-quantity=ap70", "n4"),
    ("r4", "Observation", "value-quantity=ap70||mg", "n4"),
    ("r4", "Observation", "value-quantity=ap69", ""),
    ("r4", "Observation", "value-quantity=ap85", "n4"),
    ("r4", "Observation", "value-quantity=ap86", ""),
    ("r4", "Observation", "code-value-quantity=2339-0$ap70", "n4"),
    ("r4", "Observation", "date=ap2020-05-06", "n4"),
    ("r4", "Observation", "date=ap2020-05-07", "n4"),
    ("r4", "Observation", "date=ap2020-05-08", ""),
    ("r4", "RiskAssessment", "probability=ap0.7", "k1 k2"),
    ("r4", "RiskAssessment", "probability=ap0.69", "k2"),
    ("r4", "DocumentReference", f"location={BASE}/Binary/1", "d1"),
    ("r4", "DocumentReference", "location=Binary/1", "d1"),
    ("r4", "DocumentReference", f"location={BASE}/Binary/2", "d2"),
    ("r4", "DocumentReference", "location=Binary/2", "d2"),
    ("r4", "DocumentReference", f"location:below={BASE}/Binary/", "d1 d2"),
    ("r4", "DocumentReference", "location=http://other/general/r4/Binary/1", ""),
    ("r4", "DocumentReference", f"relatesto={BASE}/DocumentReference/d2", "d1"),
    ("r4", "DocumentReference", "relatesto=DocumentReference/d2", "d1"),
    ("r5", "Composition", "section-text=penicillin", "m1"),
    ("r5", "Composition", "section-text=aspirin", ""),
    ("r5", "Encounter", "location-period=a$2020", "e1"),
    ("r5", "Encounter", "location-period=a$2021", ""),
    ("r5", "Encounter", "location:text=north", "e1"),
    ("r5", "Encounter", "location:code-text=ward", ""),
    ("r5", "Ingredient", "strength-concentration-ratio=5||mg$1||mL", "i1"),
    ("r5", "Ingredient", "strength-concentration-ratio=gt4$lt2", "i1"),
    ("r5", "Ingredient", "strength-concentration-ratio=5||mg$10||mL", ""),
    ("r5", "Ingredient", "strength-concentration-ratio=5||mL$1||mg", ""),
    ("r5", "Ingredient", "strength-presentation-ratio=50||mg$10||mL", "i1"),
    ("r5", "ResearchStudy", "progress-status-state-actual=active$true", "s1"),
    ("r5", "ResearchStudy", "progress-status-state-actual=active$false", ""),
    ("r5", "ResearchStudy", "progress-status-state-period=completed$2021", "s1"),
    ("r5", "ResearchStudy", "progress-status-state-period=completed$2020", ""),
    ("r5", "ResearchStudy", "progress-status-state-period-actual=active$2020$true", "s1"),
    ("r5", "ResearchStudy", "progress-status-state-period-actual=active$2020$false", ""),
    ("r5", "TestScript", "scope-artifact-phase=http://x/A$unit", "t1"),
    ("r5", "TestScript", "scope-artifact-phase=http://x/A$required", ""),
    ("r5", "TestScript", "scope-artifact-conformance=http://x/A$required", "t1"),
    ("r5", "TestScript", "url:contains=/y/", "t1"),
    ("r5", "TestScript", "url:contains=/w/", ""),
    ("r5", "DeviceDefinition", "specification-version=11073$2.0", "d1"),
    ("r5", "DeviceDefinition", "specification:code-text=personal", "d1"),
    ("r5", "Observation", "code-value-string=c$posi", "o1"),
    ("r5", "Patient", "_language=de", "a"),
    ("r5", "Patient", "_in=Group/g", "a"),
    ("r5", "Patient", "name:text=peters anna", "a"),
    ("r5", "Patient", "name:text=nna", ""),
)


@pytest.fixture(scope="module", params=ENGINES)
def store(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    (opened,) = runner.run(open_engine(request, tmp_path_factory.mktemp("modifiers"), find=find))
    for version, resources in (("r4", R4), ("r5", R5)):
        runner.run(opened.transaction([make_save(version, resource) for resource in resources]))
    yield opened
    runner.run(opened.close())


def make_save(version: str, resource: dict[str, Any]) -> Save:
    space = ResourceSpace("general", version)
    return Save(
        space,
        resource["resourceType"],
        resource["id"],
        1,
        orjson.dumps(resource),
        extract_entries(version, resource, BASE),
        1000,
    )


def read(version: str, type: str, text: str) -> Query:
    pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in text.split("&"))]
    query = parse(version, type, pairs, base=BASE, strict=True)
    assert isinstance(query, Query), query
    return query


@for_each("version, type, text, ids", SEARCHES)
def test_a_search_finds_the_expected_resources(
    store: Any, runner: asyncio.Runner, version: str, type: str, text: str, ids: str
) -> None:
    page = runner.run(store.search(ResourceSpace("general", version), read(version, type, text), EVERYTHING))
    found_ids = [match.id for match in page.matches]
    assert (found_ids if "_sort" in text else sorted(found_ids)) == (ids.split() if "_sort" in text else sorted(ids.split()))


@pytest.mark.parametrize("name", ["_content", "_text"])
def test_the_maximum_number_of_words_is_searched(store: Any, runner: asyncio.Runner, name: str) -> None:
    wide = " OR ".join(f"(no{number} never pulse)" for number in range(ALTERNATIVES - 1)) + " OR pulse"
    deep = " ".join(f"word{number}" for number in range(ASKED))
    for text, expected in ((wide, ["n1"]), (deep, ["n2"])):
        query = read("r4", "Observation", f"{name}={text}")
        for visibility in (EVERYTHING, Visibility((Clause("*", "rs", frozenset({"a"})),))):
            page = runner.run(store.search(ResourceSpace("general", "r4"), query, visibility))
            assert [match.id for match in page.matches] == (expected if visibility is EVERYTHING or expected == ["n1"] else [])


def test_labels_are_those_of_visible_resources(store: Any, runner: asyncio.Runner) -> None:
    space = ResourceSpace("labelled", "r4")
    tagged = [
        condition(f"c{number}", patient, "active", "1")
        | {"meta": {"profile": [f"http://p/{number}"], "tag": [{"system": "s", "code": patient}, {"code": "own"}]}}
        for number, patient in enumerate("aab")
    ]
    private = {"resourceType": "Patient", "id": "a", "meta": {"security": [{"system": "s", "code": "R"}]}}
    runner.run(store.transaction([replace(make_save("r4", resource), space=space) for resource in (private, *tagged)]))

    def labels_of(visibility: Visibility, *types: str) -> Labels:
        labels: Labels = runner.run(store.labels(space, types, visibility))
        return labels

    profiles = ("http://p/0", "http://p/1", "http://p/2")
    assert labels_of(EVERYTHING, "Condition") == Labels(profiles, (), (("", "own"), ("s", "a"), ("s", "b")))
    assert labels_of(EVERYTHING, "Condition", "Patient", "Device").security == (("s", "R"),)
    own_compartment = Visibility((Clause("*", "rs", frozenset({"a"})),))
    assert labels_of(own_compartment, "Condition", "Patient") == Labels(profiles[:2], (("s", "R"),), (("", "own"), ("s", "a")))
    assert labels_of(Visibility((Clause("Patient", "r", None),)), "Condition", "Patient") == Labels((), (), ())
    deleted = replace(make_save("r4", tagged[2]), space=space, version_id=2, body=b"", interaction="delete")
    runner.run(store.transaction([deleted]))
    assert labels_of(EVERYTHING, "Condition").profiles == profiles[:2]


def test_an_invisible_part_is_not_followed(store: Any, runner: asyncio.Runner) -> None:
    """The room isn't visible, so the bed isn't part of the ward."""
    only_encounters = Visibility((Clause("Encounter", "s", None),))
    page = runner.run(
        store.search(ResourceSpace("general", "r4"), read("r4", "Encounter", "location:below=ward"), only_encounters)
    )
    assert [match.id for match in page.matches] == ["e2"]
