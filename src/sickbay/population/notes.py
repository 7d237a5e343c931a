"""Adds the documents that no story writes: about stays and operations, and the text of each report that has one."""

from __future__ import annotations

from msgspec.structs import replace

from sickbay.population import procedure_codes
from sickbay.population.chart import Chart
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Report, Visit

_SURGERY = frozenset(
    {
        procedure_codes.APPENDECTOMY,
        procedure_codes.KNEE_REPLACEMENT,
        procedure_codes.HIP_REPLACEMENT,
        procedure_codes.LUMPECTOMY,
        procedure_codes.CAESAREAN,
        procedure_codes.PACING,
    }
)


def add_documents(chart: Chart) -> None:
    for visit in chart.history.visits:
        _write_stay_notes(chart, visit)
    for procedure in chart.history.procedures:
        if procedure.concept in _SURGERY:
            chart.add_note(
                procedure_codes.OPERATION_NOTE,
                procedure.visit,
                f"{procedure.concept.text}, {procedure.minutes} minutes, no complications.",
            )
    _add_report_documents(chart)


def _write_stay_notes(chart: Chart, visit: Visit) -> None:
    reason = visit.reason.text if visit.reason else visit.kind.text
    if visit.setting == "inpatient":
        chart.add_note(
            procedure_codes.HISTORY_NOTE,
            visit,
            f"Admitted: {reason}. Takes the drugs of the list; heart and lungs as expected.",
            inline=True,
        )
    elif visit.setting == "emergency":
        chart.add_note(procedure_codes.EMERGENCY_NOTE, visit, f"Came with: {reason}. Examined, treated, sent home with advice.")


def _add_report_documents(chart: Chart) -> None:
    """Adds a DocumentReference with the same text for each report that has one (US Core, Clinical Notes)."""
    reports = chart.history.reports
    laboratory = [report for report in reports if report.kind == "LAB"]
    for report in list(reports):
        lab = report.kind == "LAB" and report is laboratory[-1] and chart.person.number % 6 == 1
        if report.conclusion or lab:
            text = report.conclusion or f"{report.concept.text}: all results were checked; those out of range are marked."
            number = chart.add_note(_kind_of_report(report), report.visit, text)
            reports[report.number - 1] = replace(report, conclusion=text, note=number)


def _kind_of_report(report: Report) -> Concept:
    return {"LAB": procedure_codes.LAB_REPORT, "RAD": procedure_codes.IMAGE}.get(report.kind, report.concept)
