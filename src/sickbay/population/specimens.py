"""Derives the specimens for the laboratory: one of each kind at a visit, for all measurements in it."""

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
"""Specimen by the key of a measure. All other measures are measured in blood."""


class Specimen(NamedTuple):
    """A specimen. at: when it was collected. by: a practitioner's id. site: the body site, or None if it is irrelevant."""

    number: int
    kind: Concept
    at: datetime.datetime
    by: str | None
    site: Concept | None = None
    spoiled: bool = False
    """Haemolysed: some results could not be obtained from it."""


def index_specimens(history: PatientHistory) -> dict[int, Specimen]:
    """Maps the number of a laboratory observation to its specimen, which several observations can share."""
    specimens: dict[tuple[int, Concept], Specimen] = {}
    spoiled = {reading.visit for reading in history.readings if reading.why is ERROR}
    by_reading: dict[int, Specimen] = {}
    for reading in history.readings:
        if reading.measure.kind == "laboratory" and reading.visit:
            kind = _OTHERS.get(reading.measure.key, BLOOD)
            site = (
                _collection_site(history, reading.visit) if kind is TISSUE else procedure_codes.ARM if kind is BLOOD else None
            )
            specimen = Specimen(
                len(specimens) + 1, kind, reading.at, reading.performer, site, kind is BLOOD and reading.visit in spoiled
            )
            by_reading[reading.number] = specimens.setdefault((reading.visit, kind), specimen)
    return by_reading


def _collection_site(history: PatientHistory, visit: int) -> Concept:
    return next(
        (
            procedure_codes.APPENDIX
            for procedure in history.procedures
            if procedure.visit.number == visit and procedure.concept is procedure_codes.APPENDECTOMY
        ),
        procedure_codes.COLON,
    )
