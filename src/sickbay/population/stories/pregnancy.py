"""A pregnancy: prenatal visits, the weight and the blood that change, iron where it is needed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sickbay.population import drugs, measures, problems
from sickbay.population.body import Body
from sickbay.population.chart import Chart
from sickbay.population.life import END, Measure, Problem, Visit
from sickbay.population.staff import OBSTETRICIAN
from sickbay.population.stories.base import Planned, Story

WEEKS = (10, 16, 20, 24, 28, 31, 34, 36, 38, 39)
BLOOD_WEEKS = (10, 28, 36)
TERM = datetime.timedelta(weeks=40)


class Pregnancy(Story):
    """Forty weeks from `start` (the first day of the last period)."""

    def __init__(self, start: datetime.date) -> None:
        self.start = start
        self.problem: Problem | None = None
        self.iron = False

    def week(self, day: datetime.date) -> float | None:
        """The week of pregnancy, or None before and after."""
        return (day - self.start).days / 7 if self.start <= day < self.start + TERM else None

    def plan(self) -> Iterable[Planned]:
        for week in WEEKS:
            day = self.start + datetime.timedelta(weeks=week, days=1)
            yield Planned(day, problems.PRENATAL, problems.PREGNANCY, OBSTETRICIAN.id)

    def bend(self, body: Body, day: datetime.date) -> None:
        week = self.week(day)
        if week is not None:
            body["weight"] += max(week - 11, 0) * 0.43
            body["systolic"] -= 6 if week < 30 else 2
            body["diastolic"] -= 6 if week < 30 else 1
            body["pulse"] += 9
            body["hemoglobin"] -= 2.0 if week > 20 else 0.8
            body["ferritin"] -= 45 if week > 20 else 20
            body["glucose"] -= 5

    def labs(self, visit: Visit) -> tuple[Measure, ...]:
        week = self.week(visit.day)
        if week is None or int(week) not in BLOOD_WEEKS:
            return ()
        return (*measures.BLOOD, measures.FERRITIN, measures.GLUCOSE)

    def decide(self, chart: Chart, visit: Visit, seen: Body) -> None:
        if self.problem is None and self.week(visit.day) is not None:
            end = self.start + TERM
            over = end if end <= END else None
            self.problem = chart.problem(problems.PREGNANCY, self.start, visit.day, visit, over=over)
        if self.problem and not self.iron and seen.get("hemoglobin", 99) < 11.5 and self.week(visit.day) is not None:
            self.iron = True
            chart.prescribe(drugs.IRON, visit, self.problem, end=self.problem.over)
