"""Builds the statement at /metadata: a CapabilityStatement, or a Conformance resource in DSTU2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct, field

from sickbay.fhir.definitions import load_table
from sickbay.fhir.operations import registry as operation_registry
from sickbay.fhir.operations.registry import Operation
from sickbay.fhir.patch.formats import JSON_PATCH, MERGE_PATCH
from sickbay.fhir.profiles import list_supported_profiles
from sickbay.fhir.search.filters import is_answered
from sickbay.fhir.search.parameters import COMMON, SearchParameter, load_parameters
from sickbay.fhir.served import served_types
from sickbay.fhir.versions import VERSIONS

OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_OLD = ("dstu2", "stu3")
_OLD_SERVICE, _SERVICE = (
    "http://hl7.org/fhir/restful-security-service",
    "http://terminology.hl7.org/CodeSystem/restful-security-service",
)
BULK_DATA = "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"
US_CORE_SERVER = "http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server"
IPA_SERVER = "http://hl7.org/fhir/uv/ipa/CapabilityStatement/ipa-server"
"""From US Core 6.1: the profiles in `profiles.py`, and all interactions and search parameters with SHALL."""
_ENDPOINTS = ("authorize", "token", "register", "manage", "introspect", "revoke")


INTERACTIONS = ("read", "vread", "history-instance", "history-type", "update", "patch", "delete", "create", "search-type")
_NEW_IN_STU3 = ("patch",)


class Self(Struct, frozen=True):
    """base: the FHIR base. date: when this statement was made, as a FHIR date. software: the version of Sickbay.

    oauth: absolute URLs of authorize, token, register, manage, introspect and revoke, as far as they exist.
    """

    base: str
    date: str
    software: str
    oauth: Mapping[str, str]
    interactions: Sequence[str] = INTERACTIONS
    multiple_deletes: bool = False
    more: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Type -> interactions, for types that differ from `interactions`."""
    searchable: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Type -> the search parameters that are supported, for types that don't support all of them."""


def make_statement(version: str, server: Self) -> dict[str, Any]:
    """Returns the statement as a dict. The same arguments produce the same bytes."""
    json_type = VERSIONS[version].json
    capability: dict[str, Any] = {
        "resourceType": VERSIONS[version].statement,
        "id": "sickbay",
        "url": f"{server.base}/metadata",
        "version": server.software,
        "name": "Sickbay",
        "status": "active",
        "experimental": True,
        "date": server.date,
        "publisher": "Sickbay",
        "kind": "instance",
        "software": {"name": "Sickbay", "version": server.software},
        "implementation": {"description": "Sickbay: synthetic patients only", "url": server.base},
        "fhirVersion": VERSIONS[version].number,
    }
    if version in _OLD:
        capability["acceptUnknown"] = "extensions"
    else:
        capability["instantiates"] = [US_CORE_SERVER, IPA_SERVER, BULK_DATA] if version == "r4" else [BULK_DATA]
    capability["format"] = ["json", json_type, "xml", VERSIONS[version].xml]
    if version != "dstu2":
        capability["patchFormat"] = [JSON_PATCH, MERGE_PATCH, json_type, VERSIONS[version].xml]
    capability["rest"] = [_describe_server(version, server)]
    return capability


def _describe_server(version: str, server: Self) -> dict[str, Any]:
    system_interactions = (
        ["transaction", "history-system"] if version == "dstu2" else ["transaction", "batch", "history-system"]
    )
    system_interactions.append("search-system")
    mode = {"transactionMode": "both"} if version == "dstu2" else {}
    return {
        "mode": "server",
        "interaction": [{"code": code} for code in system_interactions],
        **mode,
        "security": _describe_security(version, server),
        "resource": [_describe_resource(version, server, type) for type in served_types(version)],
        "searchParam": _parameters_of_all(version),
        "operation": _server_operations(version),
        "compartment": [_compartment_url(version, name) for name in sorted(load_table(version, "compartments"))],
    }


def _server_operations(version: str) -> list[dict[str, Any]]:
    """Returns the server-level operations, or all operations in DSTU2 and STU3, which have no other place for them."""
    of_version = operation_registry.operations_of_version(version)
    return _operation_entries(
        version, [operation for operation in of_version if version in _OLD or operation.level == "system"]
    )


def _operation_entries(version: str, operations: Sequence[Operation]) -> list[dict[str, Any]]:
    """Returns one entry for each definition, even if it applies at both the type and the instance level."""
    by_definition = {operation.definition: operation.name for operation in operations}
    return [{"name": name, "definition": {"reference": url} if version in _OLD else url} for url, name in by_definition.items()]


def _describe_security(version: str, server: Self) -> dict[str, Any]:
    endpoints = [{"url": name, "valueUri": server.oauth[name]} for name in _ENDPOINTS if name in server.oauth]
    coding = {"system": _OLD_SERVICE if version in _OLD else _SERVICE, "code": "SMART-on-FHIR", "display": "SMART-on-FHIR"}
    return {
        "extension": [{"url": OAUTH_URIS, "extension": endpoints}],
        "cors": True,
        "service": [{"coding": [coding], "text": "OAuth2 using SMART-on-FHIR profile (see http://docs.smarthealthit.org)"}],
    }


def _describe_parameter(version: str, parameter: SearchParameter) -> dict[str, str]:
    """Describes a search parameter. Before R4 the type `special` didn't exist; `token` was used for it."""
    return {"name": parameter.code, "type": "token" if version in _OLD and parameter.kind == "special" else parameter.kind}


def _compartment_url(version: str, name: str) -> str:
    if version == "dstu2":
        return f"http://hl7.org/fhir/compartment/{name}"
    return f"http://hl7.org/fhir/CompartmentDefinition/{name.lower()}"


def _parameters_of_all(version: str) -> list[dict[str, str]]:
    """Returns the parameters that every type has, which also apply to searches of several types."""
    by_code = load_parameters(version, "Patient")
    common = [
        _describe_parameter(version, by_code[code])
        for code in COMMON
        if code in by_code and is_answered(version, by_code[code])
    ]
    by_others = [] if version in _OLD else [{"name": name, "type": "special"} for name in ("_has", "_list")]
    if version == "r5":
        by_others.append({"name": "_in", "type": "reference"})
    return [*common, *by_others]


@cache
def _parameters_by_target(version: str) -> Mapping[str, Sequence[str]]:
    """Returns type -> parameters that refer to it, as `Type:parameter`. A reference to any type is listed at every type."""
    referring: dict[str, list[str]] = {}
    for source in served_types(version):
        for parameter in sorted(load_parameters(version, source).values(), key=lambda parameter: parameter.code):
            if parameter.kind == "reference":
                any_type = not parameter.targets or "Resource" in parameter.targets
                for target in served_types(version) if any_type else parameter.targets:
                    referring.setdefault(target, []).append(f"{source}:{parameter.code}")
    return referring


def _describe_resource(version: str, server: Self, type: str) -> dict[str, Any]:
    requested = server.more.get(type, server.interactions)
    interactions = [name for name in requested if version != "dstu2" or name not in _NEW_IN_STU3]
    listed = server.searchable.get(type)
    searchable = [
        parameter
        for parameter in load_parameters(version, type).values()
        if is_answered(version, parameter) and (listed is None or parameter.code in listed or parameter.code.startswith("_"))
    ]
    description: dict[str, Any] = {
        "type": type,
        "supportedProfile": list_supported_profiles(version, type),
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned",
    }
    if "create" in interactions:
        description |= {"readHistory": True, "updateCreate": True, "conditionalCreate": True, "conditionalUpdate": True}
        description["conditionalDelete"] = "multiple" if server.multiple_deletes else "single"
        if version != "dstu2":
            description["conditionalRead"] = "full-support"
        if version == "r5" and "patch" in interactions:
            description["conditionalPatch"] = True
    if "search-type" in interactions:
        references = sorted(parameter.code for parameter in searchable if parameter.kind == "reference")
        description["searchInclude"] = [f"{type}:{code}" for code in references]
        description["searchRevInclude"] = list(_parameters_by_target(version).get(type, ()))
        in_order = sorted(searchable, key=lambda parameter: parameter.code)
        description["searchParam"] = [_describe_parameter(version, parameter) for parameter in in_order]
    if version not in _OLD:
        operations = operation_registry.operations_of_version(version)
        offered = [
            operation for operation in operations if operation.level != "system" and type in (operation.types or (type,))
        ]
        description["operation"] = _operation_entries(version, offered)
    return {key: value for key, value in description.items() if value != []}
