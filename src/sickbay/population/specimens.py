"""What was taken for the laboratory: of each kind one specimen a visit, whatever was measured in it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from sickbay.population import measures, procedure_codes
from sickbay.population.codings import ERROR, HL7_TERMS, Coding, Concept, snomed
from sickbay.population.patient_history import PatientHistory

BLOOD = snomed("122555007", "Venous blood specimen", "Venous blood")
URINE = snomed("122575003", "Urine specimen", "Urine")
STOOL = snomed("119339001", "Stool specimen", "Stool")
SWAB = snomed("258500001", "Nasopharyngeal swab")
TISSUE = snomed("119376003", "Tissue specimen", "Tissue")
HEMOLYZED = Concept((Coding(HL7_TERMS + "v2-0493", "HEM", "Hemolyzed"),), "Haemolysed")

_OTHERS: Mapping[str, Concept] = {
    measures.ALBUMIN_RATIO.key: URINE,
    measures.NITRITE.key: URINE,
    measures.ESTERASE.key: URINE,
    measures.URINE_COLOR.key: URINE,
    measures.PATHOLOGY.key: TISSUE,
    measures.STOOL.key: STOOL,
    measures.COVID.key: SWAB,
    measures.INFLUENZA.key: SWAB,
}
"""By the key of a measure; what is not named here is measured in blood."""


class Specimen(NamedTuple):
    """at: when it was taken. by: a practitioner's id. site: where; None: not from a place of the body that matters."""

    number: int
    kind: Concept
    at: datetime.datetime
    by: str | None
    site: Concept | None = None
    spoiled: bool = False
    """Haemolysed: some results could not be obtained from it."""


def taken(life: PatientHistory) -> dict[int, Specimen]:
    """The number of a laboratory's reading -> what it was measured in; a specimen stands at all of its readings."""
    found: dict[tuple[int, Concept], Specimen] = {}
    spoiled = {one.visit for one in life.readings if one.why is ERROR}
    held: dict[int, Specimen] = {}
    for one in life.readings:
        if one.measure.kind == "laboratory" and one.visit:
            kind = _OTHERS.get(one.measure.key, BLOOD)
            site = _site(life, one.visit) if kind is TISSUE else procedure_codes.ARM if kind is BLOOD else None
            new = Specimen(len(found) + 1, kind, one.at, one.performer, site, kind is BLOOD and one.visit in spoiled)
            held[one.number] = found.setdefault((one.visit, kind), new)
    return held


def _site(life: PatientHistory, visit: int) -> Concept:
    return next(
        (
            procedure_codes.APPENDIX
            for act in life.acts
            if act.visit.number == visit and act.concept is procedure_codes.APPENDECTOMY
        ),
        procedure_codes.COLON,
    )
