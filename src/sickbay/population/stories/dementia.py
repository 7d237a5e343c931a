"""Alzheimer's disease: the mini-mental state falls by about two points a year, with or without donepezil."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import make_target
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Dementia(Lasting):
    """Dementia; the score starts at about 24 of 30 points."""

    chronic = True
    concept = problems.DEMENTIA
    tests = (measures.MMSE,)
    ladder = (drugs.DONEPEZIL,)
    replaces = (False,)
    care = (procedure_codes.EDUCATION, procedure_codes.SELF_CARE)
    goals = (make_target("Lives at home, with help"),)

    def __init__(self, onset: datetime.date, rng: SeededRandom) -> None:
        super().__init__(onset)
        self.loss = rng.draw_uniform(1.4, 2.6)

    def adjust(self, body: Body, day: datetime.date) -> None:
        body["mmse"] = 28.0
        if day >= self.onset:
            body["mmse"] = max(24.5 - (day - self.onset).days / 365 * self.loss, 6.0)


STORY = StoryDefinition(
    "dementia",
    lambda person, rng: Dementia(draw_onset(person, rng, 70, years=7), rng),
    ages=(72, 120),
    women=0.02,
    men=0.02,
    grows=0.012,
    asks=("Memory, with the family",),
)
