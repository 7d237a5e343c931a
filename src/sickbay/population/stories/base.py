"""What a story is: it bends the body, asks for tests, and decides on what was seen."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from sickbay.population.body import Body
from sickbay.population.chart import Chart
from sickbay.population.life import Concept, Drug, Measure, Prescription, Problem, Visit


class Planned(NamedTuple):
    """A visit that a story wants."""

    day: datetime.date
    kind: Concept
    reason: Concept | None = None
    by: str | None = None


class Story:
    """One thread of a life. Every visit asks all threads in turn: `bend`, `labs`, `decide`."""

    def plan(self) -> Iterable[Planned]:
        return ()

    def bend(self, body: Body, day: datetime.date) -> None:
        """Changes in place what the body will show on this day."""

    def labs(self, visit: Visit) -> tuple[Measure, ...]:
        return ()

    def decide(self, chart: Chart, visit: Visit, seen: Body) -> None:
        """Records, prescribes, changes a dose, given what this visit has shown."""


class Lasting(Story):
    """A condition that begins one day and stays, with a ladder of drugs climbed while the aim is missed."""

    chronic = False
    """Whether it calls for follow-ups between the yearly check-ups."""
    concept: Concept
    tests: tuple[Measure, ...] = ()
    ladder: tuple[Drug, ...] = ()
    replaces: tuple[bool, ...] = ()
    """For each rung, whether it takes the place of the rung before (a dose raised) or comes on top."""

    def __init__(self, onset: datetime.date) -> None:
        self.onset = onset
        self.problem: Problem | None = None
        self.orders: list[Prescription] = []

    def labs(self, visit: Visit) -> tuple[Measure, ...]:
        return self.tests if visit.day >= self.onset else ()

    def missed(self, seen: Body) -> bool:
        """Whether what was seen asks for the next rung."""
        return not self.orders

    def decide(self, chart: Chart, visit: Visit, seen: Body) -> None:
        if visit.day < self.onset:
            return
        if self.problem is None:
            self.problem = chart.problem(self.concept, self.onset, visit.day, visit)
        rung = len(self.orders)
        if rung < len(self.ladder) and self.missed(seen):
            if rung and self.replaces[rung]:
                chart.stop(self.orders[-1], visit.day)
            self.orders.append(chart.prescribe(self.ladder[rung], visit, self.problem))
