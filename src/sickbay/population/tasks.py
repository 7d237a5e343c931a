"""What is still to be done for a few patients with an app: Tasks that ask for its launch (SMART 2.2, Task profiles).

They follow from a life that is told already, by dice of their own: nothing else of it depends on them.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from sickbay.population import problems
from sickbay.population.codings import Concept
from sickbay.population.dice import Dice
from sickbay.population.life import Errand, Life
from sickbay.population.people import TIMOTHY

APP = "http://localhost:7426/launch.html"
"""The sample app where it is served unless told otherwise; the hospital knows it on every port."""
SHARE = 0.12
"""Of those who have such a problem."""


class Kind(NamedTuple):
    """do: what the app is told that the visit is for; text: what the clinician reads."""

    problem: Concept
    do: str
    text: str


KINDS = (
    Kind(problems.DEPRESSION, "phq-9", "Fill in the PHQ-9 together"),
    Kind(problems.ASTHMA, "asthma-control", "Ask the questions on asthma control"),
    Kind(problems.HEART_FAILURE, "weight-review", "Review the weights since the last visit"),
    Kind(problems.HYPERTENSION, "pressure-review", "Review the blood pressures since the last visit"),
    Kind(problems.DIABETES, "diabetes-review", "Prepare the yearly review of diabetes"),
)


def of(life: Life, seed: int) -> list[Errand]:
    """At most one: of the first kind whose problem is still there, asked for at the last visit."""
    who = life.person
    if who.died or not life.visits:
        return []
    standing = {one.concept: one.number for one in reversed(life.problems) if one.lasting and one.over is None}
    kind = next((one for one in KINDS if one.problem in standing), None)
    asked = who.number == TIMOTHY or Dice(seed, "errand", who.number).chance(SHARE)
    if kind is None or not asked:
        return []
    told = json.dumps({"do": kind.do, "condition": f"{who.id}-c{standing[kind.problem]:02d}"})
    return [Errand(1, kind.do, kind.text, APP, told, life.visits[-1], standing[kind.problem])]
