"""Atrial fibrillation: an ECG, rate control, apixaban or warfarin with its INR, and a pacemaker for a few."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart, make_target
from sickbay.population.patient_history import Measure, Person, Visit
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import FIRST_YEAR, Lasting, Planned, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Fibrillation(Lasting):
    """Atrial fibrillation. warfarin: whether it is treated with warfarin, which requires an INR at every visit."""

    chronic = True
    concept = problems.FIBRILLATION
    no_nsaid = True
    replaces = (False, False)
    care = (procedure_codes.EDUCATION, procedure_codes.SELF_CARE)

    def __init__(self, onset: datetime.date, warfarin: bool, paced: bool) -> None:
        super().__init__(onset)
        self.ladder = (drugs.WARFARIN if warfarin else drugs.APIXABAN, drugs.METOPROLOL)
        self.warfarin = warfarin
        implanted = max(onset + datetime.timedelta(days=40), datetime.date(FIRST_YEAR, 2, 1))
        self.paced = implanted if paced else None
        self.goals = (
            (make_target("INR from 2 to 3", measures.INR, 2.0, 3.0),) if warfarin else (make_target("No stroke, no bleeding"),)
        )

    def plan(self) -> Iterable[Planned]:
        if self.paced:
            yield Planned(self.paced, problems.ADMISSION, self.concept, None, self, "inpatient", 2 * 24 * 60)

    def adjust(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            body["pulse"] += 0 if len(self.orders) > 1 else 22
            body["inr"] = 2.5 if self.orders else 1.0

    def labs(self, visit: Visit) -> tuple[Measure, ...]:
        return (measures.INR,) if self.warfarin and self.orders else ()

    def needs_next_rung(self, measured: Body) -> bool:
        return len(self.orders) < 2

    def act_on_diagnosis(self, chart: Chart, visit: Visit) -> None:
        """Stops clopidogrel, which a stroke may have started: one drug against clots is enough. Records the ECG."""
        for order in chart.history.prescriptions:
            if order.drug is drugs.CLOPIDOGREL and order.end is None:
                chart.stop_order(order, visit.day)
        chart.add_procedure(procedure_codes.ECG, visit, self.problem)
        chart.add_report(procedure_codes.ECG_STUDY, "CUS", visit, "Atrial fibrillation, rate about 100, no signs of ischaemia.")

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        super().decide(chart, visit, measured)
        if visit.day == self.paced and visit.setting == "inpatient":
            device = chart.add_implant(procedure_codes.PACEMAKER, visit.day)
            chart.add_procedure(procedure_codes.PACING, visit, self.problem, after=90, minutes=60, device=device)
            chart.add_note(
                procedure_codes.DISCHARGE, visit, "Pauses of four seconds; pacemaker implanted, wound dry. Home.", printed=True
            )


def _make_story(person: Person, rng: SeededRandom) -> Fibrillation:
    return Fibrillation(draw_onset(person, rng, 56), warfarin=rng.chance(0.35), paced=rng.chance(0.12))


STORY = StoryDefinition(
    "fibrillation",
    _make_story,
    ages=(58, 120),
    women=0.01,
    men=0.02,
    grows=0.0025,
    after={"hypertension": 1.6, "heart": 2.0},
    asks=("Palpitations", "INR"),
)
