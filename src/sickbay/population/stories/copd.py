"""Chronic obstructive pulmonary disease: spirometry and inhalers, mostly in smokers."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart, make_target
from sickbay.population.patient_history import Visit
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Obstruction(Lasting):
    """COPD: FEV1/FVC is below 70 % and falls slowly."""

    chronic = True
    concept = problems.COPD
    signs = (measures.BREATHS, measures.OXYGEN)
    ladder = (drugs.ALBUTEROL, drugs.SALMETEROL)
    replaces = (False, False)
    care = (procedure_codes.LUNG_TRAINING, procedure_codes.EDUCATION)
    goals = (make_target("No stay in hospital for breath this year"),)

    def __init__(self, onset: datetime.date, rng: SeededRandom) -> None:
        super().__init__(onset)
        self.ratio = rng.draw_uniform(54, 66)
        self.blown = 0

    def adjust(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            body["oxygen"] -= 3.5
            body["breaths"] += 2.0
            body["fev1"] = max(self.ratio - (day - self.onset).days / 365 * 0.6, 42.0)

    def needs_next_rung(self, measured: Body) -> bool:
        return len(self.orders) < 2

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        super().decide(chart, visit, measured)
        if self.problem and visit.day.year > self.blown + 1:
            self.blown = visit.day.year
            body: Body = {}
            body["fev1"] = max(self.ratio - (visit.day - self.onset).days / 365 * 0.6, 42.0)
            number = chart.add_reading(measures.FEV1, visit, chart.draw_value(measures.FEV1, body), after=14)
            chart.add_procedure(procedure_codes.SPIROMETRY, visit, self.problem, after=8)
            chart.add_report(
                procedure_codes.SPIROMETRY_STUDY,
                "PF",
                visit,
                "Obstruction that does not go away after albuterol.",
                readings=(number,),
                after=16,
            )


STORY = StoryDefinition(
    "copd",
    lambda person, rng: Obstruction(draw_onset(person, rng, 50), rng),
    ages=(55, 120),
    women=0.05,
    men=0.06,
    after={"smoking": 3.5},
    never=frozenset({"asthma"}),
    asks=("Short of breath on stairs",),
)
