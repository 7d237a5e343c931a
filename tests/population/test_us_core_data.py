"""Eight patients have everything that US Core 3.1.1, 6.1, 7.0 and 8.0 require a server to support, as the default fifty have.

Test suites skip requirements that they find no data for. They know only the patients, and read of the hospital only what the
patients' own records refer to. These tests look for each must-support element, search parameter and reference of the guides in
just that, for seed 1; a failing test lists what is missing.
"""

from __future__ import annotations

import functools
import json
import re
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.population.must_support import Shaped, demands, members, show, with_shapes
from tests.population.test_generate import everything, references
from tests.population.us_core import CORE, Guide, faults, read

from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.parameters import find

VERSIONS = ("3.1.1", "6.1.0", "7.0.0", "8.0.0")
Resource = dict[str, Any]

EXCEPTIONS = (
    # (versions, profile, demand): each a regular expression.
    # A server that always has a value need not support the reasons for a missing one (US Core, clarified for 4.0.0, and so
    # in Inferno). The population has reasons in blood pressures, weights, laboratory results and screenings.
    (".*", "(?!.*blood-pressure|.*screening|.*observation-lab).*", r"Observation\.dataAbsentReason"),
    (".*", "us-core-blood-pressure", r"Observation\.dataAbsentReason"),
    (".*", "us-core-pulse-oximetry", r"Observation\.component(:\w+)?\.dataAbsentReason"),
    # The profiles inherit components from the vital signs profile, but these vital signs don't have any.
    (
        ".*",
        "pediatric-.*|head-.*|us-core-(bmi|body-.*|head-.*|heart-rate|respiratory-rate)",
        r"Observation\.component.*",
    ),
    # A blood pressure has its values in its components.
    (".*", "us-core-blood-pressure", r"Observation\.value\[x\].*"),
    # The server adds lastUpdated to every resource that it stores.
    (".*", ".*", r".*\.meta\.lastUpdated"),
)
"""Demands that no resource of the population meets, each with the reason."""


PATIENTS = (8, 50)
_OWNERS = ("subject", "patient", "beneficiary", "for")


@functools.cache
def reach(patients: int) -> list[Resource]:
    """Returns the records of the patients and what those refer to, which is all that a test suite finds."""
    resources = everything("r4", 1, patients)
    own = [resource for resource in resources if _is_own(resource)]
    named = {reference for resource in own for reference in references(resource)}
    return [resource for resource in resources if _is_own(resource) or _reference(resource) in named]


def _is_own(resource: Resource) -> bool:
    owners = [resource[name] for name in _OWNERS if isinstance(resource.get(name), dict)] + resource.get("target", [])
    return resource["resourceType"] == "Patient" or any(owner.get("reference", "").startswith("Patient/") for owner in owners)


class Loaded(NamedTuple):
    """members: maps a profile URL to the resources that it selects. profiles: maps a reference to the names of its profiles."""

    guide: Guide
    statement: Resource
    members: dict[str, list[Shaped]]
    profiles: dict[str, set[str]]


@functools.cache
def resources_with_shapes(patients: int) -> list[Shaped]:
    return with_shapes(everything("r4", 1, patients))


@functools.cache
def indexed_resources(patients: int) -> dict[str, IndexEntries]:
    """What searches find of the resources that a test has looked at, by reference. The versions share it."""
    return {}


@functools.cache
def load(shared: Path, version: str, patients: int) -> Loaded:
    archive = shared / "data" / f"us-core-{version}.tgz"
    guide = read(archive)
    selected = members(resources_with_shapes(patients), guide)
    within = {_reference(resource) for resource in reach(patients)}
    conforming = {
        url: [item for item in items if _reference(item.resource) in within]
        for url, items in selected.items()
        if guide.profiles[url][0]["id"] != "Extension"
    }
    profiles: dict[str, set[str]] = {}
    for url, items in selected.items():
        for item in items:
            profiles.setdefault(_reference(item.resource), set()).add(url.removeprefix(CORE))
    with tarfile.open(archive) as packed:
        file = packed.extractfile("package/CapabilityStatement-us-core-server.json")
        assert file
        return Loaded(guide, json.load(file), conforming, profiles)


def _reference(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _is_excepted(version: str, name: str, demand: str) -> bool:
    return any(
        re.fullmatch(exception[0], version) and re.fullmatch(exception[1], name) and re.fullmatch(exception[2], demand)
        for exception in EXCEPTIONS
    )


@functools.cache
def find_missing(shared: Path, version: str, patients: int) -> dict[str, set[str]]:
    """Returns, by profile name, the demands that no resource meets."""
    guide_data = load(shared, version, patients)
    return {
        url.removeprefix(CORE): demands(url, guide_data.guide, version != "3.1.1")
        - show(items, url, guide_data.guide, guide_data.profiles)
        for url, items in guide_data.members.items()
    }


@pytest.mark.parametrize("patients", PATIENTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_some_resource_has_every_must_support_element_type_and_target(shared: Path, version: str, patients: int) -> None:
    lacking = [
        f"{name}: {demand}"
        for name, demands_missing in find_missing(shared, version, patients).items()
        for demand in sorted(demands_missing)
        if not _is_excepted(version, name, demand)
    ]
    assert lacking == []


def test_every_exception_is_needed(shared: Path) -> None:
    unused = [
        exception
        for exception in EXCEPTIONS
        if not any(
            re.fullmatch(exception[0], version) and re.fullmatch(exception[1], name) and re.fullmatch(exception[2], demand)
            for version in VERSIONS
            for name, demands_missing in find_missing(shared, version, 50).items()
            for demand in demands_missing
        )
    ]
    assert unused == []


def _is_supported(entries: IndexEntries, type: str, name: str) -> bool:
    """Returns whether a search by this parameter, with a value from the resource, finds the resource."""
    if name in ("_id", "_lastUpdated"):
        return True
    parameter = find("r4", type, name)
    assert parameter, f"the server has no parameter {name} of {type}"
    number = parameter.number
    rows = (entries.tokens, entries.references, entries.dates, entries.strings, entries.uris)
    return any(row[0] == number for kind in rows for row in kind) or (name == "patient" and bool(entries.named))


def _searches(resource: Resource) -> set[tuple[str, ...]]:
    """Returns each single parameter, and each combination in the statement."""
    searches: set[tuple[str, ...]] = {(parameter["name"],) for parameter in resource.get("searchParam", ())}
    for extension in resource.get("extension", ()):
        if extension["url"].endswith("search-parameter-combination"):
            searches.add(tuple(element["valueString"] for element in extension["extension"] if element["url"] == "required"))
    return searches


@pytest.mark.parametrize("patients", PATIENTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_search_of_the_server_statement_finds_a_resource_of_every_profile(
    shared: Path, version: str, patients: int
) -> None:
    """For each parameter and combination, a resource of the profile has values for all of it."""
    guide_data = load(shared, version, patients)
    entries, lacking = indexed_resources(patients), []
    for resource in guide_data.statement["rest"][0]["resource"]:
        type = resource["type"]
        for url, items in guide_data.members.items():
            if guide_data.guide.profiles[url][0]["id"] == type:
                indexed = []
                for example in {item.shape: item.resource for item in items}.values():
                    if (name := _reference(example)) not in entries:
                        entries[name] = extract_entries("r4", example, "http://localhost/r4")
                    indexed.append(entries[name])
                lacking += [
                    f"{url.removeprefix(CORE)}: {'+'.join(search)}"
                    for search in _searches(resource)
                    if not any(all(_is_supported(entries, type, name) for name in search) for entries in indexed)
                ]
    assert sorted(lacking) == []


@pytest.mark.parametrize("patients", PATIENTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_provenance_refers_to_a_resource_of_every_profile(shared: Path, version: str, patients: int) -> None:
    """Tests _revinclude=Provenance:target for every type for which the statement has it."""
    guide_data = load(shared, version, patients)
    included = {
        type_entry["type"] for type_entry in guide_data.statement["rest"][0]["resource"] if type_entry.get("searchRevInclude")
    }
    targets = {
        target["reference"]
        for resource in reach(patients)
        if resource["resourceType"] == "Provenance"
        for target in resource["target"]
    }
    assert len(included) > 10
    lacking = [
        url.removeprefix(CORE)
        for url, items in guide_data.members.items()
        if guide_data.guide.profiles[url][0]["id"] in included
        and not any(_reference(item.resource) in targets for item in items)
    ]
    assert lacking == []


@pytest.mark.parametrize("version", ["6.1.0", "7.0.0", "8.0.0"])
def test_a_claimed_profile_is_met_in_each_guide_version_that_has_it(shared: Path, version: str) -> None:
    guide = load(shared, version, 50).guide
    claimed = {
        (url, item.shape): item.resource
        for item in with_shapes(everything("r4"))
        for url in item.resource.get("meta", {}).get("profile", ())
        if url in guide.profiles
    }
    assert len({url for url, _ in claimed}) >= 40
    assert {f"{url}: {fault}" for (url, _), resource in claimed.items() for fault in faults(resource, url, guide)} == set()


def _of(kind: str, patients: int = 50) -> list[Resource]:
    return [resource for resource in reach(patients) if resource["resourceType"] == kind]


def _codes(concepts: list[Resource]) -> set[str]:
    return {coding["code"] for concept in concepts for coding in concept.get("coding", ())}


@pytest.mark.parametrize("patients", PATIENTS)
def test_there_is_every_common_clinical_note_and_report(shared: Path, patients: int) -> None:
    """US Core, Clinical Notes: ten types of documents, and three categories of reports."""
    note_types = load(shared, "8.0.0", patients).guide.codes[
        CORE.replace("StructureDefinition", "ValueSet") + "us-core-clinical-note-type"
    ]
    assert {code for _, code in note_types} - _codes(
        [document["type"] for document in _of("DocumentReference", patients)]
    ) == set()
    categories = _codes([category for report in _of("DiagnosticReport", patients) for category in report["category"]])
    assert {"LP29708-2", "LP7839-6", "LP29684-5"} <= categories


def test_the_presented_form_of_a_report_is_in_a_document_of_the_same_patient() -> None:
    documents = {
        (document["subject"]["reference"], content["attachment"].get("url"))
        for document in _of("DocumentReference")
        for content in document["content"]
    }
    presented = [
        (report["subject"]["reference"], form["url"])
        for report in _of("DiagnosticReport")
        for form in report.get("presentedForm", ())
    ]
    assert len(presented) > 20
    assert set(presented) <= documents


@pytest.mark.parametrize("patients", PATIENTS)
def test_there_is_every_screening_and_every_condition_category(patients: int) -> None:
    """US Core, Screening and Assessments: six categories in addition to "survey", and SDOH among the conditions."""
    surveys = [codes for observation in _of("Observation", patients) if "survey" in (codes := _codes(observation["category"]))]
    expected = {"sdoh", "functional-status", "disability-status", "cognitive-status", "activity", "social-history"}
    assert expected <= set().union(*surveys)
    conditions = _codes([category for condition in _of("Condition", patients) for category in condition["category"]])
    assert {"problem-list-item", "encounter-diagnosis", "health-concern", "sdoh"} <= conditions
    requests = _codes([category for request in _of("ServiceRequest", patients) for category in request["category"]])
    assert {"sdoh", "410606002", "363679005", "387713003", "386053000", "409063005"} <= requests


@pytest.mark.parametrize("patients", PATIENTS)
def test_missing_data_have_a_reason_as_a_code_and_as_an_extension(patients: int) -> None:
    text = json.dumps(reach(patients))
    assert '"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"' in text
    assert '"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"' in text


def test_every_required_choice_has_a_value_that_libraries_can_read() -> None:
    """fhir.resources and other libraries reject a choice that has an extension and no value, though FHIR allows it."""
    vaccinations = [
        (immunization.keys() & {"occurrenceDateTime", "occurrenceString"}, immunization["primarySource"])
        for immunization in _of("Immunization")
    ]
    assert {len(choices) for choices, _ in vaccinations} == {1}
    assert ({"occurrenceString"}, False) in vaccinations


def test_a_patient_has_a_former_name_and_a_former_address() -> None:
    old = [patient for patient in _of("Patient") if any(name.get("use") == "old" for name in patient["name"])]
    moved = [patient for patient in _of("Patient") if any(address["use"] == "old" for address in patient["address"])]
    assert len(old) > 3
    assert len(moved) > 3
    for kind, people in (("name", old), ("address", moved)):
        for patient in people:
            current, former = patient[kind]
            assert former["period"]["end"] == current["period"]["start"]
            assert current["use"] in ("official", "home")


@pytest.mark.parametrize("patients", PATIENTS)
@pytest.mark.parametrize("kind", ["Medication", "Media", "Claim", "ExplanationOfBenefit", "Consent", "PractitionerRole"])
def test_there_are_resources_of_types_that_only_some_records_have(kind: str, patients: int) -> None:
    assert _of(kind, patients)


@pytest.mark.parametrize("patients", PATIENTS)
def test_every_room_and_role_that_a_record_refers_to_is_complete(patients: int) -> None:
    """Location and PractitionerRole: what a test suite reads of the hospital, whichever record it begins with."""
    rooms, roles = _of("Location", patients), _of("PractitionerRole", patients)
    assert len(rooms) >= 6
    assert len(roles) >= 2
    for room in rooms:
        assert {"identifier", "type", "telecom", "address", "managingOrganization"} <= room.keys()
    for role in roles:
        assert {"endpoint", "telecom", "specialty", "location", "code"} <= role.keys()
    endpoints = {_reference(resource) for resource in everything("r4", 1, patients) if resource["resourceType"] == "Endpoint"}
    assert {role["endpoint"][0]["reference"] for role in roles} <= endpoints


OLDER_VERSIONS = (
    # US Core 4.0.0 and 5.0.1 demand these too: the category (system, code) of observations, and a member that one must have.
    ("http://terminology.hl7.org/CodeSystem/observation-category", "imaging", "valueQuantity valueCodeableConcept valueString"),
    (
        "http://hl7.org/fhir/us/core/CodeSystem/us-core-observation-category",
        "clinical-test",
        "valueQuantity valueCodeableConcept valueString",
    ),
    ("http://hl7.org/fhir/us/core/CodeSystem/us-core-tags", "sdoh", "valueBoolean valueString valueCodeableConcept hasMember"),
    ("http://terminology.hl7.org/CodeSystem/observation-category", "social-history", "valueBoolean valueString valueQuantity"),
    (
        "http://terminology.hl7.org/CodeSystem/observation-category",
        "laboratory",
        "valueCodeableConcept valueString valueQuantity",
    ),
)


@pytest.mark.parametrize("patients", PATIENTS)
@pytest.mark.parametrize(("system", "code", "members_"), OLDER_VERSIONS)
def test_observations_have_the_categories_and_values_of_older_versions(
    system: str, code: str, members_: str, patients: int
) -> None:
    found = {
        name
        for observation in _of("Observation", patients)
        for category in observation["category"]
        if any((coding["system"], coding["code"]) == (system, code) for coding in category["coding"])
        for name in observation
    }
    assert set(members_.split()) - found == set()


@pytest.mark.parametrize("patients", PATIENTS)
def test_conditions_and_responses_about_living_conditions_have_the_code_of_us_core_5(patients: int) -> None:
    tags = [tag["code"] for response in _of("QuestionnaireResponse", patients) for tag in response["meta"].get("tag", ())]
    assert "sdoh" in tags
    systems = {
        coding["system"]
        for condition in _of("Condition", patients)
        for category in condition["category"]
        for coding in category["coding"]
        if coding["code"] == "sdoh"
    }
    assert "http://hl7.org/fhir/us/core/CodeSystem/us-core-tags" in systems
    members_ = {reference["member"]["reference"] for team in _of("CareTeam", patients) for reference in team["participant"]}
    assert any(member.startswith("Patient/") for member in members_)


def test_the_checker_reports_an_unmet_demand(shared: Path) -> None:
    guide_data = load(shared, "6.1.0", 50)
    url = CORE + "us-core-patient"
    bare = with_shapes({**item.resource, "name": [{"family": "A"}]} for item in guide_data.members[url])
    lacking = demands(url, guide_data.guide, True) - show(bare, url, guide_data.guide, guide_data.profiles)
    assert "Patient.name.suffix" in lacking
    url = CORE + "us-core-careteam"
    assert "CareTeam.participant.member to us-core-relatedperson" in demands(url, guide_data.guide, True) - show(
        guide_data.members[url], url, guide_data.guide, {}
    )
