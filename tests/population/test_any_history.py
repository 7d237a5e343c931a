"""Laws of any life, of any seed, in every version, clean or messy."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from tests.population.test_generate import LACKING, names, references

from sickbay.fhir.validation.validator import validate
from sickbay.population.stories import live

VERSIONS = ("dstu2", "stu3", "r4", "r4b", "r5")
SEEDS = some.integers(0, 2**40)
NUMBERS = some.integers(1, 100_000)
LEVELS = some.sampled_from((0.0, 0.0, 0.4, 1.0))


def record(seed: int, number: int, level: float, version: str) -> list[dict[str, Any]]:
    return list(import_module(f"sickbay.population.render.{version}").record(live(seed, number, level)))


@settings(max_examples=60, deadline=None)
@given(SEEDS, NUMBERS, LEVELS, some.sampled_from(VERSIONS))
def test_it_is_valid_names_each_thing_once_and_refers_to_its_own_patient_and_the_hospital(
    seed: int, number: int, level: float, version: str
) -> None:
    found = record(seed, number, level, version)
    assert [(one["id"], problem) for one in found for problem in validate(version, one)] == []
    hospital = list(import_module(f"sickbay.population.render.{version}").hospital())
    known = names(found)
    assert len(known) == len(set(known))
    assert {each for one in found for each in references(one)} <= {*known, *names(hospital)}


@settings(max_examples=40, deadline=None)
@given(SEEDS, NUMBERS, LEVELS)
def test_it_is_the_same_each_time_and_has_the_same_ids_in_every_version(seed: int, number: int, level: float) -> None:
    first = record(seed, number, level, "r4")
    assert first == record(seed, number, level, "r4")
    for version in VERSIONS:
        known = [one["id"] for one in first if one["resourceType"] not in LACKING.get(version, ())]
        assert [one["id"] for one in record(seed, number, level, version)] == known


@settings(max_examples=60, deadline=None)
@given(SEEDS, NUMBERS)
def test_it_lies_between_birth_and_last_day(seed: int, number: int) -> None:
    life = live(seed, number)
    born, last = life.person.born, life.person.last
    days = [visit.day for visit in life.visits] + [visit.end.date() for visit in life.visits]
    days += [each for problem in life.problems for each in (problem.onset, problem.recorded, problem.over) if each]
    days += [each for order in life.prescriptions for each in (order.start, order.end) if each]
    days += [act.start.date() for act in life.acts] + [report.at.date() for report in life.reports]
    assert all(born <= day <= last for day in days)
    assert all(each.onset <= each.recorded for each in life.problems)
    assert all(each.end is None or each.start <= each.end for each in life.prescriptions)
