"""Builds minimal valid resources: any type of any version with only its required elements."""

from __future__ import annotations

from typing import Any

from sickbay.fhir.definitions import load_table
from sickbay.fhir.elements import list_children

VALUES: dict[str, Any] = {
    "base64Binary": "AAAA",
    "boolean": True,
    "canonical": "http://h/x",
    "code": "x",
    "date": "2026-01-01",
    "dateTime": "2026-01-01",
    "decimal": 1,
    "id": "x",
    "instant": "2026-01-01T00:00:00Z",
    "integer": 1,
    "integer64": "1",
    "markdown": "x",
    "oid": "urn:oid:1.2",
    "positiveInt": 1,
    "string": "x",
    "time": "10:00:00",
    "unsignedInt": 1,
    "uri": "http://h/x",
    "url": "http://h/x",
    "uuid": "urn:uuid:00000000-0000-4000-8000-000000000000",
    "xhtml": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>',
}


ACTIVE = {"coding": [{"system": "http://h/x", "code": "active"}]}
NEEDED: dict[str, dict[str, Any]] = {
    "r4 AllergyIntolerance": {"clinicalStatus": ACTIVE},  # ait-1
    "r4b AllergyIntolerance": {"clinicalStatus": ACTIVE},
    "Bundle": {"type": "collection"},  # bdl-9
    "Organization": {"name": "x"},  # org-1
    "Appointment": {
        "status": "proposed",
        "participant": [{"actor": {"reference": "Patient/p-0001"}, "status": "accepted"}],
    },
}
"""Elements required only by invariants; for a type, or for a type in one version."""


def minimal(version: str, type: str) -> dict[str, Any]:
    needed = NEEDED.get(f"{version} {type}", NEEDED.get(type, {}))
    return {"resourceType": type, **_require(version, type), **needed}


def _require(version: str, path: str) -> dict[str, Any]:
    members = {}
    for name, row in _under(version, path):
        if row[0] > 0:
            child = list_children(version, path)[name.removesuffix("[x]")][0]
            value = _value(version, row, child.type, child.path)
            members[child.key] = [value] if row[1] != "1" else value
    return members


def _value(version: str, row: list[Any], type: str, path: str) -> Any:
    if type in VALUES:
        codes = load_table(version, "codes").get((row[3] or "").partition("|")[0]) if len(row) > 3 else None
        return codes[0] if codes and type == "code" else VALUES[type]
    if type == "Reference":
        targets = row[2][0].partition(":")[2].split("|")
        return {"reference": f"{targets[0] if targets[0] not in ('', 'Resource') else 'Patient'}/p-0001"}
    if type == "Resource":
        return {"resourceType": "Basic", **_require(version, "Basic")}
    return _require(version, path) or _any(version, path)


def _any(version: str, path: str) -> dict[str, Any]:
    """Fills an element that must not be empty: with its first text, or else its first element."""
    rows = [(name, row) for name, row in _under(version, path) if name not in ("id", "extension", "modifierExtension")]
    name, row = next(
        (candidate for candidate in rows if candidate[1][2][0] in ("string", "decimal", "uri", "dateTime")), rows[0]
    )
    child = list_children(version, path)[name][0]
    value = _value(version, row, child.type, child.path)
    return {name: [value] if row[1] != "1" else value}


def _under(version: str, path: str) -> list[tuple[str, list[Any]]]:
    rows = load_table(version, "elements").items()
    return [(key.rpartition(".")[2], row) for key, row in rows if key.rpartition(".")[0] == path]
