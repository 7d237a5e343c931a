"""Asthma in children and adults: a reliever first, a controller after a low oxygen saturation."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import make_target
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Asthma(Lasting):
    """Asthma; the controller raises the oxygen saturation."""

    chronic = True
    concept = problems.ASTHMA
    signs = (measures.BREATHS, measures.OXYGEN)
    ladder = (drugs.ALBUTEROL, drugs.FLUTICASONE)
    replaces = (False, False)
    care = (procedure_codes.EDUCATION, procedure_codes.SELF_CARE)
    goals = (make_target("No attack at night"),)

    def adjust(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            body["oxygen"] -= 1.5 if len(self.orders) < 2 else 0.6
            body["breaths"] += 1

    def needs_next_rung(self, measured: Body) -> bool:
        return not self.orders or measured.get("oxygen", 100) <= 96


CHILD = StoryDefinition(
    "asthma of a child",
    lambda person, rng: Asthma(draw_onset(person, rng, 4)),
    ages=(6, 18),
    women=0.12,
    men=0.16,
    asks=("Asthma review", "Wheezing at night"),
)
STORY = StoryDefinition(
    "asthma",
    lambda person, rng: Asthma(draw_onset(person, rng, 4)),
    women=0.09,
    men=0.07,
    asks=("Asthma review", "Wheezing at night"),
)
