"""Timothy Peters, the patient in the guided tour: the same in every seed, down to the last observation."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart, estimate_filtration, make_target
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Condition, Observation, Visit
from sickbay.population.staff import NURSES
from sickbay.population.stories.immunizations import product_on_day

_HEIGHT = 176.1
_HALE = NURSES[0].id

_PRESSURES = (
    ("2021-11-09", 146, 89, 76, 93.9),
    ("2022-05-17", 142, 88, 75, 93.4),
    ("2022-11-15", 140, 86, 74, 93.0),
    ("2023-05-23", 139, 85, 73, 92.8),
    ("2023-11-14", 141, 87, 75, 93.1),
    ("2024-05-21", 143, 88, 74, 93.5),
    ("2024-11-12", 146, 90, 76, 93.8),
    ("2025-05-20", 148, 91, 77, 94.1),
    ("2025-12-09", 152, 94, 78, 94.4),
    ("2026-01-13", 149, 92, 76, 94.0),
    ("2026-03-10", 146, 90, 76, 93.6),
    ("2026-04-21", 144, 91, 75, 93.2),
    ("2026-06-23", 139, 86, 72, 92.9),
    ("2026-07-14", 136, 84, 70, 92.6),
    ("2026-08-11", 138, 85, 72, 92.5),
    ("2026-11-17", 148, 88, 76, 92.4),
)
"""Day, systolic, diastolic, pulse and weight (kg) of each visit."""

_AT_HOME = (("2026-09-06", 142, 88, 78), ("2026-10-18", 145, 87, 74))

_LABS = {
    "2021-11-09": (7.0, 132, 0.97, 4.3, 138, 44, 168),
    "2022-11-15": (6.9, 128, 0.98, 4.5, 121, 45, 159),
    "2023-11-14": (7.0, 131, 0.99, 4.2, 112, 45, 152),
    "2024-11-12": (7.1, 134, 1.0, 4.6, 104, 46, 148),
    "2025-05-20": (7.1, 133, 0.99, 4.3, 100, 46, 145),
    "2025-12-09": (7.2, 137, 1.01, 4.3, 99, 46, 146),
    "2026-06-23": (7.3, 138, 1.0, 4.5, 97, 47, 141),
    "2026-11-17": (7.4, 141, 1.02, 4.4, 96, 47, 139),
}
"""Maps a day to HbA1c, fasting glucose, creatinine, potassium, LDL, HDL and triglycerides."""


def _parse_day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def build_history(chart: Chart) -> None:
    visits = {visit.day: visit for visit in _early_visits(chart)}
    for day, systolic, diastolic, pulse, weight in _PRESSURES:
        visit = visits[_parse_day(day)] = _add_visit(chart, day)
        _record_vitals(chart, visit, systolic, diastolic, pulse, weight)
        if day in _LABS:
            _record_blood_results(chart, visit, *_LABS[day])
    for day, systolic, diastolic, pulse in _AT_HOME:
        _record_home_reading(chart, day, systolic, diastolic, pulse)
    _record_observations(chart, visits)


def _early_visits(chart: Chart) -> list[Visit]:
    days = ("2014-03-18", "2015-04-14", "2017-05-09", "2018-06-12", "2019-02-19", "2021-03-16")
    return [_add_visit(chart, day) for day in days]


def _add_visit(chart: Chart, day: str) -> Visit:
    yearly = day[5:7] in ("11", "12")
    return chart.add_visit(
        _parse_day(day), problems.CHECK_UP if yearly else problems.FOLLOW_UP, problems.HYPERTENSION, minutes=30
    )


def _record_vitals(chart: Chart, visit: Visit, systolic: int, diastolic: int, pulse: int, weight: float) -> None:
    by = chart.person.practitioner if visit.day == _parse_day("2026-07-14") else _HALE
    chart.add_reading(measures.PRESSURE, visit, by=by, parts=((measures.SYSTOLIC, systolic), (measures.DIASTOLIC, diastolic)))
    chart.add_reading(measures.PULSE, visit, pulse, by=by)
    chart.add_reading(measures.TEMPERATURE, visit, 36.7, by=by)
    chart.add_reading(measures.OXYGEN, visit, 97, by=by)
    chart.add_reading(measures.WEIGHT, visit, weight, by=by)
    if visit.kind is problems.CHECK_UP:
        chart.add_reading(measures.HEIGHT, visit, _HEIGHT, by=by)
        chart.add_reading(measures.BMI, visit, round(weight * 10_000 / _HEIGHT**2, 1), by=by)
        chart.add_reading(measures.SMOKING, visit, concept=problems.EX_SMOKER, after=2)


def _record_blood_results(
    chart: Chart, visit: Visit, a1c: float, glucose: int, creatinine: float, potassium: float, ldl: int, hdl: int, fat: int
) -> None:
    rate = estimate_filtration(creatinine, chart.person.age(visit.day), "male")
    total = round(ldl + hdl + fat / 5)
    numbers = {}
    for measure, value in (
        (measures.A1C, a1c),
        (measures.GLUCOSE, glucose),
        (measures.CREATININE, creatinine),
        (measures.EGFR, rate),
        (measures.POTASSIUM, potassium),
        (measures.SODIUM, 140),
        (measures.LDL, ldl),
        (measures.HDL, hdl),
        (measures.TRIGLYCERIDES, fat),
        (measures.CHOLESTEROL, total),
        (measures.HEMOGLOBIN, 14.8),
    ):
        numbers[measure] = chart.add_reading(measure, visit, value, after=12)
    for panel, members in ((measures.LIPID_PANEL, measures.LIPIDS), (measures.KIDNEY_PANEL, measures.KIDNEY)):
        chart.add_report(panel, "LAB", visit, readings=tuple(numbers[measure] for measure in members), after=40)


def _record_home_reading(chart: Chart, day: str, systolic: int, diastolic: int, pulse: int) -> None:
    at = datetime.datetime.combine(_parse_day(day), datetime.time(8, 15, tzinfo=datetime.timezone.utc))  # noqa: UP017
    parts = ((measures.SYSTOLIC, float(systolic)), (measures.DIASTOLIC, float(diastolic)))
    readings = chart.history.readings
    readings.append(Observation(len(readings) + 1, measures.PRESSURE, at, parts=parts))
    readings.append(Observation(len(readings) + 1, measures.PULSE, at, float(pulse)))


def _record_observations(chart: Chart, visits: dict[datetime.date, Visit]) -> None:
    first = _parse_day("2014-03-18")
    chart.add_allergy(
        problems.PENICILLIN,
        first,
        problems.ANAPHYLAXIS,
        category="medication",
        criticality="high",
        severity="severe",
        since="1989",
    )
    chart.add_allergy(
        problems.LATEX, first, problems.RASH, category="environment", criticality="low", severity="mild", since="2003"
    )
    hypertension = _add_diagnosis(chart, visits, problems.HYPERTENSION, "2014-03-18")
    lipids = _add_diagnosis(chart, visits, problems.HYPERLIPIDEMIA, "2015-04-14")
    diabetes = _add_diagnosis(chart, visits, problems.DIABETES, "2017-05-09")
    knee = _add_diagnosis(chart, visits, problems.LEFT_KNEE_ARTHROSIS, "2021-03-16", problems.LEFT_KNEE)

    for drug, day, problem, until in (
        (drugs.LISINOPRIL_10, "2014-03-18", hypertension, "2026-06-23"),
        (drugs.ATORVASTATIN_20, "2015-04-14", lipids, "2018-06-12"),
        (drugs.METFORMIN_500, "2017-05-09", diabetes, "2019-02-19"),
        (drugs.ATORVASTATIN_40, "2018-06-12", lipids, None),
        (drugs.METFORMIN_1000, "2019-02-19", diabetes, None),
        (drugs.PARACETAMOL, "2021-03-16", knee, None),
        (drugs.LISINOPRIL_20, "2026-06-23", hypertension, None),
    ):
        order = chart.prescribe(drug, visits[_parse_day(day)], problem)
        if until:
            chart.stop_order(order, _parse_day(until))
    _record_care(chart, visits, diabetes, hypertension, knee)


def _record_care(
    chart: Chart, visits: dict[datetime.date, Visit], diabetes: Condition, hypertension: Condition, knee: Condition
) -> None:
    """Records yearly eye and foot examinations, the X-ray of the knee, vaccines, care plans and two notes."""
    for day, visit in sorted(visits.items()):
        if day.month >= 11 and day.year >= 2021:
            request = chart.add_request(procedure_codes.RETINAL_EXAM, procedure_codes.EVALUATION, visit, diabetes)
            chart.add_procedure(procedure_codes.RETINAL_EXAM, visit, diabetes, request)
            chart.add_procedure(procedure_codes.FOOT_EXAM, visit, diabetes, after=8, minutes=5)
            chart.vaccinate(product_on_day(procedure_codes.INFLUENZA_3, day), visit)
    for vaccine, day_given in (
        (procedure_codes.COVID_1, "2021-11-09"),
        (procedure_codes.SHINGLES, "2022-05-17"),
        (procedure_codes.SHINGLES, "2022-11-15"),
    ):
        chart.vaccinate(vaccine, visits[_parse_day(day_given)])
    knee_visit = visits[_parse_day("2021-03-16")]
    request = chart.add_request(procedure_codes.KNEE_XRAY, procedure_codes.IMAGING, knee_visit, knee)
    chart.add_procedure(procedure_codes.KNEE_XRAY, knee_visit, knee, request, site=problems.LEFT_KNEE)
    chart.add_report(
        procedure_codes.IMAGE, "RAD", knee_visit, "Left knee: narrow joint space, osteophytes; no fracture.", request
    )
    chart.add_plan(
        "Type 2 diabetes: plan of care",
        diabetes,
        (procedure_codes.EDUCATION, procedure_codes.EXERCISE, procedure_codes.REVIEW),
        (make_target("HbA1c below 7 %", measures.A1C, None, 7.0, problems.CONTROLLED),),
    )
    chart.add_plan(
        "Hypertension: plan of care",
        hypertension,
        (procedure_codes.SALT, procedure_codes.REVIEW),
        (make_target("Upper blood pressure below 140", measures.SYSTOLIC, None, 140.0),),
    )
    last = visits[_parse_day("2026-11-17")]
    chart.add_note(
        procedure_codes.PROGRESS,
        last,
        "Blood pressure 148/88 on lisinopril 20 mg, HbA1c 7.4 % on metformin. Feels well, no cough,"
        " no dizziness. To see Dr. Okafor next week about the pressure.",
    )
    chart.add_note(
        procedure_codes.CONSULT,
        knee_visit,
        "Pain of the left knee on stairs. Osteoarthritis; paracetamol when needed, exercises.",
        printed=True,
    )


def _add_diagnosis(
    chart: Chart, visits: dict[datetime.date, Visit], concept: Concept, day: str, site: Concept | None = None
) -> Condition:
    recorded = _parse_day(day)
    return chart.add_problem(concept, recorded, recorded, visits[recorded], site=site)
