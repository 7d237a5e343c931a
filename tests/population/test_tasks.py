"""What is to be done with an app: few Tasks, of problems that are still there, in the shape that a launch is asked for in."""

from __future__ import annotations

from typing import Any

import pytest
from tests.population.test_generate import everything

from sickbay.authorization.launch_task import OPEN, LaunchTaskRequest, of_task
from sickbay.population.people import TIMOTHY
from sickbay.population.stories import live
from sickbay.population.tasks import APP, KINDS, SHARE, of

LATER = ("stu3", "r4", "r4b", "r5")
MANY = 600


def tasks(version: Any, patients: int = 50) -> list[dict[str, Any]]:
    return [one for one in everything(version, patients=patients) if one["resourceType"] == "Task"]


@pytest.mark.parametrize("version", LATER)
def test_each_asks_for_a_launch_of_the_sample_app_about_a_condition_of_its_patient(version: str) -> None:
    found = tasks(version)
    assert "p-0017-t01" in {one["id"] for one in found}
    for one in found:
        asked, patient = of_task(one), one["id"].rpartition("-")[0]
        assert isinstance(asked, LaunchTaskRequest)
        assert (asked.url, asked.patient, one["status"] in OPEN) == (APP, patient, True)
        assert asked.encounter
        assert asked.encounter.startswith(f"{patient}-e")
        assert asked.intent in {kind.do for kind in KINDS}
        assert [each["reference"].partition("/")[0] for each in asked.about] == ["Task", "Condition"]


def test_dstu2_knew_no_task() -> None:
    assert tasks("dstu2") == []


def test_they_are_few_and_never_two_of_one_patient() -> None:
    lives = [live(1, number) for number in range(1, MANY + 1)]
    found = [one.person for one in lives if one.errands]
    assert all(len(one.errands) <= 1 for one in lives)
    assert MANY * SHARE * 0.2 < len(found) < MANY * SHARE
    assert not any(one.died for one in found)


def test_what_is_over_or_was_a_visit_alone_asks_for_nothing() -> None:
    life = live(1, TIMOTHY)
    [errand] = life.errands
    problem = next(one for one in life.problems if one.number == errand.problem)
    assert (problem.lasting, problem.over, errand.visit) == (True, None, life.visits[-1])
    life.problems = [one for one in life.problems if one.concept not in {kind.problem for kind in KINDS}]
    assert of(life, 1) == []
    life.visits = []
    assert of(life, 1) == []
