"""Adds rare data to one of the first patients, so that a population of eight has everything that US Core requires.

Marek Petersen's last weeks contain most of it: a bleeding polyp, a new knee, and the answers at his last visit.
"""

from __future__ import annotations

import datetime

from msgspec.structs import replace

from sickbay.population import drugs, findings, forms, measures, problems, procedure_codes
from sickbay.population.chart import Chart
from sickbay.population.codings import DECLINED, text_concept
from sickbay.population.patient_history import Condition, Measure, Visit

MAREK = 4
"""The number of the patient. He is in the cast, so every seed has him."""
_BLEEDING, _OPERATION, _REVIEW = datetime.date(2026, 10, 26), datetime.date(2026, 11, 2), datetime.date(2026, 11, 17)
_ANAEMIA, _CURED = datetime.date(2021, 3, 2), datetime.date(2021, 9, 7)


def add_food_risk(chart: Chart) -> None:
    """Makes the answers about food show a risk. `social.py` adds the consequences."""
    if chart.person.number != MAREK:
        return
    for index, reading in enumerate(chart.history.readings):
        if reading.measure is measures.HUNGER:
            chart.history.readings[index] = replace(reading, concept=forms.AT_RISK)
            return


def add_recent_visits(chart: Chart) -> None:
    """Adds the visits of the last weeks, in order, and what they found."""
    if chart.person.number != MAREK:
        return
    knee = next(problem for problem in chart.history.problems if problem.concept is problems.KNEE_ARTHROSIS)
    polyp = _add_polyp(chart)
    _add_knee_replacement(chart, knee)
    _record_last_visit(chart, polyp)
    chart.record_reported_dose(procedure_codes.TD, chart.history.visits[0])
    chart.add_problem(problems.ANEMIA, _ANAEMIA, _ANAEMIA, None, over=_CURED)


def _add_polyp(chart: Chart) -> Condition:
    """Adds blood in the stool, a polyp that is removed, and the pathologist's report."""
    visit = chart.add_visit(_BLEEDING, problems.EMERGENCY, minutes=240, setting="emergency")
    polyp = chart.add_problem(problems.POLYP, _BLEEDING, _BLEEDING, visit, lasting=False, over=_OPERATION)
    request = chart.add_request(procedure_codes.COLONOSCOPY, procedure_codes.EVALUATION, visit, polyp)
    chart.add_procedure(procedure_codes.COLONOSCOPY, visit, polyp, request, after=60, minutes=30)
    chart.add_procedure(procedure_codes.POLYPECTOMY, visit, polyp, request, after=75, minutes=10, site=procedure_codes.COLON)
    _add_finding(chart, measures.STOOL, visit, 20, concept=problems.POSITIVE)
    findings.add_pathology(chart, visit, polyp=True)
    chart.add_note(procedure_codes.PROCEDURE_NOTE, visit, "Colonoscopy: one polyp of 8 mm, removed with a snare.")
    return polyp


def _add_knee_replacement(chart: Chart, knee: Condition) -> None:
    """Adds three days in hospital: an examination before the operation, the prosthesis, and physiotherapy afterwards."""
    visit = chart.add_visit(_OPERATION, problems.ADMISSION, problems.KNEE_ARTHROSIS, minutes=3 * 24 * 60, setting="inpatient")
    _add_finding(chart, measures.ECG, visit, 30, text="Sinus rhythm, 68 beats a minute, no ischaemia.")
    _add_finding(chart, measures.ECG, visit, 31, concept=text_concept("Normal ECG"))
    _add_finding(chart, replace(measures.FEV1, kind="clinical-test"), visit, 40, value=78.0)
    _add_finding(chart, measures.IMAGE, visit, 50, text="Left knee: narrow joint space, osteophytes; no fracture.")
    _add_finding(chart, measures.IMAGE, visit, 51, concept=problems.KNEE_ARTHROSIS)
    _add_finding(chart, replace(measures.EJECTION, kind="imaging"), visit, 60, value=61.0)
    request = chart.add_request(procedure_codes.KNEE_REPLACEMENT, procedure_codes.SURGICAL, visit, knee)
    device = chart.add_implant(procedure_codes.KNEE_PROSTHESIS, _OPERATION)
    chart.add_procedure(procedure_codes.KNEE_REPLACEMENT, visit, knee, request, after=120, minutes=95, device=device)
    until = _OPERATION + datetime.timedelta(days=14)
    chart.add_request(procedure_codes.PHYSIOTHERAPY, procedure_codes.EVALUATION, visit, knee, until)
    chart.add_note(procedure_codes.CONSULT, visit, "Pain of the left knee on stairs despite exercises. A new knee is advised.")
    chart.add_note(procedure_codes.DISCHARGE, visit, "Knee replaced without complications. Walks with crutches.", printed=True)


def _record_last_visit(chart: Chart, polyp: Condition) -> None:
    """Records the answers and measurements of the visit after the operation."""
    visit = chart.add_visit(_REVIEW, problems.FOLLOW_UP, polyp.concept)
    chart.add_request(procedure_codes.SALT, procedure_codes.COUNSELING, visit)
    chart.record_statement(drugs.ALBUTEROL, _ANAEMIA, visit, (_CURED, "It made his heart race."))
    _add_finding(chart, measures.PACK_YEARS, visit, 5, value=24.0)
    _add_finding(chart, measures.HOUSING, visit, 6, text="Rents a flat on the third floor, without a lift.")
    _add_finding(chart, replace(measures.TRANSPORT, kind="household"), visit, 7, flag=False)
    score = chart.add_observation(measures.PHQ9, visit, visit.start + datetime.timedelta(minutes=8), value=4.0, performer=None)
    _add_finding(chart, measures.DISABILITY, visit, 9, concept=forms.rate_severity(4), derived=(score,))
    _add_finding(chart, measures.FUNCTION, visit, 10, absent=True, why=DECLINED)
    nothing: tuple[tuple[Measure, None], ...] = ((measures.SYSTOLIC, None), (measures.DIASTOLIC, None))
    _add_finding(chart, measures.PRESSURE, visit, 11, parts=nothing)
    evening = visit.start.replace(hour=19, minute=30) - datetime.timedelta(days=1)
    means = ((measures.MEAN_SYSTOLIC, None), (measures.MEAN_DIASTOLIC, None))
    chart.add_observation(
        measures.MEAN_PRESSURE, None, evening, parts=means, since=evening - datetime.timedelta(days=2, hours=12)
    )


def _add_finding(chart: Chart, measure: Measure, visit: Visit, minutes: int, **more: object) -> None:
    at = visit.start + datetime.timedelta(minutes=minutes)
    chart.add_observation(measure, visit, at, performer=visit.practitioner, **more)
