"""Measures: LOINC codes, UCUM units and reference ranges for adults, and the panels that are reported together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sickbay.population.code_tables import read_concepts, read_measures
from sickbay.population.patient_history import Measure

_CONCEPTS, _MEASURES = read_concepts("measures"), read_measures()
globals().update(_MEASURES)

if TYPE_CHECKING:

    def __getattr__(name: str) -> Measure:
        """Every name in the table is an attribute."""


def _select_measures(*names: str) -> tuple[Measure, ...]:
    return tuple(_MEASURES[name] for name in names)


METABOLIC = _select_measures("GLUCOSE", "CREATININE", "EGFR", "UREA", "SODIUM", "POTASSIUM")
LIPIDS = _select_measures("CHOLESTEROL", "LDL", "HDL", "TRIGLYCERIDES")
BLOOD = _select_measures("HEMOGLOBIN", "LEUKOCYTES", "PLATELETS")
USUAL = _select_measures("PULSE", "WEIGHT", "HEIGHT", "BMI")
"""The vital signs of a check-up, except blood pressure."""
VITALS = _select_measures("PULSE", "BREATHS", "TEMPERATURE", "OXYGEN", "WEIGHT", "HEIGHT", "BMI")
KIDNEY = _select_measures("GLUCOSE", "CREATININE", "EGFR", "SODIUM", "POTASSIUM")

LIPID_PANEL, BLOOD_PANEL, KIDNEY_PANEL = (_CONCEPTS[name] for name in ("LIPID_PANEL", "BLOOD_PANEL", "KIDNEY_PANEL"))
PANELS = ((KIDNEY_PANEL, METABOLIC), (LIPID_PANEL, LIPIDS), (BLOOD_PANEL, BLOOD))
"""Measures that are reported together if one visit has all of them."""
