"""The statement at /metadata."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sickbay.fhir.conformance import INTERACTIONS, OAUTH_URIS, Self, statement
from sickbay.fhir.elements import children
from sickbay.fhir.routing import Route, route
from sickbay.fhir.search.full_text import WORDS
from sickbay.fhir.search.modifiers import COLUMNS
from sickbay.fhir.search.parameters import parameters, resource_types
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Query
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.versions import VERSIONS

OAUTH = {"token": "http://h/general/oauth/token", "authorize": "http://h/general/oauth/authorize"}
NOT_READ = ("fhir-search-unknown-param", "fhir-search-param-unsupported")
SERVER = Self("http://h/general/r4", "2026-01-01", "0.1", OAUTH)


@pytest.mark.parametrize(
    ("version", "type", "number", "system"),
    [
        ("r4", "CapabilityStatement", "4.0.1", "http://terminology.hl7.org/CodeSystem/restful-security-service"),
        ("r4b", "CapabilityStatement", "4.3.0", "http://terminology.hl7.org/CodeSystem/restful-security-service"),
        ("r5", "CapabilityStatement", "5.0.0", "http://terminology.hl7.org/CodeSystem/restful-security-service"),
        ("stu3", "CapabilityStatement", "3.0.1", "http://hl7.org/fhir/restful-security-service"),
        ("dstu2", "Conformance", "1.0.2", "http://hl7.org/fhir/restful-security-service"),
    ],
)
def test_it_says_where_the_authorization_server_is(version: str, type: str, number: str, system: str) -> None:
    found = statement(version, SERVER)
    assert (found["resourceType"], found["fhirVersion"]) == (type, number)
    security = found["rest"][0]["security"]
    assert security["cors"] is True
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert security["service"][0]["coding"][0]["system"] == system
    (uris,) = [one for one in security["extension"] if one["url"] == OAUTH_URIS]
    assert [one["url"] for one in uris["extension"]] == ["authorize", "token"]
    assert {one["url"]: one["valueUri"] for one in uris["extension"]} == OAUTH


@pytest.mark.parametrize("version", VERSIONS)
def test_it_names_every_type_with_what_it_can_be_searched_by(version: str) -> None:
    resources = {one["type"]: one for one in statement(version, SERVER)["rest"][0]["resource"]}
    assert tuple(sorted(resources)) == tuple(one for one in resource_types(version) if not one.startswith("Subscription"))
    patient = resources["Patient"]
    assert {"name": "birthdate", "type": "date"} in patient["searchParam"]
    codes = [one["code"] for one in patient["interaction"]]
    assert codes == [one for one in INTERACTIONS if version != "dstu2" or one != "patch"]
    assert patient["conditionalDelete"] == "single"


def test_a_conditional_patch_is_said_where_the_version_has_a_word_for_it() -> None:
    for version in VERSIONS:
        said = statement(version, SERVER)["rest"][0]["resource"]
        assert {"conditionalPatch" in one for one in said} == {version == "r5"}


def test_a_client_of_us_core_finds_its_profiles_in_the_statement() -> None:
    resources = statement("r4", SERVER)["rest"][0]["resource"]
    found = {url.rpartition("/")[2] for one in resources for url in one.get("supportedProfile", ())}
    assert {"us-core-patient", "us-core-blood-pressure", "us-core-provenance"} <= found


@pytest.mark.parametrize("version", VERSIONS)
def test_it_says_all_that_a_search_takes_and_nothing_else(version: str) -> None:
    """Each parameter, include and reverse include that is named is read; what is not named is refused or left out."""
    rest = statement(version, SERVER)["rest"][0]
    assert {"code": "search-system"} in rest["interaction"]
    assert {"_id", "_lastUpdated", "_tag", "_profile"} <= {one["name"] for one in rest["searchParam"]}
    for held in rest["resource"]:
        type, named = held["type"], {one["name"] for one in held["searchParam"]}
        for code in named:
            read = parse(version, type, [(f"{code}:missing", "true")], base="http://h", strict=True)
            plain = parse(version, type, [(code, "a b\x00")], base="http://h", strict=True)
            assert isinstance(read, Query) or code in COLUMNS | WORDS, (type, code)
            assert isinstance(plain, Query) or plain[0].rule not in NOT_READ, (type, code)
        for code in parameters(version, type).keys() - named:
            refused = parse(version, type, [(code, "x")], base="http://h")
            assert isinstance(refused, tuple), (type, code)
            assert refused[0].rule == "fhir-search-param-unsupported", (type, code)
        for name in held.get("searchInclude", ()):
            assert isinstance(parse(version, type, [("_include", name)], base="http://h", strict=True), Query), name
        for name in held.get("searchRevInclude", ())[:20]:
            assert isinstance(parse(version, type, [("_revinclude", name)], base="http://h", strict=True), Query), name
    patient = next(one for one in rest["resource"] if one["type"] == "Patient")
    assert "Observation:subject" in patient["searchRevInclude"]
    assert "Observation:encounter" not in patient["searchRevInclude"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_element_of_it_is_one_of_the_version(version: str) -> None:
    found = statement(version, SERVER)
    assert validate(version, found) == []
    assert list(_unknown(version, found["resourceType"], found)) == []


def _unknown(version: str, path: str, node: dict[str, Any]) -> list[str]:
    strange = []
    held = children(version, path)
    for key, value in node.items():
        if key == "resourceType":
            continue
        named = held.get(key)
        if not named:
            strange.append(f"{path}.{key}")
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                strange += _unknown(version, named[0].path, one)
    return strange


def offered(version: str) -> set[tuple[str, str]]:
    """(type, name) of all operations that the statement names; "" for the whole server."""
    rest = statement(version, SERVER)["rest"][0]
    listed = [("", one) for one in rest.get("operation", [])]
    listed += [(held["type"], one) for held in rest["resource"] for one in held.get("operation", [])]
    return {(type, one["name"]) for type, one in listed}


def test_every_operation_that_is_said_is_routed_and_no_other() -> None:
    found = offered("r4")
    for type, name in found:
        paths = [f"/${name}"] if not type else [f"/{type}/${name}", f"/{type}/x/${name}"]
        assert any(isinstance(route("r4", "POST", path), Route) for path in paths), (type, name)
    assert ("", "export") in found
    assert ("Patient", "everything") in found
    assert ("Observation", "validate") in found
    assert ("Observation", "everything") not in found
    assert "lastn" not in {name for _, name in offered("dstu2")}


def test_an_operation_is_named_by_its_definition() -> None:
    resources = {one["type"]: one for one in statement("r4", SERVER)["rest"][0]["resource"]}
    named = {one["name"]: one["definition"] for one in resources["Group"]["operation"]}
    assert named["export"] == "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export"
    every = statement("dstu2", SERVER)["rest"][0]["operation"]
    assert {"reference": "http://hl7.org/fhir/OperationDefinition/Patient-everything"} in [one["definition"] for one in every]


EXPECTATION = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation"


def _shall(one: dict[str, Any]) -> bool:
    return any(each["url"] == EXPECTATION and each["valueCode"] == "SHALL" for each in one.get("extension", []))


def test_it_instantiates_the_us_core_server_whose_interactions_and_parameters_it_has(shared: Path) -> None:
    """The profiles are those that `profiles` names; US Core lets a server choose them, next to that of Patient."""
    with tarfile.open(shared / "data" / "us-core-6.1.0.tgz") as package:
        file = package.extractfile("package/CapabilityStatement-us-core-server.json")
        assert file is not None
        wanted = json.load(file)
    own = statement("r4", SERVER)
    assert wanted["url"] in own["instantiates"]
    resources = {one["type"]: one for one in own["rest"][0]["resource"]}
    for one in wanted["rest"][0]["resource"]:
        held = resources[one["type"]]
        have = {each["code"] for each in held["interaction"]}, {each["name"] for each in held["searchParam"]}
        assert {each["code"] for each in one.get("interaction", []) if _shall(each)} <= have[0]
        assert {each["name"] for each in one.get("searchParam", []) if _shall(each)} <= have[1]
        named = {each["definition"] for each in held["operation"]}
        assert {each["definition"] for each in one.get("operation", []) if _shall(each)} <= named
        assert set(one.get("searchRevInclude", [])) <= set(held["searchRevInclude"])
    assert all(
        wanted["url"] not in statement(version, SERVER).get("instantiates", []) for version in VERSIONS if version != "r4"
    )


CLIENTS = {
    ("", "export"): "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
    ("Patient", "export"): "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export",
    ("Group", "export"): "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export",
    ("Patient", "everything"): "http://hl7.org/fhir/OperationDefinition/Patient-everything",
    ("Encounter", "everything"): "http://hl7.org/fhir/OperationDefinition/Encounter-everything",
    ("DocumentReference", "docref"): "http://hl7.org/fhir/us/core/OperationDefinition/docref",
    ("Observation", "lastn"): "http://hl7.org/fhir/OperationDefinition/Observation-lastn",
    ("Observation", "validate"): "http://hl7.org/fhir/OperationDefinition/Resource-validate",
    ("ValueSet", "expand"): "http://hl7.org/fhir/OperationDefinition/ValueSet-expand",
    ("CodeSystem", "lookup"): "http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup",
}


@pytest.mark.parametrize("version", ["r4", "r4b", "r5"])
def test_operations_stand_where_clients_look_for_them(version: str) -> None:
    rest = statement(version, SERVER)["rest"][0]
    listed = {("", one["name"]): one["definition"] for one in rest["operation"]}
    listed |= {(held["type"], one["name"]): one["definition"] for held in rest["resource"] for one in held["operation"]}
    assert {key: listed[key] for key in CLIENTS} == CLIENTS
