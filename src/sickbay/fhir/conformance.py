"""What the server says of itself at /metadata: CapabilityStatement, in DSTU2 Conformance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sickbay.fhir.definitions import table
from sickbay.fhir.operations import registry as operation_registry
from sickbay.fhir.operations.registry import Operation
from sickbay.fhir.patch.formats import JSON_PATCH, MERGE_PATCH
from sickbay.fhir.profiles import supported
from sickbay.fhir.search.filters import is_answered
from sickbay.fhir.search.parameters import COMMON, parameters
from sickbay.fhir.search.query import SearchParameter
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
"""As of US Core 6.1: the profiles in `profiles.py`, and every interaction and search parameter with SHALL. A test compares."""
_ENDPOINTS = ("authorize", "token", "register", "manage", "introspect", "revoke")


INTERACTIONS = (
    "read",
    "vread",
    "history-instance",
    "history-type",
    "update",
    "patch",
    "delete",
    "create",
    "search-type",
)
_NEW_IN_STU3 = ("patch",)


@dataclass(frozen=True, slots=True)
class Self:
    """base: the FHIR base. date: when this statement was made, a FHIR date. software: version of Sickbay.

    oauth: of authorize, token, register, manage, introspect, revoke those that there are, as absolute URLs.
    """

    base: str
    date: str
    software: str
    oauth: Mapping[str, str]
    interactions: Sequence[str] = INTERACTIONS
    multiple_deletes: bool = False
    more: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Type -> interactions, where they are others."""


def statement(version: str, server: Self) -> dict[str, Any]:
    """The statement as a dict; the same arguments give the same bytes."""
    json_type = VERSIONS[version].json
    found: dict[str, Any] = {
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
        found["acceptUnknown"] = "extensions"
    else:
        found["instantiates"] = [US_CORE_SERVER, BULK_DATA] if version == "r4" else [BULK_DATA]
    found["format"] = ["json", json_type, "xml", VERSIONS[version].xml]
    if version != "dstu2":
        found["patchFormat"] = [JSON_PATCH, MERGE_PATCH, json_type, VERSIONS[version].xml]
    found["rest"] = [_rest(version, server)]
    return found


def _rest(version: str, server: Self) -> dict[str, Any]:
    several = ["transaction", "history-system"] if version == "dstu2" else ["transaction", "batch", "history-system"]
    several.append("search-system")
    mode = {"transactionMode": "both"} if version == "dstu2" else {}
    return {
        "mode": "server",
        "interaction": [{"code": code} for code in several],
        **mode,
        "security": _security(version, server),
        "resource": [_resource(version, server, type) for type in served_types(version)],
        "searchParam": _of_all(version),
        "operation": _operations(version),
        "compartment": [_compartment(version, name) for name in sorted(table(version, "compartments"))],
    }


def _operations(version: str) -> list[dict[str, Any]]:
    """Those of the whole server; in the old versions, which have no other place for them, all."""
    held = [one for one in operation_registry.of_version(version) if version in _OLD or one.level == "system"]
    return _named(version, held)


def _named(version: str, held: Sequence[Operation]) -> list[dict[str, Any]]:
    """One entry a definition, whether it stands at a type, at its resources or at both."""
    by_definition = {one.definition: one.name for one in held}
    return [{"name": name, "definition": {"reference": url} if version in _OLD else url} for url, name in by_definition.items()]


def _security(version: str, server: Self) -> dict[str, Any]:
    nested = [{"url": name, "valueUri": server.oauth[name]} for name in _ENDPOINTS if name in server.oauth]
    coding = {
        "system": _OLD_SERVICE if version in _OLD else _SERVICE,
        "code": "SMART-on-FHIR",
        "display": "SMART-on-FHIR",
    }
    return {
        "extension": [{"url": OAUTH_URIS, "extension": nested}],
        "cors": True,
        "service": [{"coding": [coding], "text": "OAuth2 using SMART-on-FHIR profile (see http://docs.smarthealthit.org)"}],
    }


def _parameter(version: str, one: SearchParameter) -> dict[str, str]:
    """Before R4 there was no kind `special`: what is of it was called a token."""
    return {"name": one.code, "type": "token" if version in _OLD and one.kind == "special" else one.kind}


def _compartment(version: str, name: str) -> str:
    if version == "dstu2":
        return f"http://hl7.org/fhir/compartment/{name}"
    return f"http://hl7.org/fhir/CompartmentDefinition/{name.lower()}"


def _of_all(version: str) -> list[dict[str, str]]:
    """What every type is searched by, and so several at once."""
    held = parameters(version, "Patient")
    common = [_parameter(version, held[code]) for code in COMMON if code in held and is_answered(version, held[code])]
    by_others = [] if version in _OLD else [{"name": name, "type": "special"} for name in ("_has", "_list")]
    if version == "r5":
        by_others.append({"name": "_in", "type": "reference"})
    return [*common, *by_others]


@cache
def _referring(version: str) -> Mapping[str, Sequence[str]]:
    """Type -> what refers to it, as Type:parameter. A reference to anything is said at every type."""
    found: dict[str, list[str]] = {}
    for source in served_types(version):
        for one in sorted(parameters(version, source).values(), key=lambda one: one.code):
            if one.kind == "reference":
                anything = not one.targets or "Resource" in one.targets
                for target in served_types(version) if anything else one.targets:
                    found.setdefault(target, []).append(f"{source}:{one.code}")
    return found


def _resource(version: str, server: Self, type: str) -> dict[str, Any]:
    asked = server.more.get(type, server.interactions)
    interactions = [one for one in asked if version != "dstu2" or one not in _NEW_IN_STU3]
    held = [one for one in parameters(version, type).values() if is_answered(version, one)]
    found: dict[str, Any] = {
        "type": type,
        "supportedProfile": supported(version, type),
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned",
    }
    if "create" in interactions:
        found |= {"readHistory": True, "updateCreate": True, "conditionalCreate": True, "conditionalUpdate": True}
        found["conditionalDelete"] = "multiple" if server.multiple_deletes else "single"
        if version != "dstu2":
            found["conditionalRead"] = "full-support"
        if version == "r5" and "patch" in interactions:
            found["conditionalPatch"] = True
    if "search-type" in interactions:
        references = sorted(one.code for one in held if one.kind == "reference")
        found["searchInclude"] = [f"{type}:{code}" for code in references]
        found["searchRevInclude"] = list(_referring(version).get(type, ()))
        found["searchParam"] = [_parameter(version, one) for one in sorted(held, key=lambda one: one.code)]
    if version not in _OLD:
        offered = operation_registry.of_version(version)
        found["operation"] = _named(
            version, [one for one in offered if one.level != "system" and type in (one.types or (type,))]
        )
    return {key: value for key, value in found.items() if value != []}
