"""A stroke: a hospital stay, CT of the head, and long-term drugs."""

from __future__ import annotations

from sickbay.population import drugs, problems, procedure_codes
from sickbay.population.chart import Chart, make_target
from sickbay.population.patient_history import Condition, Visit
from sickbay.population.stories.base import Episode, StoryDefinition, random_day


class Stroke(Episode):
    """An ischaemic stroke. The care plan and clopidogrel continue after it."""

    concept = problems.STROKE
    no_nsaid = True
    kind = problems.ADMISSION
    setting = "inpatient"
    minutes = 5 * 24 * 60
    days = 90

    def record_event(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        request = chart.add_request(procedure_codes.HEAD_CT, procedure_codes.IMAGING, visit, problem)
        chart.add_procedure(procedure_codes.HEAD_CT, visit, problem, request, after=25)
        chart.add_report(
            procedure_codes.IMAGE,
            "RAD",
            visit,
            "Infarction in the area of the middle cerebral artery, no bleeding.",
            request,
            after=50,
        )
        anticoagulated = any(order.drug in (drugs.WARFARIN, drugs.APIXABAN) for order in chart.history.prescriptions)
        if not anticoagulated:
            chart.prescribe(drugs.CLOPIDOGREL, visit, problem)
        chart.add_plan(
            "After a stroke",
            problem,
            (procedure_codes.PHYSIOTHERAPY, procedure_codes.EXERCISE, procedure_codes.REVIEW),
            (make_target("Walks alone, eats and speaks without help"),),
        )
        after = "Anticoagulation goes on." if anticoagulated else "Clopidogrel from now on."
        chart.add_note(
            procedure_codes.DISCHARGE,
            visit,
            f"Weak right arm and slow speech, better within five days. Home with physiotherapy. {after}",
            printed=True,
        )


STORY = StoryDefinition(
    "stroke",
    lambda person, rng: Stroke(random_day(person, rng, 56)),
    ages=(58, 120),
    women=0.01,
    men=0.015,
    grows=0.001,
    after={"hypertension": 1.6, "fibrillation": 2.0, "smoking": 1.5},
    asks=("After a stroke",),
)
