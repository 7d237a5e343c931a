"""Measures of social history (work, habits, abilities and wishes) and of examinations that are reported in words."""

from __future__ import annotations

from sickbay.population import procedure_codes
from sickbay.population.codings import Concept, loinc, snomed
from sickbay.population.patient_history import Measure


def _social(key: str, concept: Concept, profile: str) -> Measure:
    return Measure(key, concept, "social-history", profile=profile)


OCCUPATION = _social("occupation", loinc("11341-5", "History of Occupation", "Occupation"), "us-core-observation-occupation")
INDUSTRY = _social("industry", loinc("86188-0", "History of Occupation Industry", "Industry"), "")
ORIENTATION = _social("orientation", loinc("76690-7", "Sexual orientation"), "us-core-observation-sexual-orientation")
INTENT = _social(
    "intent",
    loinc("86645-9", "Pregnancy intention in the next year - Reported", "Pregnancy intention"),
    "us-core-observation-pregnancyintent",
)
EXERCISE = Measure(
    "exercise",
    loinc(
        "89555-7",
        "How many days per week did you engage in moderate to strenuous physical activity in the last 30 days",
        "Days with exercise each week",
    ),
    "activity",
    "d/wk",
    "d/wk",
    profile="us-core-observation-screening-assessment",
)
ALCOHOL = Measure(
    "alcohol",
    loinc("75626-2", "Total score [AUDIT-C]", "AUDIT-C score"),
    "alcohol",
    "{score}",
    "{score}",
    profile="us-core-observation-screening-assessment",
)
TRANSPORT = Measure("transport", snomed("160695008", "Transport too expensive"), "living", profile="us-core-simple-observation")
FUNCTION = Measure(
    "function",
    loinc("75276-6", "Functional status [Interpretation]", "Functional status"),
    "functional",
    profile="us-core-observation-screening-assessment",
)
DISABILITY = Measure(
    "disability", loinc("94023-9", "Depression severity"), "disability", profile="us-core-observation-screening-assessment"
)
COGNITION = Measure(
    "cognition",
    loinc("11332-4", "History of Cognitive Function Narrative", "Cognitive function"),
    "cognitive",
    profile="us-core-observation-screening-assessment",
)
TREATMENT_PREFERENCE = Measure(
    "treatment_preference",
    loinc("75773-2", "Goals, preferences, and priorities for medical treatment [Reported]", "Treatment preference"),
    "treatment-preference",
    profile="us-core-treatment-intervention-preference",
)
CARE_PREFERENCE = Measure(
    "care_preference",
    loinc("95541-9", "Care experience preference"),
    "care-preference",
    profile="us-core-care-experience-preference",
)
DIRECTIVE = Measure(
    "directive",
    loinc("45473-6", "Advance healthcare directive completed"),
    "directive",
    profile="us-core-observation-adi-documentation",
)
PACK_YEARS = Measure(
    "pack_years",
    snomed("401201003", "Cigarette pack-years"),
    "social-history",
    "pack-years",
    "{pack-years}",
    profile="us-core-smokingstatus",
)
HOUSING = Measure("housing", loinc("71802-3", "Housing status"), "household", profile="us-core-simple-observation")
ECG = Measure("ecg", procedure_codes.ECG_STUDY, "clinical-test", profile="us-core-observation-clinical-result")
IMAGE = Measure("image", procedure_codes.IMAGE, "imaging", profile="us-core-observation-clinical-result")
