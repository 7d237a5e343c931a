"""The capability statement at /metadata."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sickbay.fhir.conformance import INTERACTIONS, OAUTH_URIS, Self, make_statement
from sickbay.fhir.elements import list_children
from sickbay.fhir.routing import Route, route
from sickbay.fhir.search.full_text import WORDS
from sickbay.fhir.search.parameters import COLUMNS, load_parameters, resource_types
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
def test_the_statement_has_the_endpoints_of_the_authorization_server(version: str, type: str, number: str, system: str) -> None:
    capability = make_statement(version, SERVER)
    assert (capability["resourceType"], capability["fhirVersion"]) == (type, number)
    security = capability["rest"][0]["security"]
    assert security["cors"] is True
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert security["service"][0]["coding"][0]["system"] == system
    (uris,) = [extension for extension in security["extension"] if extension["url"] == OAUTH_URIS]
    assert [extension["url"] for extension in uris["extension"]] == ["authorize", "token"]
    assert {extension["url"]: extension["valueUri"] for extension in uris["extension"]} == OAUTH


@pytest.mark.parametrize("version", VERSIONS)
def test_the_statement_lists_every_type_with_its_search_parameters(version: str) -> None:
    resources = {resource["type"]: resource for resource in make_statement(version, SERVER)["rest"][0]["resource"]}
    assert tuple(sorted(resources)) == tuple(type for type in resource_types(version) if not type.startswith("Subscription"))
    patient = resources["Patient"]
    assert {"name": "birthdate", "type": "date"} in patient["searchParam"]
    codes = [interaction["code"] for interaction in patient["interaction"]]
    assert codes == [code for code in INTERACTIONS if version != "dstu2" or code != "patch"]
    assert patient["conditionalDelete"] == "single"


def test_conditional_patch_is_listed_only_in_versions_that_have_an_element_for_it() -> None:
    for version in VERSIONS:
        resources = make_statement(version, SERVER)["rest"][0]["resource"]
        assert {"conditionalPatch" in resource for resource in resources} == {version == "r5"}


def test_the_statement_lists_the_us_core_profiles() -> None:
    resources = make_statement("r4", SERVER)["rest"][0]["resource"]
    profiles = {url.rpartition("/")[2] for resource in resources for url in resource.get("supportedProfile", ())}
    assert {"us-core-patient", "us-core-blood-pressure", "us-core-provenance"} <= profiles


@pytest.mark.parametrize("version", VERSIONS)
def test_the_statement_lists_exactly_the_supported_search_parameters(version: str) -> None:
    """Each parameter, include and reverse include in it can be used; others are refused or ignored."""
    rest = make_statement(version, SERVER)["rest"][0]
    assert {"code": "search-system"} in rest["interaction"]
    assert {"_id", "_lastUpdated", "_tag", "_profile"} <= {parameter["name"] for parameter in rest["searchParam"]}
    for resource in rest["resource"]:
        type, listed = resource["type"], {parameter["name"] for parameter in resource["searchParam"]}
        for code in listed:
            missing = parse(version, type, [(f"{code}:missing", "true")], base="http://h", strict=True)
            plain = parse(version, type, [(code, "a b\x00")], base="http://h", strict=True)
            assert isinstance(missing, Query) or code in COLUMNS | WORDS, (type, code)
            assert isinstance(plain, Query) or plain[0].rule not in NOT_READ, (type, code)
        for code in load_parameters(version, type).keys() - listed:
            refused = parse(version, type, [(code, "x")], base="http://h")
            assert isinstance(refused, tuple), (type, code)
            assert refused[0].rule == "fhir-search-param-unsupported", (type, code)
        for name in resource.get("searchInclude", ()):
            assert isinstance(parse(version, type, [("_include", name)], base="http://h", strict=True), Query), name
        for name in resource.get("searchRevInclude", ())[:20]:
            assert isinstance(parse(version, type, [("_revinclude", name)], base="http://h", strict=True), Query), name
    patient = next(resource for resource in rest["resource"] if resource["type"] == "Patient")
    assert "Observation:subject" in patient["searchRevInclude"]
    assert "Observation:encounter" not in patient["searchRevInclude"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_element_of_the_statement_exists_in_the_version(version: str) -> None:
    capability = make_statement(version, SERVER)
    assert validate(version, capability) == []
    assert list(_find_unknown_elements(version, capability["resourceType"], capability)) == []


def _find_unknown_elements(version: str, path: str, node: dict[str, Any]) -> list[str]:
    unknown = []
    elements = list_children(version, path)
    for key, value in node.items():
        if key == "resourceType":
            continue
        child_elements = elements.get(key)
        if not child_elements:
            unknown.append(f"{path}.{key}")
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                unknown += _find_unknown_elements(version, child_elements[0].path, item)
    return unknown


def offer(version: str) -> set[tuple[str, str]]:
    """Returns (type, name) of all operations in the statement; "" for the whole server."""
    rest = make_statement(version, SERVER)["rest"][0]
    operations = [("", operation) for operation in rest.get("operation", [])]
    for resource in rest["resource"]:
        operations += [(resource["type"], operation) for operation in resource.get("operation", [])]
    return {(type, operation["name"]) for type, operation in operations}


def test_exactly_the_operations_in_the_statement_are_routed() -> None:
    operations = offer("r4")
    for type, name in operations:
        paths = [f"/${name}"] if not type else [f"/{type}/${name}", f"/{type}/x/${name}"]
        assert any(isinstance(route("r4", "POST", path), Route) for path in paths), (type, name)
    assert ("", "export") in operations
    assert ("Patient", "everything") in operations
    assert ("Observation", "validate") in operations
    assert ("Observation", "everything") not in operations
    assert "lastn" not in {name for _, name in offer("dstu2")}


def test_an_operation_is_listed_with_its_definition() -> None:
    resources = {resource["type"]: resource for resource in make_statement("r4", SERVER)["rest"][0]["resource"]}
    definitions = {operation["name"]: operation["definition"] for operation in resources["Group"]["operation"]}
    assert definitions["export"] == "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export"
    every = make_statement("dstu2", SERVER)["rest"][0]["operation"]
    assert {"reference": "http://hl7.org/fhir/OperationDefinition/Patient-everything"} in [
        operation["definition"] for operation in every
    ]


EXPECTATION = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation"


def _shall(element: dict[str, Any]) -> bool:
    extensions = element.get("extension", [])
    return any(extension["url"] == EXPECTATION and extension["valueCode"] == "SHALL" for extension in extensions)


def test_the_statement_meets_the_us_core_server_that_it_instantiates(shared: Path) -> None:
    """Profiles are listed in `profiles`. US Core lets a server choose them, except Patient's."""
    with tarfile.open(shared / "data" / "us-core-6.1.0.tgz") as package:
        file = package.extractfile("package/CapabilityStatement-us-core-server.json")
        assert file is not None
        wanted = json.load(file)
    own = make_statement("r4", SERVER)
    assert wanted["url"] in own["instantiates"]
    resources = {resource["type"]: resource for resource in own["rest"][0]["resource"]}

    def require(resource: dict[str, Any], member: str, key: str) -> set[str]:
        return {item[key] for item in resource.get(member, []) if _shall(item)}

    for resource in wanted["rest"][0]["resource"]:
        offered = resources[resource["type"]]
        assert require(resource, "interaction", "code") <= {item["code"] for item in offered["interaction"]}
        assert require(resource, "searchParam", "name") <= {item["name"] for item in offered["searchParam"]}
        assert require(resource, "operation", "definition") <= {item["definition"] for item in offered["operation"]}
        assert set(resource.get("searchRevInclude", [])) <= set(offered["searchRevInclude"])
    assert all(
        wanted["url"] not in make_statement(version, SERVER).get("instantiates", []) for version in VERSIONS if version != "r4"
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
def test_operations_are_listed_under_the_types_where_clients_look_for_them(version: str) -> None:
    rest = make_statement(version, SERVER)["rest"][0]
    listed = {("", operation["name"]): operation["definition"] for operation in rest["operation"]}
    for resource in rest["resource"]:
        listed |= {(resource["type"], operation["name"]): operation["definition"] for operation in resource["operation"]}
    assert {key: listed[key] for key in CLIENTS} == CLIENTS
