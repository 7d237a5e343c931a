"""Drugs that are prescribed: RxNorm clinical drugs and how they are taken."""

from __future__ import annotations

from collections.abc import Mapping

from sickbay.population.codings import rxnorm, snomed
from sickbay.population.patient_history import Drug

_INHALED = snomed("447694001", "Respiratory tract route", "inhaled")

_ON_SKIN = snomed("6064005", "Topical route", "on the skin")


def _tablet(code: str, display: str, text: str, taken: str = "once a day", times: int = 1) -> Drug:
    return Drug(rxnorm(code, display, text), 1, "tablet", taken, times)


LISINOPRIL = (
    _tablet("314076", "lisinopril 10 MG Oral Tablet", "Lisinopril 10 mg"),
    _tablet("314077", "lisinopril 20 MG Oral Tablet", "Lisinopril 20 mg"),
)
AMLODIPINE = _tablet("197361", "amlodipine 5 MG Oral Tablet", "Amlodipine 5 mg")
HYDROCHLOROTHIAZIDE = _tablet("310798", "hydrochlorothiazide 25 MG Oral Tablet", "Hydrochlorothiazide 25 mg", "every morning")
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
    _tablet("966222", "levothyroxine sodium 0.075 MG Oral Tablet", "Levothyroxine 75 mcg", "every morning, before food"),
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
CHEWABLE = tuple(
    Drug(
        rxnorm("313820", "acetaminophen 160 MG Chewable Tablet", "Paracetamol 160 mg chewable"),
        dose,
        "tablet",
        "when needed",
        4,
        when_needed=True,
    )
    for dose in (1, 2)
)
AMOXICILLIN = Drug(
    rxnorm("308189", "amoxicillin 80 MG/ML Oral Suspension", "Amoxicillin 400 mg/5 mL"),
    5,
    "mL",
    "twice a day for 7 days",
    2,
)
AMOXICILLIN_INFANT = Drug(
    rxnorm("239191", "amoxicillin 50 MG/ML Oral Suspension", "Amoxicillin 250 mg/5 mL"),
    5,
    "mL",
    "twice a day for 7 days",
    2,
)
AMOXICILLIN_ADULT = Drug(
    rxnorm("308191", "amoxicillin 500 MG Oral Capsule", "Amoxicillin 500 mg"),
    2,
    "capsule",
    "three times a day for 7 days",
    3,
)
DOXYCYCLINE = _tablet("1650143", "doxycycline hyclate 100 MG Oral Tablet", "Doxycycline 100 mg", "twice a day for 7 days", 2)
ALBUTEROL = Drug(
    rxnorm("745679", "200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler", "Albuterol inhaler 90 mcg"),
    2,
    "puff",
    "when needed",
    4,
    when_needed=True,
    route=_INHALED,
)
FLUTICASONE = Drug(
    rxnorm("895994", "120 ACTUAT fluticasone propionate 0.044 MG/ACTUAT Metered Dose Inhaler", "Fluticasone inhaler 44 mcg"),
    2,
    "puff",
    "twice a day",
    2,
    route=_INHALED,
)
APIXABAN = _tablet("1364445", "apixaban 5 MG Oral Tablet", "Apixaban 5 mg", "twice a day", 2)
WARFARIN = _tablet("855332", "warfarin sodium 5 MG Oral Tablet", "Warfarin 5 mg", "once a day, as the INR asks")
METOPROLOL = _tablet("866436", "24 HR metoprolol succinate 50 MG Extended Release Oral Tablet", "Metoprolol 50 mg")
ASPIRIN = _tablet("243670", "aspirin 81 MG Oral Tablet", "Aspirin 81 mg")
CLOPIDOGREL = _tablet("309362", "clopidogrel 75 MG Oral Tablet", "Clopidogrel 75 mg")
ALLOPURINOL = tuple(
    Drug(rxnorm("197319", "allopurinol 100 MG Oral Tablet", "Allopurinol 100 mg"), dose, "tablet", taken)
    for dose, taken in ((1, "once a day"), (3, "three tablets once a day"))
)
NAPROXEN = _tablet("198014", "naproxen 500 MG Oral Tablet", "Naproxen 500 mg", "twice a day, with food", 2)
DONEPEZIL = _tablet("997223", "donepezil hydrochloride 10 MG Oral Tablet", "Donepezil 10 mg", "at night")
ALENDRONATE = _tablet("904419", "alendronic acid 10 MG Oral Tablet", "Alendronate 10 mg", "every morning, before food")
ANASTROZOLE = _tablet("199224", "anastrozole 1 MG Oral Tablet", "Anastrozole 1 mg")
NITROFURANTOIN = Drug(
    rxnorm(
        "1648755",
        "nitrofurantoin, macrocrystals 25 MG / nitrofurantoin, monohydrate 75 MG Oral Capsule",
        "Nitrofurantoin 100 mg",
    ),
    1,
    "capsule",
    "twice a day for 5 days",
    2,
)
SALMETEROL = Drug(
    rxnorm(
        "896209",
        "60 ACTUAT fluticasone propionate 0.25 MG/ACTUAT / salmeterol 0.05 MG/ACTUAT Dry Powder Inhaler",
        "Fluticasone and salmeterol 250/50 mcg",
    ),
    1,
    "puff",
    "twice a day",
    2,
    route=_INHALED,
)
EPINEPHRINE = Drug(
    rxnorm("1870230", "NDA020800 0.3 ML epinephrine 1 MG/ML Auto-Injector", "Epinephrine auto-injector 0.3 mg"),
    1,
    "injection",
    "at the first sign of anaphylaxis",
    when_needed=True,
    route=snomed("78421000", "Intramuscular route", "into the muscle"),
)
HYDROCORTISONE = Drug(
    rxnorm("106258", "hydrocortisone 10 MG/ML Topical Cream", "Hydrocortisone 1 % cream"),
    1,
    "application",
    "twice a day, thinly",
    2,
    route=_ON_SKIN,
)
NICOTINE = Drug(
    rxnorm("198030", "24 HR nicotine 0.875 MG/HR Transdermal System", "Nicotine patch 21 mg"),
    1,
    "patch",
    "one a day for 6 weeks",
    route=snomed("45890007", "Transdermal route", "through the skin"),
)

FORMULARY = (ALBUTEROL, EPINEPHRINE, FUROSEMIDE, SALMETEROL)
"""Drugs that orders reference as Medication resources of the hospital. Orders for other drugs contain only a code."""

_FOR_CHILDREN: Mapping[Drug, tuple[tuple[float, Drug], ...]] = {
    PARACETAMOL: ((6, CHEWABLE[0]), (12, CHEWABLE[1])),
    AMOXICILLIN: ((2, AMOXICILLIN_INFANT),),
}
"""What is prescribed instead below an age in years: lower doses, and nothing that has to be swallowed whole."""


def of_age(drug: Drug, age: float) -> Drug:
    """Returns the drug in the form and dose for a patient of this age in years."""
    return next((substitute for age_limit, substitute in _FOR_CHILDREN.get(drug, ()) if age < age_limit), drug)
