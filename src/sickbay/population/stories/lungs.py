"""Asthma, in children and adults, and conditions that are simply there with one drug."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, problems
from sickbay.population.body import Body
from sickbay.population.chart import Chart
from sickbay.population.life import Concept, Drug, Visit
from sickbay.population.stories.base import Lasting


class Asthma(Lasting):
    """A reliever at once, a controller when the saturation has been low."""

    chronic = True
    concept = problems.ASTHMA
    ladder = (drugs.ALBUTEROL, drugs.FLUTICASONE)
    replaces = (False, False)

    def bend(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            body["oxygen"] -= 1.5 if len(self.orders) < 2 else 0.6
            body["breaths"] += 1

    def missed(self, seen: Body) -> bool:
        return not self.orders or seen.get("oxygen", 100) <= 96


class Steady(Lasting):
    """A condition with at most one drug, which changes no measurement."""

    def __init__(
        self, onset: datetime.date, concept: Concept, drug: Drug | None = None, site: Concept | None = None
    ) -> None:
        super().__init__(onset)
        self.concept = concept
        self.ladder = (drug,) if drug else ()
        self.replaces = (False,)
        self.site = site

    def decide(self, chart: Chart, visit: Visit, seen: Body) -> None:
        if self.problem is None and visit.day >= self.onset:
            self.problem = chart.problem(self.concept, self.onset, visit.day, visit, site=self.site)
        super().decide(chart, visit, seen)
