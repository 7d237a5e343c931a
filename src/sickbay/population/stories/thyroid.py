"""Hypothyroidism: levothyroxine is raised until the TSH is normal."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Hypothyroidism(Lasting):
    """Hypothyroidism; TSH is between 8 and 14 at first."""

    chronic = True
    concept = problems.HYPOTHYROIDISM
    tests = (measures.TSH,)
    ladder = (drugs.LEVOTHYROXINE_50, drugs.LEVOTHYROXINE_75, drugs.LEVOTHYROXINE_100)
    replaces = (False, True, True)

    def __init__(self, onset: datetime.date, rng: SeededRandom) -> None:
        super().__init__(onset)
        self.rise = rng.draw_uniform(6, 12)

    def adjust(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            body["tsh"] += self.rise * (1.0, 0.35, 0.12, 0.05)[len(self.orders)]
            body["pulse"] -= 0 if self.orders else 6

    def needs_next_rung(self, measured: Body) -> bool:
        return measured.get("tsh", 0) > 4.5


STORY = StoryDefinition(
    "thyroid",
    lambda person, rng: Hypothyroidism(draw_onset(person, rng, 24), rng),
    ages=(26, 120),
    women=0.1,
    men=0.03,
    asks=("Thyroid results",),
)
