"""Open tasks for a few patients that ask for the launch of an app (SMART 2.2, Task profiles).

They are derived from a finished history with their own random stream; nothing else depends on them.
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
"""The launch URL of the sample app at its default port. The hospital knows the app on every port."""
SHARE = 0.12
"""The share of patients with such a problem who get a task."""


class TaskKind(NamedTuple):
    """A kind of task for a problem. do: the code that the app receives; text: what the clinician reads."""

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


def find_task(history: PatientHistory, seed: int) -> list[AppTask]:
    """Returns at most one task: the first kind whose problem is unresolved, requested at the last visit."""
    patient = history.person
    if patient.died or not history.visits:
        return []
    problem_numbers = {
        problem.concept: problem.number for problem in reversed(history.problems) if problem.lasting and problem.over is None
    }
    kind = next((task_kind for task_kind in KINDS if task_kind.problem in problem_numbers), None)
    has_task = patient.number == TIMOTHY or SeededRandom(seed, "errand", patient.number).chance(SHARE)
    if kind is None or not has_task:
        return []
    launch_context = json.dumps({"do": kind.do, "condition": f"{patient.id}-c{problem_numbers[kind.problem]:02d}"})
    return [AppTask(1, kind.do, kind.text, APP, launch_context, history.visits[-1], problem_numbers[kind.problem])]
