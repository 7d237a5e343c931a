"""What is done and written about it: procedures, requests, images, vaccines, devices, kinds of documents."""

from __future__ import annotations

from sickbay.population.life import CVX, Code, Concept, loinc, snomed


def _vaccine(code: str, display: str, text: str) -> Concept:
    return Concept((Code(CVX, code, display),), text)


HEPATITIS_B = _vaccine("08", "Hep B, adolescent or pediatric", "Hepatitis B")
ROTAVIRUS = _vaccine("119", "rotavirus, monovalent", "Rotavirus")
DTAP = _vaccine("20", "DTaP", "DTaP")
HIB = _vaccine("48", "Hib (PRP-T)", "Hib")
PNEUMOCOCCUS_7 = _vaccine("100", "pneumococcal conjugate PCV 7", "Pneumococcus")
PNEUMOCOCCUS_13 = _vaccine("133", "Pneumococcal conjugate PCV 13", "Pneumococcus")
POLIO = _vaccine("10", "IPV", "Polio")
MMR = _vaccine("03", "MMR", "Measles, mumps, rubella")
VARICELLA = _vaccine("21", "varicella", "Varicella")
HEPATITIS_A = _vaccine("83", "Hep A, ped/adol, 2 dose", "Hepatitis A")
TDAP = _vaccine("115", "Tdap", "Tdap")
TD = _vaccine("113", "Td (adult), 5 Lf tetanus toxoid, preservative free, adsorbed", "Tetanus, diphtheria")
HPV = _vaccine("165", "HPV9", "HPV")
MENINGOCOCCUS = _vaccine("136", "Meningococcal MCV4O", "Meningococcus")
INFLUENZA_4 = _vaccine("150", "Influenza, split virus, quadrivalent, PF", "Influenza")
INFLUENZA_3 = _vaccine("140", "Influenza, split virus, trivalent, PF", "Influenza")
COVID_1 = _vaccine("208", "COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose", "COVID-19")
COVID_BIVALENT = _vaccine("300", "COVID-19, mRNA, LNP-S, bivalent, PF, 30 mcg/0.3 mL dose", "COVID-19")
COVID_2 = _vaccine("309", "COVID-19, mRNA, LNP-S, PF, tris-sucrose, 30 mcg/0.3 mL", "COVID-19")
SHINGLES = _vaccine("187", "zoster recombinant", "Shingles")
PNEUMOCOCCUS_20 = _vaccine(
    "216", "Pneumococcal conjugate PCV20, polysaccharide CRM197 conjugate, adjuvant, PF", "Pneumococcus"
)

IMAGING = snomed("363679005", "Imaging")
EVALUATION = snomed("386053000", "Evaluation procedure")
SURGICAL = snomed("387713003", "Surgical procedure")

APPENDECTOMY = snomed("80146002", "Appendectomy", "Appendicectomy")
DELIVERY = snomed("177184002", "Normal delivery procedure", "Normal delivery")
CAESAREAN = snomed("11466000", "Cesarean section", "Caesarean section")
ULTRASOUND = snomed("271442007", "Fetal anatomy study", "Ultrasound of the child")
RETINAL_EXAM = snomed("36228007", "Ophthalmic examination and evaluation", "Examination of the eyes, diabetes")
FOOT_EXAM = snomed("401191002", "Diabetic foot examination", "Examination of the feet, diabetes")
SPIROMETRY = snomed("127783003", "Spirometry")
ECHOCARDIOGRAPHY = snomed("40701008", "Echocardiography")
ECG = snomed("29303009", "Electrocardiographic procedure", "Electrocardiogram")
HEAD_CT = snomed("303653007", "Computed tomography of head", "CT of the head")
CHEST_XRAY = snomed("399208008", "Plain X-ray of chest", "Chest X-ray")
ANKLE_XRAY = snomed("1290459008", "Plain X-ray of ankle region", "X-ray of the ankle")
FOREARM_XRAY = snomed("713024005", "Plain X-ray of wrist region", "X-ray of the wrist")
CLAVICLE_XRAY = snomed("168594001", "Plain X-ray of clavicle", "X-ray of the collar bone")
HIP_XRAY = snomed("713021002", "Plain X-ray of pelvis", "X-ray of the pelvis")
KNEE_XRAY = snomed("1290407002", "Plain X-ray of knee region", "X-ray of the knee")
FRACTURE_CARE = snomed("385691007", "Fracture care", "Cast or splint")
KNEE_REPLACEMENT = snomed("609588000", "Total knee replacement", "Knee replacement")
HIP_REPLACEMENT = snomed("52734007", "Total replacement of hip", "Hip replacement")
PACING = snomed("25267002", "Insertion of intracardiac pacemaker", "Implantation of a pacemaker")
MAMMOGRAPHY = snomed("71651007", "Mammography")
COLONOSCOPY = snomed("73761001", "Colonoscopy")
POLYPECTOMY = snomed("274025005", "Colonic polypectomy", "Removal of a polyp")
LUMPECTOMY = snomed("392021009", "Lumpectomy of breast", "Removal of the tumour")
BONE_DENSITY = snomed("312681000", "Bone density scan")
PHYSIOTHERAPY = snomed("91251008", "Physical therapy procedure", "Physiotherapy")
PSYCHOTHERAPY = snomed("228557008", "Cognitive and behavioral therapy", "Cognitive behavioural therapy")
SMOKING_THERAPY = snomed("710081004", "Smoking cessation therapy")
SMOKING_ADVICE = snomed("225323000", "Smoking cessation education", "Advice to stop smoking")
EXERCISE = snomed("229065009", "Exercise therapy", "Exercise")
SALT = snomed("183063000", "Low salt diet education", "Less salt")
SELF_CARE = snomed("384758001", "Self-care interventions", "Looking after oneself")
LUNG_TRAINING = snomed("15081005", "Pulmonary rehabilitation", "Training of the lungs")
EDUCATION = snomed("311401005", "Patient education", "Education")
ALLERGY_EDUCATION = snomed("58332002", "Allergy education")
REVIEW = snomed("425268008", "Review of care plan")

ARM = snomed("368208006", "Left upper arm structure", "Left arm")
THIGH = snomed("61396006", "Structure of left thigh", "Left thigh")

KNEE_PROSTHESIS = snomed("109228008", "Knee joint prosthesis")
HIP_PROSTHESIS = snomed("304120007", "Total hip replacement prosthesis", "Hip joint prosthesis")
PACEMAKER = snomed("706004007", "Implantable cardiac pacemaker", "Pacemaker")

IMAGE = loinc("18748-4", "Diagnostic imaging study")
COLONOSCOPY_STUDY = loinc("18746-8", "Colonoscopy study")
ECG_STUDY = loinc("11524-6", "EKG study", "ECG study")
ECHO_STUDY = loinc("42148-7", "US Heart", "Ultrasound of the heart")
SPIROMETRY_STUDY = loinc("18759-1", "Spirometry study")

PROGRESS = loinc("11506-3", "Progress note")
DISCHARGE = loinc("18842-5", "Discharge summary")
CONSULT = loinc("11488-4", "Consult note")
PROCEDURE_NOTE = loinc("28570-0", "Procedure note")
