"""Iron deficiency anaemia: haemoglobin and ferritin are low, and recover with iron."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Anaemia(Lasting):
    concept = problems.ANEMIA
    tests = (*measures.BLOOD, measures.FERRITIN)
    ladder = (drugs.IRON,)
    replaces = (False,)

    def adjust(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            treated = min((day - self.orders[0].start).days / 120, 1.0) if self.orders else 0.0
            body["hemoglobin"] -= 3.0 * (1 - treated) + 0.3
            body["ferritin"] = 14.0 + 45.0 * treated


STORY = StoryDefinition(
    "anaemia",
    lambda person, rng: Anaemia(draw_onset(person, rng, 16, years=5)),
    ages=(18, 52),
    women=0.07,
    never=frozenset({"pregnancy"}),
    asks=("Tired",),
)
