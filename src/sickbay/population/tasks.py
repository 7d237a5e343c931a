"""What is still to be done for a few patients with an app: Tasks that ask for its launch (SMART 2.2, Task profiles).

They follow from a life that is told already, by dice of their own: nothing else of it depends on them.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from sickbay.population import problems
from sickbay.population.codings import Concept
from sickbay.population.patient_history import AppTask, PatientHistory
from sickbay.population.people import TIMOTHY
from sickbay.population.seeded_random import SeededRandom

APP = "http://localhost:7426/launch.html"
"""The sample app where it is served unless told otherwise; the hospital knows it on every port."""
SHARE = 0.12
"""Of those who have such a problem."""


class TaskKind(NamedTuple):
    """do: what the app is told that the visit is for; text: what the clinician reads."""

    problem: Concept
    do: str
    text: str


KINDS = (
    TaskKind(problems.DEPRESSION, "phq-9", "Fill in the PHQ-9 together"),
    TaskKind(problems.ASTHMA, "asthma-control", "Ask the questions on asthma control"),
    TaskKind(problems.HEART_FAILURE, "weight-review", "Review the weights since the last visit"),
    TaskKind(problems.HYPERTENSION, "pressure-review", "Review the blood pressures since the last visit"),
    TaskKind(problems.DIABETES, "diabetes-review", "Prepare the yearly review of diabetes"),
)


def of(life: PatientHistory, seed: int) -> list[AppTask]:
    """At most one: of the first kind whose problem is still there, asked for at the last visit."""
    who = life.person
    if who.died or not life.visits:
        return []
    standing = {one.concept: one.number for one in reversed(life.problems) if one.lasting and one.over is None}
    kind = next((one for one in KINDS if one.problem in standing), None)
    asked = who.number == TIMOTHY or SeededRandom(seed, "errand", who.number).chance(SHARE)
    if kind is None or not asked:
        return []
    told = json.dumps({"do": kind.do, "condition": f"{who.id}-c{standing[kind.problem]:02d}"})
    return [AppTask(1, kind.do, kind.text, APP, told, life.visits[-1], standing[kind.problem])]
