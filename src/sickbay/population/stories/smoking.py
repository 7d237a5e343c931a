"""Smoking: advice at the check-up; half of the smokers stop, with nicotine patches."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, problems, procedure_codes
from sickbay.population.chart import Chart, make_target
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Visit
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Smoking(Lasting):
    """Smoking. stopped: the day of the last cigarette, or None if the person still smokes."""

    concept = problems.NICOTINE
    care = (procedure_codes.SMOKING_ADVICE, procedure_codes.SMOKING_THERAPY)
    goals = (make_target("No cigarettes for a year", finding=problems.EX_SMOKER),)

    def __init__(self, onset: datetime.date, stopped: datetime.date | None) -> None:
        super().__init__(onset)
        self.stopped = stopped
        self.helped = False

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        super().decide(chart, visit, measured)
        if self.problem and self.stopped and not self.helped and visit.day >= self.stopped:
            self.helped = True
            until = visit.day + datetime.timedelta(days=42)
            request = chart.add_request(procedure_codes.SMOKING_THERAPY, procedure_codes.COUNSELING, visit, self.problem, until)
            chart.add_procedure(procedure_codes.SMOKING_THERAPY, visit, self.problem, request, minutes=8)
            chart.prescribe(drugs.NICOTINE, visit, self.problem, end=until)
            chart.resolve(self.problem, until)

    def status(self, day: datetime.date) -> Concept:
        return problems.EX_SMOKER if self.helped and self.stopped and day > self.stopped else problems.SMOKER


STORY = StoryDefinition(
    "smoking",
    lambda person, rng: Smoking(draw_onset(person, rng, 16), draw_onset(person, rng, 20, years=3) if rng.chance(0.5) else None),
    ages=(18, 80),
    women=0.12,
    men=0.16,
    never=frozenset({"pregnancy"}),
    asks=("Wants to stop smoking",),
)
