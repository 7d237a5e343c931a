"""The supported operations: the level and parameters of each, and the permissions a token needs.

The router, the metadata and the parsing of parameters all use this table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from sickbay.fhir.search.parameters import nearest_of
from sickbay.kernel.memoize import memoize

Level: TypeAlias = Literal["system", "type", "instance"]
Kind: TypeAlias = Literal["code", "date", "instant", "integer", "string", "boolean", "reference", "any"]

CORE = "http://hl7.org/fhir/OperationDefinition/"
BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/OperationDefinition/"
ASYNC_READING, WRITING = ("GET", "POST"), ("POST",)


class Operation(Struct, frozen=True):
    """types None: all types. takes: parameter -> kind, in a query or in Parameters; None: search parameters.

    letters: from cruds, for the type in the URL; "" if any valid token is enough, or if the operation has its own check.
    """

    name: str
    level: Level
    types: tuple[str, ...] | None
    letters: str
    definition: str
    takes: Mapping[str, Kind] | None
    required: tuple[str, ...] = ()
    methods: tuple[str, ...] = ASYNC_READING
    versions: tuple[str, ...] | None = None
    """None: all versions."""


_EXPORT: dict[str, Kind] = {
    "_outputFormat": "string",
    "_since": "instant",
    "_type": "string",
    "_typeFilter": "string",
    "_elements": "string",
}
_OF_PATIENTS: dict[str, Kind] = {**_EXPORT, "patient": "reference"}
_OF_GROUP: dict[str, Kind] = {**_OF_PATIENTS, "includeAssociatedData": "string"}
_EVERYTHING: dict[str, Kind] = {
    "start": "date",
    "end": "date",
    "_since": "instant",
    "_type": "string",
    "_count": "integer",
    "_cursor": "string",
}
_ENCOUNTER: dict[str, Kind] = {name: kind for name, kind in _EVERYTHING.items() if name not in ("start", "end")}
_VALIDATE: dict[str, Kind] = {"mode": "code", "profile": "string", "resource": "any"}
_META: dict[str, Kind] = {"meta": "any"}
_CODED: dict[str, Kind] = {
    "code": "string",
    "system": "string",
    "display": "string",
    "coding": "any",
    "codeableConcept": "any",
    "version": "string",
    "systemVersion": "string",
    "date": "string",
    "displayLanguage": "code",
    "abstract": "boolean",
}
_OF_SET: dict[str, Kind] = {"url": "string", "valueSetVersion": "string", "context": "string", **_CODED}
_EXPAND: dict[str, Kind] = {
    "url": "string",
    "valueSetVersion": "string",
    "filter": "string",
    "offset": "integer",
    "count": "integer",
    "activeOnly": "boolean",
    "includeDesignations": "boolean",
    "displayLanguage": "code",
}
_DOCREF: dict[str, Kind] = {
    "patient": "string",
    "start": "date",
    "end": "date",
    "type": "any",
    "on-demand": "boolean",
    "profile": "string",
    "_count": "integer",
    "_cursor": "string",
}
IDENTIFIED = frozenset({"expand", "validate-code"})
"""Operations that name their value set with `identifier` in DSTU2, and with `url` in later versions."""
_NEWER = ("stu3", "r4", "r4b", "r5")

OPERATIONS: tuple[Operation, ...] = (
    Operation("everything", "instance", ("Patient",), "r", CORE + "Patient-everything", _EVERYTHING),
    Operation("everything", "type", ("Patient",), "rs", CORE + "Patient-everything", _EVERYTHING),
    Operation("everything", "instance", ("Encounter",), "r", CORE + "Encounter-everything", _ENCOUNTER),
    Operation("lastn", "type", ("Observation",), "s", CORE + "Observation-lastn", None, versions=_NEWER),
    Operation("docref", "type", ("DocumentReference",), "s", US_CORE + "docref", _DOCREF, ("patient",)),
    Operation("validate", "type", None, "", CORE + "Resource-validate", _VALIDATE, methods=WRITING),
    Operation("validate", "instance", None, "r", CORE + "Resource-validate", _VALIDATE),
    Operation("meta", "instance", None, "r", CORE + "Resource-meta", {}),
    Operation("meta", "type", None, "s", CORE + "Resource-meta", {}),
    Operation("meta", "system", None, "", CORE + "Resource-meta", {}),
    Operation("meta-add", "instance", None, "u", CORE + "Resource-meta-add", _META, ("meta",), WRITING),
    Operation("meta-delete", "instance", None, "u", CORE + "Resource-meta-delete", _META, ("meta",), WRITING),
    Operation("expand", "type", ("ValueSet",), "", CORE + "ValueSet-expand", _EXPAND, ("url",)),
    Operation("validate-code", "type", ("ValueSet",), "", CORE + "ValueSet-validate-code", _OF_SET, ("url",)),
    Operation(
        "validate-code",
        "type",
        ("CodeSystem",),
        "",
        CORE + "CodeSystem-validate-code",
        {"url": "string", **_CODED},
        versions=_NEWER,
    ),
    Operation(
        "lookup", "type", ("CodeSystem",), "", CORE + "CodeSystem-lookup", {**_CODED, "property": "code"}, versions=_NEWER
    ),
    Operation("lookup", "type", ("ValueSet",), "", CORE + "ValueSet-lookup", _CODED, versions=("dstu2",)),
    Operation("export", "system", None, "", BULK + "export", _EXPORT),
    Operation("export", "type", ("Patient",), "rs", BULK + "patient-export", _OF_PATIENTS),
    Operation("export", "instance", ("Group",), "", BULK + "group-export", _OF_GROUP),
)


def find_operation(version: str, name: str, type: str | None, id: str | None) -> Operation | None:
    """Returns the operation `$name` at the URL of a type, an instance, or the whole server."""
    level = "system" if type is None else "type" if id is None else "instance"
    return next(
        (
            operation
            for operation in operations_of_version(version)
            if operation.name == name and operation.level == level and _applies_to(operation, type)
        ),
        None,
    )


def _applies_to(operation: Operation, type: str | None) -> bool:
    return operation.types is None or type in operation.types


def operations_of_version(version: str) -> list[Operation]:
    return [operation for operation in OPERATIONS if operation.versions is None or version in operation.versions]


@memoize(8)
def list_names(version: str) -> frozenset[str]:
    return frozenset(operation.name for operation in operations_of_version(version))


def _address_of_operation(operation: Operation) -> str:
    if operation.level == "system":
        return f"${operation.name}"
    return f"{'/'.join(operation.types or ('<Type>',))}{'/<id>' if operation.level == 'instance' else ''}/${operation.name}"


@memoize(256)
def suggest_operations(version: str, name: str, type: str | None) -> str:
    """Suggests operations for an unknown `$name` at a type or the server."""
    known = {_address_of_operation(operation): operation for operation in operations_of_version(version)}
    same = [address for address, operation in known.items() if operation.name == name]
    near = nearest_of(name, {operation.name for operation in known.values()})
    alike = [address for address, operation in known.items() if operation.name == near]
    here = [address for address, operation in known.items() if type in (operation.types or ())]
    return " or ".join(same or alike or here or list(known))


def list_types(operation: Operation, types: Sequence[str]) -> tuple[str, ...]:
    """Returns other types whose scopes are needed: those in `_type`, and Patient for exports of patients' records."""
    about = ("Patient",) if operation.name == "export" and operation.level != "system" else ()
    return tuple(dict.fromkeys((*about, *types)))
