"""Problems, findings, allergens and kinds of visits: concepts with the text that a chart shows."""

from __future__ import annotations

from sickbay.population.codings import rxnorm, snomed

HYPERTENSION = snomed("59621000", "Essential hypertension", icd=("I10", "Essential (primary) hypertension"))
DIABETES = snomed(
    "44054006",
    "Diabetes mellitus type 2",
    "Type 2 diabetes mellitus",
    icd=("E11.9", "Type 2 diabetes mellitus without complications"),
)
HYPERLIPIDEMIA = snomed("55822004", "Hyperlipidemia", "Hyperlipidaemia", icd=("E78.5", "Hyperlipidemia, unspecified"))
HYPOTHYROIDISM = snomed("40930008", "Hypothyroidism", icd=("E03.9", "Hypothyroidism, unspecified"))
ASTHMA = snomed("195967001", "Asthma", icd=("J45.909", "Unspecified asthma, uncomplicated"))
KIDNEY_3 = snomed("433144002", "Chronic kidney disease stage 3", icd=("N18.30", "Chronic kidney disease, stage 3 unspecified"))
KNEE_ARTHROSIS = snomed("239873007", "Osteoarthritis of knee", icd=("M17.9", "Osteoarthritis of knee, unspecified"))
LEFT_KNEE_ARTHROSIS = snomed(
    "239873007",
    "Osteoarthritis of knee",
    "Osteoarthritis of the left knee",
    icd=("M17.12", "Unilateral primary osteoarthritis, left knee"),
)
LEFT_KNEE = snomed("82169009", "Structure of left knee region", "Left knee")
HEART_FAILURE = snomed("84114007", "Heart failure", icd=("I50.9", "Heart failure, unspecified"))
PREGNANCY = snomed("77386006", "Pregnancy", icd=("Z33.1", "Pregnant state, incidental"))
ANEMIA = snomed(
    "87522002",
    "Iron deficiency anemia",
    "Iron deficiency anaemia",
    icd=("D50.9", "Iron deficiency anemia, unspecified"),
)
RHINITIS = snomed("61582004", "Allergic rhinitis", icd=("J30.9", "Allergic rhinitis, unspecified"))
MIGRAINE = snomed("37796009", "Migraine", icd=("G43.909", "Migraine, unspecified, not intractable, without status migrainosus"))
DEPRESSION = snomed("35489007", "Depressive disorder", icd=("F32.A", "Depression, unspecified"))
REFLUX = snomed(
    "235595009",
    "Gastroesophageal reflux disease",
    "Gastro-oesophageal reflux disease",
    icd=("K21.9", "Gastro-esophageal reflux disease without esophagitis"),
)
ECZEMA = snomed("24079001", "Atopic dermatitis", icd=("L20.9", "Atopic dermatitis, unspecified"))

COLD = snomed(
    "54150009",
    "Upper respiratory infection",
    "Upper respiratory tract infection",
    icd=("J06.9", "Acute upper respiratory infection, unspecified"),
)
PHARYNGITIS = snomed("195662009", "Acute viral pharyngitis", icd=("J02.9", "Acute pharyngitis, unspecified"))
BRONCHITIS = snomed("10509002", "Acute bronchitis", icd=("J20.9", "Acute bronchitis, unspecified"))
OTITIS = snomed("65363002", "Otitis media", icd=("H66.90", "Otitis media, unspecified, unspecified ear"))
BACK_PAIN = snomed("279039007", "Low back pain", icd=("M54.50", "Low back pain, unspecified"))
ANKLE = snomed(
    "44465007",
    "Sprain of ankle",
    icd=("S93.409A", "Sprain of unspecified ligament of unspecified ankle, initial encounter"),
)

COPD = snomed(
    "13645005",
    "Chronic obstructive pulmonary disease",
    icd=("J44.9", "Chronic obstructive pulmonary disease, unspecified"),
)
FIBRILLATION = snomed("49436004", "Atrial fibrillation", icd=("I48.91", "Unspecified atrial fibrillation"))
STROKE = snomed("422504002", "Ischemic stroke", "Ischaemic stroke", icd=("I63.9", "Cerebral infarction, unspecified"))
DEMENTIA = snomed("26929004", "Alzheimer's disease", icd=("G30.9", "Alzheimer's disease, unspecified"))
GOUT = snomed("90560007", "Gout", icd=("M10.9", "Gout, unspecified"))
URINARY_INFECTION = snomed(
    "68566005",
    "Urinary tract infectious disease",
    "Urinary tract infection",
    icd=("N39.0", "Urinary tract infection, site not specified"),
)
INFLUENZA = snomed(
    "6142004",
    "Influenza",
    icd=("J11.1", "Influenza due to unidentified influenza virus with other respiratory manifestations"),
)
COVID = snomed("840539006", "COVID-19", icd=("U07.1", "COVID-19"))
APPENDICITIS = snomed("85189001", "Acute appendicitis", icd=("K35.80", "Unspecified acute appendicitis"))
FOREARM_FRACTURE = snomed(
    "65966004",
    "Fracture of forearm",
    icd=("S52.90XA", "Unspecified fracture of unspecified forearm, initial encounter for closed fracture"),
)
ANKLE_FRACTURE = snomed(
    "16114001",
    "Fracture of ankle",
    icd=("S82.899A", "Other fracture of unspecified lower leg, initial encounter for closed fracture"),
)
CLAVICLE_FRACTURE = snomed(
    "58150001",
    "Fracture of clavicle",
    icd=("S42.009A", "Fracture of unspecified part of unspecified clavicle, initial encounter for closed fracture"),
)
HIP_FRACTURE = snomed(
    "359817006",
    "Closed fracture of hip",
    icd=(
        "S72.009A",
        "Fracture of unspecified part of neck of unspecified femur, initial encounter for closed fracture",
    ),
)
POLYP = snomed("68496003", "Polyp of colon", icd=("K63.5", "Polyp of colon"))
BREAST_CANCER = snomed(
    "254837009",
    "Malignant neoplasm of breast",
    icd=("C50.919", "Malignant neoplasm of unspecified site of unspecified female breast"),
)
NICOTINE = snomed("56294008", "Nicotine dependence", icd=("F17.210", "Nicotine dependence, cigarettes, uncomplicated"))
OSTEOPOROSIS = snomed(
    "64859006", "Osteoporosis", icd=("M81.0", "Age-related osteoporosis without current pathological fracture")
)
ANXIETY = snomed("21897009", "Generalized anxiety disorder", icd=("F41.1", "Generalized anxiety disorder"))
CONTACT_DERMATITIS = snomed(
    "40275004", "Contact dermatitis", icd=("L25.9", "Unspecified contact dermatitis, unspecified cause")
)
CHRONIC_BACK_PAIN = snomed("278860009", "Chronic low back pain", icd=("M54.50", "Low back pain, unspecified"))
ANAPHYLACTIC_REACTION = snomed(
    "39579001", "Anaphylaxis", icd=("T78.01XA", "Anaphylactic reaction due to peanuts, initial encounter")
)
PNEUMONIA = snomed("385093006", "Community acquired pneumonia", icd=("J18.9", "Pneumonia, unspecified organism"))

FOOD_INSECURITY = snomed("733423003", "Food insecurity", icd=("Z59.41", "Food insecurity"))

POSITIVE = snomed("10828004", "Positive")
NEGATIVE = snomed("260385009", "Negative")
DETECTED = snomed("260373001", "Detected")

PENICILLIN = rxnorm("7980", "penicillin G", "Penicillin G")
SULFAMETHOXAZOLE = rxnorm("10180", "sulfamethoxazole", "Sulfamethoxazole")
CODEINE = rxnorm("2670", "codeine", "Codeine")
NO_KNOWN_ALLERGY = snomed("716186003", "No known allergy", "No known allergies")
LATEX = snomed("111088007", "Latex", "Latex")
PEANUT = snomed("762952008", "Peanut", "Peanut")
GRASS_POLLEN = snomed("256277009", "Grass pollen", "Grass pollen")
DUST_MITE = snomed("260147004", "House dust mite", "House dust mite")

ANAPHYLAXIS = snomed("39579001", "Anaphylaxis", "anaphylaxis")
RASH = snomed("271807003", "Eruption of skin", "rash")
HIVES = snomed("126485001", "Urticaria", "hives")
SNEEZING = snomed("76067001", "Sneezing", "sneezing")
NAUSEA = snomed("422587007", "Nausea", "nausea")

CHECK_UP = snomed("185349003", "Encounter for check up", "Check-up")
FOLLOW_UP = snomed("390906007", "Follow-up encounter", "Follow-up")
SYMPTOM = snomed("185345009", "Encounter for symptom", "Acute visit")
WELL_CHILD = snomed("410620009", "Well child visit", "Well child visit")
POSTNATAL = snomed("169762003", "Postnatal visit")
PRENATAL = snomed("424619006", "Prenatal visit", "Prenatal visit")

EMERGENCY = snomed("50849002", "Emergency room admission", "Emergency")
ADMISSION = snomed("32485007", "Hospital admission", "Hospital stay")
SCREENING = snomed("410410006", "Screening surveillance", "Screening")
REVIEW = snomed("185347001", "Encounter for problem", "Visit for a problem")

CONTROLLED = snomed("165679005", "Hemoglobin A1c less than 7% indicating good diabetic control")
NOT_PREGNANT = snomed("60001007", "Not pregnant")
UNSURE = snomed("454381000124105", "Not sure of desire to become pregnant", "Not sure")
HETEROSEXUAL = snomed("20430005", "Heterosexual")
HOMOSEXUAL = snomed("38628009", "Homosexual")
BISEXUAL = snomed("42035005", "Bisexual")
COMPLIES = snomed("1156699004", "Complies with drug therapy", "Takes it as prescribed")
PARTLY_COMPLIES = snomed("275928001", "Drugs - partial non-compliance", "Misses some doses")
DRESSES = snomed("129035000", "Independent with dressing")
NOT_RESUSCITATED = snomed("304253006", "Not for resuscitation")
YES = snomed("373066001", "Yes")
NO = snomed("373067005", "No")

NEVER_SMOKED = snomed("266919005", "Never smoked tobacco", "Never smoker")
EX_SMOKER = snomed("8517006", "Ex-smoker", "Former smoker")
SMOKER = snomed("449868002", "Smokes tobacco daily", "Current every day smoker")
