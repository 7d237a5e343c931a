"""Properties of every history: for any seed, in every FHIR version, with and without errors."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from tests.population.test_generate import LACKING, names, references

from sickbay.fhir.validation.validator import validate
from sickbay.population.stories import simulate_life

VERSIONS = ("dstu2", "stu3", "r4", "r4b", "r5")
SEEDS = some.integers(0, 2**40)
NUMBERS = some.integers(1, 100_000)
LEVELS = some.sampled_from((0.0, 0.0, 0.4, 1.0))


def record(seed: int, number: int, level: float, version: str) -> list[dict[str, Any]]:
    return list(import_module(f"sickbay.population.render.{version}").render_record(simulate_life(seed, number, level)))


@settings(max_examples=60, deadline=None)
@given(SEEDS, NUMBERS, LEVELS, some.sampled_from(VERSIONS))
def test_a_record_is_valid_has_unique_ids_and_refers_only_to_itself_and_the_hospital(
    seed: int, number: int, level: float, version: str
) -> None:
    resources = record(seed, number, level, version)
    assert [(resource["id"], problem) for resource in resources for problem in validate(version, resource)] == []
    hospital = list(import_module(f"sickbay.population.render.{version}").render_hospital())
    ids = names(resources)
    assert len(ids) == len(set(ids))
    assert {target for resource in resources for target in references(resource)} <= {*ids, *names(hospital)}


@settings(max_examples=40, deadline=None)
@given(SEEDS, NUMBERS, LEVELS)
def test_a_record_is_reproducible_and_has_the_same_ids_in_every_version(seed: int, number: int, level: float) -> None:
    first = record(seed, number, level, "r4")
    assert first == record(seed, number, level, "r4")
    for version in VERSIONS:
        expected = [resource["id"] for resource in first if resource["resourceType"] not in LACKING.get(version, ())]
        assert [resource["id"] for resource in record(seed, number, level, version)] == expected


@settings(max_examples=60, deadline=None)
@given(SEEDS, NUMBERS)
def test_everything_happens_between_birth_and_the_last_day(seed: int, number: int) -> None:
    history = simulate_life(seed, number)
    born, last = history.person.born, history.person.last
    days = [visit.day for visit in history.visits] + [visit.end.date() for visit in history.visits]
    days += [day for problem in history.problems for day in (problem.onset, problem.recorded, problem.over) if day]
    days += [day for order in history.prescriptions for day in (order.start, order.end) if day]
    days += [procedure.start.date() for procedure in history.procedures] + [report.at.date() for report in history.reports]
    assert all(born <= day <= last for day in days)
    assert all(problem.onset <= problem.recorded for problem in history.problems)
    assert all(order.end is None or order.start <= order.end for order in history.prescriptions)
