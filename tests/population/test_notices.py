"""NOTICE names every terminology of the synthetic patients whose licence asks for a notice. None needs a paid licence."""

from __future__ import annotations

import csv

from tools.checks.files import ROOT

from sickbay.population import code_tables

NOTICE = " ".join((ROOT / "NOTICE").read_text(encoding="utf-8").split())
NOTICES = {
    "http://loinc.org": "This material contains content from LOINC (http://loinc.org).",
    "http://snomed.info/sct": "SNOMED CT® was originally created by the College of American Pathologists.",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "courtesy of the U.S. National Library of Medicine (NLM)",
    "http://unitsofmeasure.org": "The license is at https://ucum.org/license.",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM (National Center for Health Statistics)",
    "http://hl7.org/fhir/sid/cvx": "CVX (Centers for Disease Control and Prevention)",
}
HL7 = ("http://hl7.org/fhir/", "http://terminology.hl7.org/", "http://argonaut.hl7.org", "urn:ietf:", "urn:iso:")
OTHERS = {
    "https://nahdo.org/sopt",
    "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
    "urn:oid:2.16.840.1.113883.6.238",
}
"""Source of Payment Typology, IHE's formats, and race and ethnicity of the US government: free to use without a notice."""


def systems() -> set[str]:
    with (ROOT / "tests" / "population" / "confirmed_codes.tsv").open(encoding="utf-8") as file:
        elsewhere = {row["system"] for row in csv.DictReader(file, delimiter="\t")}
    return elsewhere | {code_tables.SYSTEMS[row["system"]] for row in code_tables.read_rows("codes")}


def test_every_terminology_with_a_notice_is_used_and_named() -> None:
    assert NOTICES.keys() <= systems()
    assert [text for text in NOTICES.values() if text not in NOTICE] == []


def test_no_other_terminology_is_used() -> None:
    assert {system for system in systems() - NOTICES.keys() - OTHERS if not system.startswith(HL7)} == set()
