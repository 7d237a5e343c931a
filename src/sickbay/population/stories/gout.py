"""Gout: an attack, naproxen, and allopurinol until the uric acid is below 6 mg/dL."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart, make_target
from sickbay.population.patient_history import Visit
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Gout(Lasting):
    """Gout; uric acid is 8 to 10 mg/dL at first."""

    concept = problems.GOUT
    tests = (measures.URATE,)
    ladder = (drugs.ALLOPURINOL_100, drugs.ALLOPURINOL_300)
    replaces = (False, True)
    care = (procedure_codes.EDUCATION,)
    goals = (make_target("Uric acid below 6 mg/dL", measures.URATE, None, 6.0),)

    def __init__(self, onset: datetime.date, rng: SeededRandom) -> None:
        super().__init__(onset)
        self.high = rng.draw_uniform(8.0, 10.0)

    def adjust(self, body: Body, day: datetime.date) -> None:
        body["urate"] = 5.2
        if day >= self.onset:
            body["urate"] = self.high - (0.0, 2.0, 3.6)[len(self.orders)]

    def needs_next_rung(self, measured: Body) -> bool:
        return measured.get("urate", 0) >= 6.0

    def act_on_diagnosis(self, chart: Chart, visit: Visit) -> None:
        drug = drugs.PARACETAMOL if chart.avoids_nsaids else drugs.NAPROXEN
        chart.prescribe(drug, visit, self.problem, end=visit.day + datetime.timedelta(days=7))


STORY = StoryDefinition(
    "gout",
    lambda person, rng: Gout(draw_onset(person, rng, 36), rng),
    ages=(38, 120),
    women=0.02,
    men=0.06,
    after={"hypertension": 1.6, "kidney": 1.5},
    asks=("Painful toe",),
)
