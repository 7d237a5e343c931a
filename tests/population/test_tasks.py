"""App tasks: only a few patients have one, each for an unresolved problem and in the format that asks for a launch."""

from __future__ import annotations

from typing import Any

import pytest
from tests.population.test_generate import everything

from sickbay.authorization.launch.task import OPEN, LaunchTaskRequest, request_of_task
from sickbay.population.people import TIMOTHY
from sickbay.population.stories import simulate_life
from sickbay.population.tasks import APP, KINDS, SHARE, find_task

LATER = ("stu3", "r4", "r4b", "r5")
HISTORIES = 600


def tasks(version: Any, patients: int = 50) -> list[dict[str, Any]]:
    return [resource for resource in everything(version, patients=patients) if resource["resourceType"] == "Task"]


@pytest.mark.parametrize("version", LATER)
def test_each_task_asks_for_a_launch_of_the_sample_app_for_a_condition_of_its_patient(version: str) -> None:
    generated = tasks(version)
    assert "p-0017-t01" in {task["id"] for task in generated}
    for task in generated:
        launch, patient = request_of_task(task), task["id"].rpartition("-")[0]
        assert isinstance(launch, LaunchTaskRequest)
        assert (launch.url, launch.patient, task["status"] in OPEN) == (APP, patient, True)
        assert launch.encounter
        assert launch.encounter.startswith(f"{patient}-e")
        assert launch.intent in {kind.do for kind in KINDS}
        assert [reference["reference"].partition("/")[0] for reference in launch.about] == ["Task", "Condition"]


def test_dstu2_has_no_tasks() -> None:
    assert tasks("dstu2") == []


def test_few_patients_have_a_task_and_each_has_at_most_one() -> None:
    histories = [simulate_life(1, number) for number in range(1, HISTORIES + 1)]
    patients = [history.person for history in histories if history.app_tasks]
    assert all(len(history.app_tasks) <= 1 for history in histories)
    assert HISTORIES * SHARE * 0.2 < len(patients) < HISTORIES * SHARE
    assert not any(patient.died for patient in patients)


def test_without_an_unresolved_problem_or_a_visit_there_is_no_task() -> None:
    history = simulate_life(1, TIMOTHY)
    [app_task] = history.app_tasks
    problem = next(candidate for candidate in history.problems if candidate.number == app_task.problem)
    assert (problem.lasting, problem.over, app_task.visit) == (True, None, history.visits[-1])
    history.problems = [
        candidate for candidate in history.problems if candidate.concept not in {kind.problem for kind in KINDS}
    ]
    assert find_task(history, 1) == []
    history.visits = []
    assert find_task(history, 1) == []
