"""Measures: LOINC codes, UCUM units and reference ranges for adults."""

from __future__ import annotations

from sickbay.population.codings import LOINC, Coding, Concept, loinc
from sickbay.population.patient_history import Measure

Range = tuple[float | None, float | None]


def _vital(key: str, code: str, display: str, unit: str, ucum: str, digits: int, spread: float, profile: str) -> Measure:
    concept = Concept((Coding(LOINC, code, display),), display)
    return Measure(key, concept, "vital-signs", unit, ucum, digits, spread, profile=profile)


def _lab(
    key: str,
    code: str,
    display: str,
    text: str,
    unit: str,
    ucum: str,
    digits: int,
    spread: float,
    female: Range,
    male: Range | None = None,
) -> Measure:
    concept = Concept((Coding(LOINC, code, display),), text)
    return Measure(key, concept, "laboratory", unit, ucum, digits, spread, female, male or female, "us-core-observation-lab")


SYSTOLIC = _vital("systolic", "8480-6", "Systolic blood pressure", "mmHg", "mm[Hg]", 0, 5, "")
DIASTOLIC = _vital("diastolic", "8462-4", "Diastolic blood pressure", "mmHg", "mm[Hg]", 0, 3.5, "")
PRESSURE = Measure(
    "pressure",
    Concept((Coding(LOINC, "85354-9", "Blood pressure panel with all children optional"),), "Blood pressure"),
    "vital-signs",
    profile="us-core-blood-pressure",
)
PULSE = _vital("pulse", "8867-4", "Heart rate", "/min", "/min", 0, 4, "us-core-heart-rate")
BREATHS = _vital("breaths", "9279-1", "Respiratory rate", "/min", "/min", 0, 1.2, "us-core-respiratory-rate")
TEMPERATURE = _vital("temperature", "8310-5", "Body temperature", "°C", "Cel", 1, 0.18, "us-core-body-temperature")
WEIGHT = _vital("weight", "29463-7", "Body weight", "kg", "kg", 1, 0.5, "us-core-body-weight")
HEIGHT = _vital("height", "8302-2", "Body height", "cm", "cm", 1, 0.2, "us-core-body-height")
BMI = _vital("bmi", "39156-5", "Body mass index (BMI) [Ratio]", "kg/m2", "kg/m2", 1, 0, "us-core-bmi")
OXYGEN = Measure(
    "oxygen",
    Concept(
        (
            Coding(LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
            Coding(LOINC, "2708-6", "Oxygen saturation in Arterial blood"),
        ),
        "Oxygen saturation",
    ),
    "vital-signs",
    "%",
    "%",
    0,
    0.7,
    profile="us-core-pulse-oximetry",
)
HEAD = _vital("head", "9843-4", "Head Occipital-frontal circumference", "cm", "cm", 1, 0.2, "us-core-head-circumference")
SMOKING = Measure(
    "smoking",
    Concept((Coding(LOINC, "72166-2", "Tobacco smoking status"),), "Tobacco smoking status"),
    "social-history",
    profile="us-core-smokingstatus",
)

A1C = _lab("a1c", "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "HbA1c", "%", "%", 1, 0.15, (4.0, 5.6))
GLUCOSE = _lab(
    "glucose",
    "1558-6",
    "Fasting glucose [Mass/volume] in Serum or Plasma",
    "Glucose, fasting",
    "mg/dL",
    "mg/dL",
    0,
    5,
    (70, 99),
)
CREATININE = _lab(
    "creatinine",
    "2160-0",
    "Creatinine [Mass/volume] in Serum or Plasma",
    "Creatinine",
    "mg/dL",
    "mg/dL",
    2,
    0.04,
    (0.5, 1.1),
    (0.7, 1.3),
)
EGFR = _lab(
    "egfr",
    "98979-8",
    "Glomerular filtration rate/1.73 sq M.predicted [Volume Rate/Area] in Serum, Plasma or Blood by Creatinine-based"
    " formula (CKD-EPI 2021)",
    "eGFR",
    "mL/min/1.73 m2",
    "mL/min/{1.73_m2}",
    0,
    0,
    (60, None),
)
UREA = _lab(
    "urea",
    "3094-0",
    "Urea nitrogen [Mass/volume] in Serum or Plasma",
    "Urea nitrogen",
    "mg/dL",
    "mg/dL",
    0,
    1.5,
    (7, 20),
)
SODIUM = _lab("sodium", "2951-2", "Sodium [Moles/volume] in Serum or Plasma", "Sodium", "mmol/L", "mmol/L", 0, 1.2, (135, 145))
POTASSIUM = _lab(
    "potassium",
    "2823-3",
    "Potassium [Moles/volume] in Serum or Plasma",
    "Potassium",
    "mmol/L",
    "mmol/L",
    1,
    0.2,
    (3.5, 5.1),
)
LDL = _lab(
    "ldl",
    "13457-7",
    "Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation",
    "LDL cholesterol",
    "mg/dL",
    "mg/dL",
    0,
    7,
    (None, 129),
)
HDL = _lab(
    "hdl",
    "2085-9",
    "Cholesterol in HDL [Mass/volume] in Serum or Plasma",
    "HDL cholesterol",
    "mg/dL",
    "mg/dL",
    0,
    3,
    (50, None),
    (40, None),
)
TRIGLYCERIDES = _lab(
    "triglycerides",
    "2571-8",
    "Triglyceride [Mass/volume] in Serum or Plasma",
    "Triglycerides",
    "mg/dL",
    "mg/dL",
    0,
    14,
    (None, 149),
)
CHOLESTEROL = _lab(
    "cholesterol",
    "2093-3",
    "Cholesterol [Mass/volume] in Serum or Plasma",
    "Cholesterol, total",
    "mg/dL",
    "mg/dL",
    0,
    0,
    (None, 199),
)
HEMOGLOBIN = _lab(
    "hemoglobin",
    "718-7",
    "Hemoglobin [Mass/volume] in Blood",
    "Hemoglobin",
    "g/dL",
    "g/dL",
    1,
    0.3,
    (12.0, 15.5),
    (13.5, 17.5),
)
LEUKOCYTES = _lab(
    "leukocytes",
    "6690-2",
    "Leukocytes [#/volume] in Blood by Automated count",
    "White cells",
    "10*3/uL",
    "10*3/uL",
    1,
    0.6,
    (4.0, 11.0),
)
PLATELETS = _lab(
    "platelets",
    "777-3",
    "Platelets [#/volume] in Blood by Automated count",
    "Platelets",
    "10*3/uL",
    "10*3/uL",
    0,
    14,
    (150, 400),
)
TSH = _lab("tsh", "3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "TSH", "mIU/L", "m[IU]/L", 2, 0.3, (0.4, 4.5))
ALBUMIN_RATIO = _lab(
    "albumin_ratio",
    "14959-1",
    "Microalbumin/Creatinine [Mass Ratio] in Urine",
    "Albumin to creatinine, urine",
    "mg/g",
    "mg/g",
    0,
    3,
    (None, 29),
)
FERRITIN = _lab(
    "ferritin",
    "2276-4",
    "Ferritin [Mass/volume] in Serum or Plasma",
    "Ferritin",
    "ng/mL",
    "ng/mL",
    0,
    6,
    (15, 150),
    (30, 400),
)

METABOLIC = (GLUCOSE, CREATININE, EGFR, UREA, SODIUM, POTASSIUM)
LIPIDS = (CHOLESTEROL, LDL, HDL, TRIGLYCERIDES)
BLOOD = (HEMOGLOBIN, LEUKOCYTES, PLATELETS)
USUAL = (PULSE, WEIGHT, HEIGHT, BMI)
"""The vital signs of a check-up, except blood pressure."""
VITALS = (PULSE, BREATHS, TEMPERATURE, OXYGEN, WEIGHT, HEIGHT, BMI)

LIPID_PANEL = loinc("24331-1", "Lipid 1996 panel - Serum or Plasma", "Lipid panel")
BLOOD_PANEL = loinc("58410-2", "CBC panel - Blood by Automated count", "Blood count")
KIDNEY_PANEL = loinc("24321-2", "Basic metabolic 2000 panel - Serum or Plasma", "Basic metabolic panel")
KIDNEY = (GLUCOSE, CREATININE, EGFR, SODIUM, POTASSIUM)
PANELS = (
    (KIDNEY_PANEL, METABOLIC),
    (LIPID_PANEL, LIPIDS),
    (BLOOD_PANEL, BLOOD),
)
"""Measures that are reported together if one visit has all of them."""


def _survey(key: str, code: str, display: str, text: str, spread: float) -> Measure:
    return Measure(
        key,
        loinc(code, display, text),
        "survey",
        "{score}",
        "{score}",
        0,
        spread,
        profile="us-core-observation-screening-assessment",
    )


def _finding(key: str, code: str, display: str, text: str) -> Measure:
    """Returns a laboratory test whose result is a concept or text."""
    return Measure(key, loinc(code, display, text), "laboratory", profile="us-core-observation-lab")


PHQ9 = _survey("phq9", "44261-6", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]", "PHQ-9 score", 1.5)
GAD7 = _survey("gad7", "70274-6", "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]", "GAD-7 score", 1.2)
MMSE = _survey("mmse", "72106-8", "Total score [MMSE]", "Mini-mental state score", 0.8)
PAIN = _survey("pain", "72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported", "Pain, 0 to 10", 0.8)
INR = Measure(
    "inr",
    loinc("6301-6", "INR in Platelet poor plasma by Coagulation assay", "INR"),
    "laboratory",
    "{INR}",
    "{INR}",
    1,
    0.25,
    (2.0, 3.0),
    (2.0, 3.0),
    "us-core-observation-lab",
)
URATE = _lab(
    "urate",
    "3084-1",
    "Urate [Mass/volume] in Serum or Plasma",
    "Uric acid",
    "mg/dL",
    "mg/dL",
    1,
    0.3,
    (2.6, 6.0),
    (3.5, 7.2),
)
BNP = _lab(
    "bnp",
    "33762-6",
    "Natriuretic peptide.B prohormone N-Terminal [Mass/volume] in Serum or Plasma",
    "NT-proBNP",
    "pg/mL",
    "pg/mL",
    0,
    60,
    (None, 125),
)
FEV1 = Measure(
    "fev1",
    loinc("19926-5", "FEV1/FVC", "FEV1/FVC"),
    "exam",
    "%",
    "%",
    0,
    1.5,
    profile="us-core-observation-clinical-result",
)
EJECTION = Measure(
    "ejection",
    loinc("10230-1", "Left ventricular Ejection fraction", "Ejection fraction"),
    "exam",
    "%",
    "%",
    0,
    2,
    profile="us-core-observation-clinical-result",
)
T_SCORE = Measure(
    "t_score",
    loinc("38264-8", "DXA Hip [T-score] Bone density", "Bone density, T-score"),
    "exam",
    "{Tscore}",
    "{Tscore}",
    1,
    0.2,
    profile="us-core-observation-clinical-result",
)
BMI_RANK = _vital(
    "bmi_rank", "59576-9", "Body mass index (BMI) [Percentile] Per age and sex", "%", "%", 0, 0, "pediatric-bmi-for-age"
)
NITRITE = _finding("nitrite", "5802-4", "Nitrite [Presence] in Urine by Test strip", "Nitrite, urine")
ESTERASE = _finding("esterase", "5799-2", "Leukocyte esterase [Presence] in Urine by Test strip", "White cells, urine")
COVID = _finding(
    "covid", "94500-6", "SARS-CoV-2 (COVID-19) RNA [Presence] in Respiratory specimen by NAA with probe detection", "SARS-CoV-2"
)
INFLUENZA = _finding(
    "flu", "80382-5", "Influenza virus A Ag [Presence] in Upper respiratory specimen by Rapid immunoassay", "Influenza A"
)
STOOL = _finding("stool", "29771-3", "Hemoglobin.gastrointestinal.lower [Presence] in Stool by Immunoassay", "Blood in stool")
PREGNANT = Measure(
    "pregnant", loinc("82810-3", "Pregnancy status"), "social-history", profile="us-core-observation-pregnancystatus"
)
HUNGER = Measure(
    "hunger",
    loinc("88124-3", "Food insecurity risk [HVS]", "Food insecurity risk"),
    "sdoh",
    profile="us-core-observation-screening-assessment",
)
HUNGER_PANEL = Measure(
    "hunger_panel", loinc("88121-9", "Hunger Vital Sign [HVS]"), "sdoh", profile="us-core-observation-screening-assessment"
)
WEIGHT_RANK = _vital(
    "weight_rank", "77606-2", "Weight-for-length Per age and sex", "%", "%", 0, 0, "pediatric-weight-for-height"
)
HEAD_RANK = _vital(
    "head_rank",
    "8289-1",
    "Head Occipital-frontal circumference Percentile",
    "%",
    "%",
    0,
    0,
    "head-occipital-frontal-circumference-percentile",
)
OXYGEN_FLOW = _vital("oxygen_flow", "3151-8", "Inhaled oxygen flow rate", "L/min", "L/min", 0, 0, "")
OXYGEN_SHARE = _vital("oxygen_share", "3150-0", "Inhaled oxygen concentration", "%", "%", 0, 0, "")
MEAN_SYSTOLIC = _vital("mean_systolic", "96608-5", "Systolic blood pressure mean", "mmHg", "mm[Hg]", 0, 0, "")
MEAN_DIASTOLIC = _vital("mean_diastolic", "96609-3", "Diastolic blood pressure mean", "mmHg", "mm[Hg]", 0, 0, "")
MEAN_PRESSURE = Measure(
    "mean_pressure",
    loinc("96607-7", "Blood pressure panel mean systolic and mean diastolic", "Average blood pressure"),
    "vital-signs",
    profile="us-core-average-blood-pressure",
)
URINE_COLOR = _finding("urine_color", "5778-6", "Color of Urine", "Colour of urine")
PATHOLOGY = _finding("pathology", "22637-3", "Pathology report final diagnosis Narrative", "Pathology, final diagnosis")
