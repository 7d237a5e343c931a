"""Adds measurements that no story needs: growth percentiles, oxygen, averages, and values that could not be obtained."""

from __future__ import annotations

import datetime

from msgspec.structs import replace

from sickbay.population import growth, measures, problems, procedure_codes
from sickbay.population.chart import Chart
from sickbay.population.codings import DECLINED, ERROR
from sickbay.population.patient_history import Measure, Observation, Visit
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.staff import NURSES

_MONTHS = 12
_ATTEMPT = datetime.timedelta(minutes=6)


def add_findings(chart: Chart, rng: SeededRandom) -> None:
    _add_percentiles(chart)
    _add_oxygen(chart, rng)
    _add_average_pressure(chart, rng)
    _record_missing_reading(chart)
    _add_laboratory_results(chart)
    _add_adherence(chart, rng)
    if chart.person.number % 13 == 6 and chart.person.age(chart.history.visits[0].day) >= 18:
        chart.record_reported_dose(procedure_codes.TD, chart.history.visits[0])


def _add_percentiles(chart: Chart) -> None:
    """Adds weight for length and head circumference percentiles of infants at each visit that measured them."""
    patient = chart.person
    if patient.born.year < 2009:
        return
    for visit in chart.history.visits:
        age = patient.age(visit.day)
        if age >= 3:
            break
        values = _values_at(chart, visit)
        if "height" in values:
            _add_percentile(chart, visit, growth.WEIGHT_FOR_LENGTH, values["height"], values["weight"])
        if "head" in values:
            _add_percentile(chart, visit, growth.HEAD_FOR_AGE, age * _MONTHS, values["head"])


def _add_percentile(chart: Chart, visit: Visit, table: growth.Table, at: float, value: float) -> None:
    rank = growth.find_percentile(table, chart.person.sex, at, value)
    measure = measures.WEIGHT_RANK if table is growth.WEIGHT_FOR_LENGTH else measures.HEAD_RANK
    if rank is not None:
        chart.add_observation(measure, visit, visit.start + _ATTEMPT, value=float(rank), performer=_nurse_of_visit(visit))


def _values_at(chart: Chart, visit: Visit) -> dict[str, float]:
    return {
        reading.measure.key: reading.value
        for reading in chart.history.readings
        if reading.visit == visit.number and reading.value is not None
    }


def _add_oxygen(chart: Chart, rng: SeededRandom) -> None:
    """Adds oxygen by mask for patients short of breath: at the visit for pneumonia; otherwise at the last visit."""
    known = {problem.concept for problem in chart.history.problems}
    if not known & {problems.PNEUMONIA, problems.HEART_FAILURE, problems.COPD}:
        return
    visit = next((visit for visit in chart.history.visits if visit.reason is problems.PNEUMONIA), chart.history.visits[-1])
    flow = rng.pick((1, 2, 3))
    parts = ((measures.OXYGEN_FLOW, float(flow)), (measures.OXYGEN_SHARE, 20.0 + 4 * flow))
    at = visit.start + datetime.timedelta(minutes=12)
    chart.add_observation(
        measures.OXYGEN, visit, at, value=float(rng.pick_integer(94, 97)), parts=parts, performer=_nurse_of_visit(visit)
    )


def _add_average_pressure(chart: Chart, rng: SeededRandom) -> None:
    """Adds the mean of three days of measurements at home, taken before the last visit."""
    pressures = [reading.parts for reading in chart.history.readings if reading.measure is measures.PRESSURE]
    known = {problem.concept for problem in chart.history.problems}
    if problems.HYPERTENSION not in known or chart.person.number % 2 == 0 or not pressures:
        return
    values = [part[1] + rng.pick_integer(-4, 3) for part in pressures[-1] if isinstance(part[1], float | int)]
    parts = tuple(zip((measures.MEAN_SYSTOLIC, measures.MEAN_DIASTOLIC), values, strict=True))
    evening = chart.history.visits[-1].start.replace(hour=19, minute=30) - datetime.timedelta(days=1)
    if evening.date() > chart.person.born:
        start = evening - datetime.timedelta(days=2, hours=12)
        chart.add_observation(measures.MEAN_PRESSURE, None, evening, parts=parts, since=start)


def _record_missing_reading(chart: Chart) -> None:
    """Adds a failed first attempt to measure the blood pressure, and a weight that the patient declined to have taken."""
    visit, number = chart.history.visits[-1], chart.person.number
    if chart.person.age(visit.day) < 18:
        return
    nurse = _nurse_of_visit(visit)
    parts: tuple[tuple[Measure, float | None], ...]
    if number % 11 == 4:
        parts = ((measures.SYSTOLIC, 124.0), (measures.DIASTOLIC, None))
        chart.add_observation(measures.PRESSURE, visit, visit.start + _ATTEMPT, parts=parts, performer=nurse)
    if number % 11 == 9:
        parts = ((measures.SYSTOLIC, None), (measures.DIASTOLIC, None))
        chart.add_observation(measures.PRESSURE, visit, visit.start + _ATTEMPT, parts=parts, performer=nurse)
    if number % 9 == 2:
        chart.add_observation(measures.WEIGHT, visit, visit.start + _ATTEMPT, absent=True, why=DECLINED, performer=nurse)


def _add_laboratory_results(chart: Chart) -> None:
    """Adds laboratory results in words, and a potassium result that is missing because the blood was haemolysed."""
    for procedure in list(chart.history.procedures):
        if procedure.concept in (procedure_codes.POLYPECTOMY, procedure_codes.APPENDECTOMY):
            add_pathology(chart, procedure.visit, polyp=procedure.concept is procedure_codes.POLYPECTOMY)
    urine = _find_last_reading(chart, measures.ALBUMIN_RATIO.key, measures.NITRITE.key)
    if urine:
        chart.add_observation(
            measures.URINE_COLOR, _find_visit(chart, urine), urine.at, text="Yellow", performer=urine.performer
        )
    blood = _find_last_reading(chart, measures.POTASSIUM.key)
    if blood and chart.person.number % 10 == 4:
        at = blood.at + datetime.timedelta(minutes=20)
        chart.add_observation(
            measures.POTASSIUM, _find_visit(chart, blood), at, absent=True, why=ERROR, performer=blood.performer
        )


def add_pathology(chart: Chart, visit: Visit, *, polyp: bool) -> None:
    """Adds the pathologist's report on a removed polyp or appendix."""
    text = "Tubular adenoma of low grade, completely removed." if polyp else "Acute suppurative appendicitis, no tumour."
    at = visit.start + datetime.timedelta(minutes=85)
    number = chart.add_observation(measures.PATHOLOGY, visit, at, text=text, performer=visit.practitioner)
    chart.add_report(procedure_codes.PATHOLOGY_STUDY, "PAT", visit, text, readings=(number,), after=90)


def _add_adherence(chart: Chart, rng: SeededRandom) -> None:
    """Records for some patients, at the last visit, whether they take their long-term drugs as prescribed."""
    history, last = chart.history, chart.history.visits[-1]
    if chart.person.number % 4 != 3:
        return
    for order in history.prescriptions:
        if order.end is None and not order.drug.when_needed:
            taken = problems.COMPLIES if rng.chance(0.75) else problems.PARTLY_COMPLIES
            history.prescriptions[order.number - 1] = replace(order, adherence=(taken, last.day))


def _find_last_reading(chart: Chart, *keys: str) -> Observation | None:
    return next(
        (reading for reading in reversed(chart.history.readings) if reading.measure.key in keys and reading.visit), None
    )


def _find_visit(chart: Chart, reading: Observation) -> Visit:
    return chart.history.visits[(reading.visit or 1) - 1]


def _nurse_of_visit(visit: Visit) -> str:
    return NURSES[visit.number % 2].id
