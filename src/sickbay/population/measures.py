"""What is measured: LOINC codes, UCUM units, reference ranges of adults."""

from __future__ import annotations

from sickbay.population.life import LOINC, Code, Concept, Measure

Range = tuple[float | None, float | None]


def _vital(
    key: str, code: str, display: str, unit: str, ucum: str, digits: int, spread: float, profile: str
) -> Measure:
    concept = Concept((Code(LOINC, code, display),), display)
    return Measure(key, concept, "vital-signs", unit, ucum, digits, spread, profile=profile)


def _lab(
    key: str, code: str, display: str, text: str, unit: str, ucum: str, digits: int, spread: float, female: Range,
    male: Range | None = None,
) -> Measure:  # fmt: skip
    concept = Concept((Code(LOINC, code, display),), text)
    return Measure(
        key, concept, "laboratory", unit, ucum, digits, spread, female, male or female, "us-core-observation-lab"
    )


SYSTOLIC = _vital("systolic", "8480-6", "Systolic blood pressure", "mmHg", "mm[Hg]", 0, 5, "")
DIASTOLIC = _vital("diastolic", "8462-4", "Diastolic blood pressure", "mmHg", "mm[Hg]", 0, 3.5, "")
PRESSURE = Measure(
    "pressure",
    Concept((Code(LOINC, "85354-9", "Blood pressure panel with all children optional"),), "Blood pressure"),
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
            Code(LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
            Code(LOINC, "2708-6", "Oxygen saturation in Arterial blood"),
        ),
        "Oxygen saturation",
    ),
    "vital-signs", "%", "%", 0, 0.7, profile="us-core-pulse-oximetry",
)  # fmt: skip
HEAD = _vital(
    "head", "9843-4", "Head Occipital-frontal circumference", "cm", "cm", 1, 0.2, "us-core-head-circumference"
)
SMOKING = Measure(
    "smoking",
    Concept((Code(LOINC, "72166-2", "Tobacco smoking status"),), "Tobacco smoking status"),
    "social-history",
    profile="us-core-smokingstatus",
)

A1C = _lab("a1c", "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "HbA1c", "%", "%", 1, 0.15, (4.0, 5.6))
GLUCOSE = _lab(
    "glucose", "1558-6", "Fasting glucose [Mass/volume] in Serum or Plasma", "Glucose, fasting", "mg/dL", "mg/dL", 0, 5,
    (70, 99),
)  # fmt: skip
CREATININE = _lab(
    "creatinine", "2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "Creatinine", "mg/dL", "mg/dL", 2, 0.04,
    (0.5, 1.1), (0.7, 1.3),
)  # fmt: skip
EGFR = _lab(
    "egfr", "98979-8",
    "Glomerular filtration rate/1.73 sq M.predicted [Volume Rate/Area] in Serum, Plasma or Blood by Creatinine-based"
    " formula (CKD-EPI 2021)",
    "eGFR", "mL/min/1.73 m2", "mL/min/{1.73_m2}", 0, 0, (60, None),
)  # fmt: skip
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
SODIUM = _lab(
    "sodium", "2951-2", "Sodium [Moles/volume] in Serum or Plasma", "Sodium", "mmol/L", "mmol/L", 0, 1.2, (135, 145)
)
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
    "ldl", "13457-7", "Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation", "LDL cholesterol", "mg/dL",
    "mg/dL", 0, 7, (None, 129),
)  # fmt: skip
HDL = _lab(
    "hdl", "2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "HDL cholesterol", "mg/dL", "mg/dL", 0, 3,
    (50, None), (40, None),
)  # fmt: skip
TRIGLYCERIDES = _lab(
    "triglycerides", "2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", "Triglycerides", "mg/dL", "mg/dL", 0, 14,
    (None, 149),
)  # fmt: skip
CHOLESTEROL = _lab(
    "cholesterol", "2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "Cholesterol, total", "mg/dL", "mg/dL", 0, 0,
    (None, 199),
)  # fmt: skip
HEMOGLOBIN = _lab(
    "hemoglobin", "718-7", "Hemoglobin [Mass/volume] in Blood", "Hemoglobin", "g/dL", "g/dL", 1, 0.3, (12.0, 15.5),
    (13.5, 17.5),
)  # fmt: skip
LEUKOCYTES = _lab(
    "leukocytes", "6690-2", "Leukocytes [#/volume] in Blood by Automated count", "White cells", "10*3/uL", "10*3/uL", 1,
    0.6, (4.0, 11.0),
)  # fmt: skip
PLATELETS = _lab(
    "platelets", "777-3", "Platelets [#/volume] in Blood by Automated count", "Platelets", "10*3/uL", "10*3/uL", 0, 14,
    (150, 400),
)  # fmt: skip
TSH = _lab(
    "tsh", "3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "TSH", "mIU/L", "m[IU]/L", 2, 0.3, (0.4, 4.5)
)
ALBUMIN_RATIO = _lab(
    "albumin_ratio", "14959-1", "Microalbumin/Creatinine [Mass Ratio] in Urine", "Albumin to creatinine, urine", "mg/g",
    "mg/g", 0, 3, (None, 29),
)  # fmt: skip
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
VITALS = (PULSE, BREATHS, TEMPERATURE, OXYGEN, WEIGHT, HEIGHT, BMI)
