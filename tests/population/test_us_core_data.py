"""The default population shows everything that US Core 3.1.1, 6.1, 7.0 and 8.0 require a server to support.

Test suites skip what they find no data for. So each must-support element, search parameter and reference of the guides is
looked for in the 50 patients of seed 1; what is missing is listed by the failing test.
"""

from __future__ import annotations

import functools
import json
import re
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.population.must_support import demands, members, shape, shown
from tests.population.test_generate import everything
from tests.population.us_core import CORE, Guide, faults, read

from sickbay.fhir.search.index import extract
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
    # An average that could not be computed isn't recorded.
    (".*", "us-core-average-blood-pressure", r"Observation\.component(:\w+)?\.dataAbsentReason"),
    # The profiles inherit components from the vital signs profile, but these vital signs don't have any.
    (
        ".*",
        "pediatric-.*|head-.*|us-core-(bmi|body-.*|head-.*|heart-rate|respiratory-rate)",
        r"Observation\.component.*",
    ),
    # A blood pressure has its values in its components.
    (".*", "us-core-blood-pressure", r"Observation\.value\[x\].*"),
    # The server adds it to every resource that it stores.
    (".*", ".*", r".*\.meta\.lastUpdated"),
)
"""What nobody in the population has, with the reason."""


class Loaded(NamedTuple):
    """members: url of a profile -> the resources that it selects. profiles: reference -> names of profiles."""

    guide: Guide
    statement: Resource
    members: dict[str, list[Resource]]
    profiles: dict[str, set[str]]


@functools.cache
def loaded(shared: Path, version: str) -> Loaded:
    archive = shared / "data" / f"us-core-{version}.tgz"
    guide = read(archive)
    found = {url: each for url, each in members(everything("r4"), guide).items() if guide.profiles[url][0]["id"] != "Extension"}
    profiles: dict[str, set[str]] = {}
    for url, each in found.items():
        for one in each:
            profiles.setdefault(_address(one), set()).add(url.removeprefix(CORE))
    with tarfile.open(archive) as packed:
        file = packed.extractfile("package/CapabilityStatement-us-core-server.json")
        assert file
        return Loaded(guide, json.load(file), found, profiles)


def _address(one: Resource) -> str:
    return f"{one['resourceType']}/{one['id']}"


def _excepted(version: str, name: str, demand: str) -> bool:
    return any(
        re.fullmatch(each[0], version) and re.fullmatch(each[1], name) and re.fullmatch(each[2], demand) for each in EXCEPTIONS
    )


@functools.cache
def missing(shared: Path, version: str) -> dict[str, set[str]]:
    """By the name of a profile, the demands that nobody fulfils."""
    held = loaded(shared, version)
    return {
        url.removeprefix(CORE): demands(url, held.guide, version != "3.1.1") - shown(each, url, held.guide, held.profiles)
        for url, each in held.members.items()
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_every_must_support_element_type_and_target_is_shown_by_somebody(shared: Path, version: str) -> None:
    lacking = [
        f"{name}: {demand}"
        for name, found in missing(shared, version).items()
        for demand in sorted(found)
        if not _excepted(version, name, demand)
    ]
    assert lacking == []


def test_every_exception_is_needed(shared: Path) -> None:
    unused = [
        each
        for each in EXCEPTIONS
        if not any(
            re.fullmatch(each[0], version) and re.fullmatch(each[1], name) and re.fullmatch(each[2], demand)
            for version in VERSIONS
            for name, found in missing(shared, version).items()
            for demand in found
        )
    ]
    assert unused == []


def _supported(one: IndexEntries, type: str, name: str) -> bool:
    """Whether a search by this parameter, with a value taken from the resource, finds it."""
    if name in ("_id", "_lastUpdated"):
        return True
    parameter = find("r4", type, name)
    assert parameter, f"the server has no parameter {name} of {type}"
    number = parameter.number
    rows = (one.tokens, one.references, one.dates, one.strings, one.uris)
    return any(row[0] == number for kind in rows for row in kind) or (name == "patient" and bool(one.named))


def _searches(resource: Resource) -> set[tuple[str, ...]]:
    """Each parameter alone, and each combination of the statement."""
    found = {(each["name"],) for each in resource.get("searchParam", ())}
    for each in resource.get("extension", ()):
        if each["url"].endswith("search-parameter-combination"):
            found.add(tuple(part["valueString"] for part in each["extension"] if part["url"] == "required"))
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_search_of_the_server_statement_finds_something_of_every_profile(shared: Path, version: str) -> None:
    """By each parameter and combination: a resource of the profile that has values for all of it."""
    held = loaded(shared, version)
    facts: dict[Any, IndexEntries] = {}
    lacking = []
    for resource in held.statement["rest"][0]["resource"]:
        type = resource["type"]
        for url, each in held.members.items():
            if held.guide.profiles[url][0]["id"] == type:
                found = []
                for one in {shape(one, {}): one for one in each}.values():
                    found.append(facts.setdefault(one["id"], extract("r4", one, "http://localhost/r4")))
                lacking += [
                    f"{url.removeprefix(CORE)}: {'+'.join(search)}"
                    for search in _searches(resource)
                    if not any(all(_supported(one, type, name) for name in search) for one in found)
                ]
    assert sorted(lacking) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_provenance_refers_to_a_resource_of_every_profile(shared: Path, version: str) -> None:
    """_revinclude=Provenance:target, of every type for which the statement has it."""
    held = loaded(shared, version)
    included = {each["type"] for each in held.statement["rest"][0]["resource"] if each.get("searchRevInclude")}
    targets = {each["reference"] for one in everything("r4") if one["resourceType"] == "Provenance" for each in one["target"]}
    assert len(included) > 10
    lacking = [
        url.removeprefix(CORE)
        for url, each in held.members.items()
        if held.guide.profiles[url][0]["id"] in included and not any(_address(one) in targets for one in each)
    ]
    assert lacking == []


@pytest.mark.parametrize("version", ["6.1.0", "7.0.0", "8.0.0"])
def test_a_claimed_profile_is_met_in_each_version_that_has_it(shared: Path, version: str) -> None:
    guide = loaded(shared, version).guide
    claimed = {
        (url, shape(one, {})): one
        for one in everything("r4")
        for url in one.get("meta", {}).get("profile", ())
        if url in guide.profiles
    }
    assert len({url for url, _ in claimed}) >= 40
    assert {f"{url}: {fault}" for (url, _), one in claimed.items() for fault in faults(one, url, guide)} == set()


def _of(kind: str) -> list[Resource]:
    return [one for one in everything("r4") if one["resourceType"] == kind]


def _codes(concepts: list[Resource]) -> set[str]:
    return {coding["code"] for each in concepts for coding in each.get("coding", ())}


def test_every_common_clinical_note_and_report_is_there(shared: Path) -> None:
    """US Core, Clinical Notes: ten types of documents, and three categories of reports."""
    held = loaded(shared, "8.0.0").guide.codes[CORE.replace("StructureDefinition", "ValueSet") + "us-core-clinical-note-type"]
    assert {code for _, code in held} - _codes([one["type"] for one in _of("DocumentReference")]) == set()
    categories = _codes([each for one in _of("DiagnosticReport") for each in one["category"]])
    assert {"LP29708-2", "LP7839-6", "LP29684-5"} <= categories


def test_what_a_report_presents_is_in_a_document_of_the_same_patient() -> None:
    documents = {
        (one["subject"]["reference"], each["attachment"].get("url"))
        for one in _of("DocumentReference")
        for each in one["content"]
    }
    presented = [
        (one["subject"]["reference"], form["url"]) for one in _of("DiagnosticReport") for form in one.get("presentedForm", ())
    ]
    assert len(presented) > 20
    assert set(presented) <= documents


def test_every_screening_and_every_category_of_conditions_is_there() -> None:
    """US Core, Screening and Assessments: six categories beside "survey", and SDOH among the conditions."""
    surveys = [codes for one in _of("Observation") if "survey" in (codes := _codes(one["category"]))]
    wanted = {"sdoh", "functional-status", "disability-status", "cognitive-status", "activity", "social-history"}
    assert wanted <= set().union(*surveys)
    conditions = _codes([each for one in _of("Condition") for each in one["category"]])
    assert {"problem-list-item", "encounter-diagnosis", "health-concern", "sdoh"} <= conditions
    requests = _codes([each for one in _of("ServiceRequest") for each in one["category"]])
    assert {"sdoh", "410606002", "363679005", "387713003", "386053000", "409063005"} <= requests


def test_missing_data_have_a_reason_as_code_and_as_extension() -> None:
    text = json.dumps(everything("r4"))
    assert '"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"' in text
    assert '"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"' in text


def test_every_required_choice_has_a_value_that_libraries_can_read() -> None:
    """fhir.resources and others don't accept a choice that has an extension and no value, though FHIR allows it."""
    vaccinations = [
        (one.keys() & {"occurrenceDateTime", "occurrenceString"}, one["primarySource"]) for one in _of("Immunization")
    ]
    assert {len(given) for given, _ in vaccinations} == {1}
    assert ({"occurrenceString"}, False) in vaccinations


def test_a_patient_has_a_former_name_and_a_former_address() -> None:
    old = [one for one in _of("Patient") if any(each.get("use") == "old" for each in one["name"])]
    moved = [one for one in _of("Patient") if any(each["use"] == "old" for each in one["address"])]
    assert len(old) > 3
    assert len(moved) > 3
    for kind, people in (("name", old), ("address", moved)):
        for one in people:
            current, former = one[kind]
            assert former["period"]["end"] == current["period"]["start"]
            assert current["use"] in ("official", "home")


@pytest.mark.parametrize("kind", ["Medication", "Media", "Claim", "ExplanationOfBenefit", "Consent", "Endpoint"])
def test_types_that_only_some_records_have_are_there(kind: str) -> None:
    assert _of(kind)


def test_a_demand_that_nobody_fulfils_is_found(shared: Path) -> None:
    held = loaded(shared, "6.1.0")
    url = CORE + "us-core-patient"
    bare = [{**one, "name": [{"family": "A"}]} for one in held.members[url]]
    lacking = demands(url, held.guide, True) - shown(bare, url, held.guide, held.profiles)
    assert "Patient.name.suffix" in lacking
    url = CORE + "us-core-careteam"
    assert "CareTeam.participant.member to us-core-relatedperson" in demands(url, held.guide, True) - shown(
        held.members[url], url, held.guide, {}
    )
