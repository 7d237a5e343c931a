"""Type 2 diabetes: HbA1c, metformin, a second drug, and yearly examinations of eyes and feet."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart, make_target
from sickbay.population.patient_history import Visit
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Diabetes(Lasting):
    """Type 2 diabetes: metformin, a higher dose, then a second drug. The goal is an HbA1c below 7."""

    chronic = True
    concept = problems.DIABETES
    tests = (measures.A1C, measures.GLUCOSE, measures.ALBUMIN_RATIO)
    ladder = (drugs.METFORMIN_500, drugs.METFORMIN_1000, drugs.EMPAGLIFLOZIN)
    replaces = (False, True, False)
    relief = (0.9, 0.6, 0.7)
    care = (procedure_codes.EDUCATION, procedure_codes.EXERCISE)
    goals = (make_target("HbA1c below 7 %", measures.A1C, None, 7.0, problems.CONTROLLED),)

    def __init__(self, onset: datetime.date, rng: SeededRandom) -> None:
        super().__init__(onset)
        self.rise = rng.draw_uniform(1.9, 3.4)
        self.looked = 0

    def adjust(self, body: Body, day: datetime.date) -> None:
        body["weight"] += 6.0
        if day >= self.onset:
            years = (day - self.onset).days / 365
            body["a1c"] = max(5.3 + self.rise + min(years, 12) * 0.05 - sum(self.relief[: len(self.orders)]), 5.9)
            body["glucose"] = (28.7 * body["a1c"] - 46.7) * 0.88
            body["albumin_ratio"] += min(years, 15) * 1.4

    def needs_next_rung(self, measured: Body) -> bool:
        return measured.get("a1c", 0) >= 7.0

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        super().decide(chart, visit, measured)
        if self.problem and visit.day.year > self.looked:
            self.looked = visit.day.year
            request = chart.add_request(procedure_codes.RETINAL_EXAM, procedure_codes.EVALUATION, visit, self.problem)
            chart.add_procedure(procedure_codes.RETINAL_EXAM, visit, self.problem, request)
            chart.add_procedure(procedure_codes.FOOT_EXAM, visit, self.problem, after=8, minutes=5)


STORY = StoryDefinition(
    "diabetes",
    lambda person, rng: Diabetes(draw_onset(person, rng, 34), rng),
    ages=(36, 120),
    women=0.05,
    men=0.06,
    grows=0.004,
    after={"hypertension": 1.5},
    asks=("Diabetes review", "HbA1c results"),
)
