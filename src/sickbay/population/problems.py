"""What can be wrong: SNOMED CT concepts with the words a chart shows."""

from __future__ import annotations

from sickbay.population.life import snomed

HYPERTENSION = snomed("59621000", "Essential hypertension")
DIABETES = snomed("44054006", "Diabetes mellitus type 2", "Type 2 diabetes mellitus")
HYPERLIPIDEMIA = snomed("55822004", "Hyperlipidemia", "Hyperlipidaemia")
HYPOTHYROIDISM = snomed("40930008", "Hypothyroidism")
ASTHMA = snomed("195967001", "Asthma")
KIDNEY_2 = snomed("431856006", "Chronic kidney disease stage 2")
KIDNEY_3 = snomed("433144002", "Chronic kidney disease stage 3")
KNEE_ARTHROSIS = snomed("239873007", "Osteoarthritis of knee")
LEFT_KNEE_ARTHROSIS = snomed("239873007", "Osteoarthritis of knee", "Osteoarthritis of the left knee")
LEFT_KNEE = snomed("82169009", "Structure of left knee region", "Left knee")
HEART_FAILURE = snomed("84114007", "Heart failure")
PREGNANCY = snomed("77386006", "Pregnancy")
ANEMIA = snomed("87522002", "Iron deficiency anemia", "Iron deficiency anaemia")
RHINITIS = snomed("61582004", "Allergic rhinitis")
MIGRAINE = snomed("37796009", "Migraine")
DEPRESSION = snomed("35489007", "Depressive disorder")
REFLUX = snomed("235595009", "Gastroesophageal reflux disease", "Gastro-oesophageal reflux disease")
ECZEMA = snomed("24079001", "Atopic dermatitis")
OBESITY = snomed("414916001", "Obesity")

COLD = snomed("54150009", "Upper respiratory infection", "Upper respiratory tract infection")
PHARYNGITIS = snomed("195662009", "Acute viral pharyngitis")
BRONCHITIS = snomed("10509002", "Acute bronchitis")
OTITIS = snomed("65363002", "Otitis media")
BACK_PAIN = snomed("279039007", "Low back pain")
ANKLE = snomed("44465007", "Sprain of ankle")

PENICILLIN_G = "7980"
NO_KNOWN_ALLERGY = snomed("716186003", "No known allergy", "No known allergies")
LATEX = snomed("111088007", "Latex", "Latex")
PEANUT = snomed("762952008", "Peanut", "Peanut")
GRASS_POLLEN = snomed("256277009", "Grass pollen", "Grass pollen")
DUST_MITE = snomed("260147004", "House dust mite", "House dust mite")

ANAPHYLAXIS = snomed("39579001", "Anaphylaxis", "anaphylaxis")
RASH = snomed("271807003", "Eruption of skin", "rash")
HIVES = snomed("126485001", "Urticaria", "hives")
WHEEZE = snomed("56018004", "Wheezing", "wheezing")
SNEEZING = snomed("76067001", "Sneezing", "sneezing")
NAUSEA = snomed("422587007", "Nausea", "nausea")

CHECK_UP = snomed("185349003", "Encounter for check up", "Check-up")
FOLLOW_UP = snomed("390906007", "Follow-up encounter", "Follow-up")
SYMPTOM = snomed("185345009", "Encounter for symptom", "Acute visit")
WELL_CHILD = snomed("410620009", "Well child visit", "Well child visit")
PRENATAL = snomed("424619006", "Prenatal visit", "Prenatal visit")

NEVER_SMOKED = snomed("266919005", "Never smoked tobacco", "Never smoker")
EX_SMOKER = snomed("8517006", "Ex-smoker", "Former smoker")
SMOKER = snomed("449868002", "Smokes tobacco daily", "Current every day smoker")
