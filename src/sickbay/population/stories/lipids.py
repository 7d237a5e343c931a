"""Hyperlipidaemia and its statin."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import make_target
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Lipids(Lasting):
    """Hyperlipidaemia: the statin lowers LDL by two fifths, the higher dose by half."""

    chronic = True
    concept = problems.HYPERLIPIDEMIA
    tests = measures.LIPIDS
    ladder = (drugs.ATORVASTATIN_20, drugs.ATORVASTATIN_40)
    replaces = (False, True)
    care = (procedure_codes.EXERCISE,)
    goals = (make_target("LDL cholesterol below 100", measures.LDL, None, 100.0),)
    left = (1.0, 0.62, 0.53)
    """The fraction of the LDL that remains on each rung."""

    def __init__(self, onset: datetime.date, rng: SeededRandom) -> None:
        super().__init__(onset)
        self.rise = rng.draw_uniform(35, 70)

    def adjust(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            body["ldl"] = (body["ldl"] + self.rise) * self.left[len(self.orders)]
            body["triglycerides"] += 35

    def needs_next_rung(self, measured: Body) -> bool:
        return measured.get("ldl", 0) >= 105


STORY = StoryDefinition(
    "lipids",
    lambda person, rng: Lipids(draw_onset(person, rng), rng),
    ages=(33, 120),
    women=0.28,
    men=0.32,
    asks=("Cholesterol results",),
)
