"""What is prescribed: RxNorm clinical drugs and how they are taken."""

from __future__ import annotations

from sickbay.population.life import Drug, rxnorm, snomed

_INHALED = snomed("447694001", "Respiratory tract route", "inhaled")


def _tablet(code: str, display: str, text: str, taken: str = "once a day", times: int = 1) -> Drug:
    return Drug(rxnorm(code, display, text), 1, "tablet", taken, times)


LISINOPRIL = (
    _tablet("314076", "lisinopril 10 MG Oral Tablet", "Lisinopril 10 mg"),
    _tablet("314077", "lisinopril 20 MG Oral Tablet", "Lisinopril 20 mg"),
)
AMLODIPINE = _tablet("197361", "amlodipine 5 MG Oral Tablet", "Amlodipine 5 mg")
HYDROCHLOROTHIAZIDE = _tablet(
    "310798", "hydrochlorothiazide 25 MG Oral Tablet", "Hydrochlorothiazide 25 mg", "every morning"
)
LOSARTAN = _tablet("979492", "losartan potassium 50 MG Oral Tablet", "Losartan 50 mg")
METFORMIN = (
    _tablet("861007", "metformin hydrochloride 500 MG Oral Tablet", "Metformin 500 mg", "twice a day, with meals", 2),
    _tablet("861004", "metformin hydrochloride 1000 MG Oral Tablet", "Metformin 1000 mg", "twice a day, with meals", 2),
)
EMPAGLIFLOZIN = _tablet("1545658", "empagliflozin 10 MG Oral Tablet", "Empagliflozin 10 mg", "every morning")
ATORVASTATIN = (
    _tablet("617310", "atorvastatin 20 MG Oral Tablet", "Atorvastatin 20 mg", "at night"),
    _tablet("617311", "atorvastatin 40 MG Oral Tablet", "Atorvastatin 40 mg", "at night"),
)
LEVOTHYROXINE = (
    _tablet("966221", "levothyroxine sodium 0.05 MG Oral Tablet", "Levothyroxine 50 mcg", "every morning, before food"),
    _tablet(
        "966222", "levothyroxine sodium 0.075 MG Oral Tablet", "Levothyroxine 75 mcg", "every morning, before food"
    ),
    _tablet("892246", "levothyroxine sodium 0.1 MG Oral Tablet", "Levothyroxine 100 mcg", "every morning, before food"),
)
FUROSEMIDE = _tablet("313988", "furosemide 40 MG Oral Tablet", "Furosemide 40 mg", "every morning")
SERTRALINE = _tablet("312941", "sertraline 50 MG Oral Tablet", "Sertraline 50 mg")
LORATADINE = _tablet("311372", "loratadine 10 MG Oral Tablet", "Loratadine 10 mg")
IRON = _tablet("310325", "ferrous sulfate 325 MG Oral Tablet", "Ferrous sulfate 325 mg")
OMEPRAZOLE = Drug(
    rxnorm("198051", "omeprazole 20 MG Delayed Release Oral Capsule", "Omeprazole 20 mg"),
    1,
    "capsule",
    "before breakfast",
)
PARACETAMOL = Drug(
    rxnorm("198440", "acetaminophen 500 MG Oral Tablet", "Paracetamol 500 mg"),
    1,
    "tablet",
    "when needed",
    4,
    when_needed=True,
)
IBUPROFEN = Drug(
    rxnorm("310965", "ibuprofen 200 MG Oral Tablet", "Ibuprofen 200 mg"),
    1,
    "tablet",
    "when needed",
    3,
    when_needed=True,
)
AMOXICILLIN = Drug(
    rxnorm("308182", "amoxicillin 250 MG Oral Capsule", "Amoxicillin 250 mg"),
    1,
    "capsule",
    "three times a day for 7 days",
    3,
)
ALBUTEROL = Drug(
    rxnorm("745679", "200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler", "Albuterol inhaler 90 mcg"),
    2, "puff", "when needed", 4, when_needed=True, route=_INHALED,
)  # fmt: skip
FLUTICASONE = Drug(
    rxnorm("895994", "120 ACTUAT fluticasone propionate 0.044 MG/ACTUAT Metered Dose Inhaler", "Fluticasone inhaler 44 mcg"),
    2, "puff", "twice a day", 2, route=_INHALED,
)  # fmt: skip
