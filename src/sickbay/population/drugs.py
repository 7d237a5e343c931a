"""Drugs that are prescribed: RxNorm clinical drugs and how they are taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sickbay.population.code_tables import read_drugs
from sickbay.population.patient_history import Drug

_DRUGS = read_drugs()
globals().update(_DRUGS)

if TYPE_CHECKING:

    def __getattr__(name: str) -> Drug:
        """Every name in the table is an attribute."""


FORMULARY = tuple(_DRUGS[name] for name in ("ALBUTEROL", "EPINEPHRINE", "FUROSEMIDE", "SALMETEROL"))
"""Drugs that orders reference as Medication resources of the hospital. Orders for other drugs contain only a code."""

_FOR_CHILDREN: Mapping[Drug, tuple[tuple[float, Drug], ...]] = {
    _DRUGS["PARACETAMOL"]: ((6, _DRUGS["CHEWABLE_160"]), (12, _DRUGS["CHEWABLE_320"])),
    _DRUGS["AMOXICILLIN"]: ((2, _DRUGS["AMOXICILLIN_INFANT"]),),
}
"""Replacements below an age in years: lower doses, and nothing that has to be swallowed whole."""


def dose_for_age(drug: Drug, age: float) -> Drug:
    """Returns the drug in the form and dose for a patient of this age in years."""
    return next((substitute for age_limit, substitute in _FOR_CHILDREN.get(drug, ()) if age < age_limit), drug)
