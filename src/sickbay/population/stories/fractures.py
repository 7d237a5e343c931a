"""Broken bones: emergency room, an X-ray, a cast. A broken hip: an operation and a week in hospital. Osteoporosis behind it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sickbay.population import acts, drugs, measures, problems
from sickbay.population.body import Body
from sickbay.population.chart import Chart
from sickbay.population.codings import Concept
from sickbay.population.dice import Dice
from sickbay.population.life import Person, Problem, Setting, Visit
from sickbay.population.stories.base import Episode, Lasting, Planned, Told, onset, within

_BONES = (
    (problems.FOREARM_FRACTURE, acts.FOREARM_XRAY, 42),
    (problems.ANKLE_FRACTURE, acts.ANKLE_XRAY, 49),
    (problems.CLAVICLE_FRACTURE, acts.CLAVICLE_XRAY, 35),
)


class Fracture(Episode):
    kind, minutes, drug = problems.EMERGENCY, 150, drugs.PARACETAMOL
    setting: Setting = "emergency"

    def __init__(self, day: datetime.date, concept: Concept, image: Concept, days: int) -> None:
        super().__init__(day)
        self.concept, self.image, self.days = concept, image, days

    def plan(self) -> Iterable[Planned]:
        yield from super().plan()
        yield Planned(self.day + datetime.timedelta(days=12), problems.FOLLOW_UP, self.concept, None, self)

    def happen(self, chart: Chart, visit: Visit, problem: Problem) -> None:
        asked = chart.request(self.image, acts.IMAGING, visit, problem)
        chart.act(self.image, visit, problem, asked, after=30)
        chart.report(acts.IMAGE, "RAD", visit, f"{self.concept.text}, not displaced.", asked, after=50)
        if visit.setting == "emergency":
            chart.act(acts.FRACTURE_CARE, visit, problem, after=80, minutes=25)


class Hip(Fracture):
    kind, setting, minutes = problems.ADMISSION, "inpatient", 7 * 24 * 60

    def happen(self, chart: Chart, visit: Visit, problem: Problem) -> None:
        super().happen(chart, visit, problem)
        device = chart.implant(acts.HIP_PROSTHESIS, visit.day)
        chart.act(acts.HIP_REPLACEMENT, visit, problem, after=600, minutes=85, device=device)
        chart.note(
            acts.DISCHARGE, visit, "Fell at home, broken hip replaced. Home with physiotherapy, full weight.", printed=True
        )


class Osteoporosis(Lasting):
    """Found by a bone density scan."""

    concept, ladder, replaces = problems.OSTEOPOROSIS, (drugs.ALENDRONATE,), (False,)
    care = (acts.EXERCISE,)

    def found(self, chart: Chart, visit: Visit) -> None:
        body: Body = {"t_score": -2.9}
        number = chart.read(measures.T_SCORE, visit, chart.throw(measures.T_SCORE, body), after=18)
        chart.act(acts.BONE_DENSITY, visit, self.problem)
        chart.report(acts.IMAGE, "RAD", visit, "Bone density of osteoporosis.", readings=(number,), after=20)


def _broken(who: Person, dice: Dice) -> Fracture:
    return Fracture(within(who, dice, 5), *dice.pick(_BONES))


STORY = Told("fracture", _broken, ages=(5, 120), women=0.05, men=0.06, asks=("Cast off",))
HIP = Told(
    "hip",
    lambda who, dice: Hip(within(who, dice, 70), problems.HIP_FRACTURE, acts.HIP_XRAY, 90),
    ages=(72, 120),
    women=0.06,
    men=0.03,
    after={"osteoporosis": 2.5},
    asks=("After the hip operation",),
)
BONES = Told(
    "osteoporosis",
    lambda who, dice: Osteoporosis(onset(who, dice, 62)),
    ages=(65, 120),
    women=0.22,
    men=0.04,
    asks=("Bone density results",),
)
