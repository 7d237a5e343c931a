"""Osteoarthritis of the knee: an X-ray, pain killers, physiotherapy; for some a new joint."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sickbay.population import acts, drugs, measures, problems
from sickbay.population.body import Body
from sickbay.population.chart import Chart, wanted
from sickbay.population.dice import Dice
from sickbay.population.life import Person, Visit
from sickbay.population.stories.base import Lasting, Planned, Told, onset, within


class Knee(Lasting):
    """operation: the day of the new joint, None: without one."""

    concept = problems.KNEE_ARTHROSIS
    tests = (measures.PAIN,)
    ladder = (drugs.PARACETAMOL,)
    replaces = (False,)
    care = (acts.PHYSIOTHERAPY, acts.EXERCISE)
    aims = (wanted("Walks for half an hour without pain"),)

    def __init__(self, onset: datetime.date, operation: datetime.date | None) -> None:
        super().__init__(onset)
        self.operation = operation

    def plan(self) -> Iterable[Planned]:
        if self.operation:
            yield Planned(self.operation, problems.ADMISSION, self.concept, None, self, "inpatient", 3 * 24 * 60)

    def bend(self, body: Body, day: datetime.date) -> None:
        operated = self.operation is not None and day > self.operation
        body["pain"] = 1.0 if operated or day < self.onset else 5.0

    def found(self, chart: Chart, visit: Visit) -> None:
        asked = chart.request(acts.KNEE_XRAY, acts.IMAGING, visit, self.problem)
        chart.act(acts.KNEE_XRAY, visit, self.problem, asked)
        chart.report(acts.IMAGE, "RAD", visit, "Narrow joint space, osteophytes; no fracture.", asked)

    def decide(self, chart: Chart, visit: Visit, seen: Body) -> None:
        super().decide(chart, visit, seen)
        if visit.day == self.operation and visit.setting == "inpatient" and self.problem:
            asked = chart.request(acts.KNEE_REPLACEMENT, acts.SURGICAL, visit, self.problem)
            device = chart.implant(acts.KNEE_PROSTHESIS, visit.day)
            chart.act(acts.KNEE_REPLACEMENT, visit, self.problem, asked, after=120, minutes=95, device=device)
            chart.note(
                acts.DISCHARGE, visit, "Knee replaced without complications. Walks with crutches, full weight.", printed=True
            )


def _make(who: Person, dice: Dice) -> Knee:
    begun = onset(who, dice, 45)
    wanted = who.number > 17 and who.age(who.last) > 58 and dice.chance(0.3)
    day = within(who, dice, 56) if wanted else None
    return Knee(min(begun, day - datetime.timedelta(days=200)) if day else begun, day)


STORY = Told("knee", _make, ages=(50, 120), women=0.22, men=0.18, asks=("Knee pain",))
