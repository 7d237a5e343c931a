"""Adds realistic errors to a population: data that are still valid FHIR, but break naive apps.

The level goes from 0 (none) to 1. At 1, half of the patients have an odd name, an unknown gender or a birth date with only a
year or month; a fifth of the observations have no unit, no code or no value, or were entered twice or in error; a quarter of
the problems have text instead of a code, are entered in error, or have an onset with only a year; and a quarter of the
prescriptions have text instead of a code. Patients up to the last of the cast (`people.CAST`) have no errors, and the errors
don't change what happens in a history.
"""

from __future__ import annotations

from msgspec.structs import replace

from sickbay.population.codings import Concept
from sickbay.population.patient_history import Condition, Measure, Observation, PatientHistory, Person, Prescription
from sickbay.population.seeded_random import SeededRandom

CAST = 17
"""The number of the last patient of the cast."""

_NAMES = (
    (("Zoë", "Renée"), "Ångström-Łuczak"),
    (("Đặng",), "Nguyễn"),
    (("Siân",), "O'Súilleabháin"),
    (("X",), "Y"),
    (("Bo",), "Æ"),
    (("MARGARET",), "SMITHERS"),
    (
        ("Maria", "del", "Carmen", "Josefina", "Guadalupe", "Esperanza"),
        "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh van den Hoogenband y Villanueva de la Serena",
    ),
    (("Mary Jane (call her MJ)",), "Test-Notatest"),
    (("美咲",), "田中"),
)
"""Diacritics, names of one letter, capitals, a hundred letters, remarks in the wrong field, other scripts."""


def add_person_errors(patient: Person, seed: int, level: float) -> Person:
    rng = SeededRandom(seed, "mess", "person", patient.number)
    if patient.number <= CAST or not rng.chance(level * 0.5):
        return patient
    kind = rng.pick_integer(0, 3)
    if kind == 0:
        return replace(patient, gender="unknown" if rng.chance(0.7) else "other")
    if kind == 1:
        return replace(patient, born_as=rng.pick(("year", "month")))
    given, family = rng.pick(_NAMES)
    return replace(patient, given=given, family=family)


def add_errors(history: PatientHistory, seed: int, level: float) -> PatientHistory:
    """Returns the same history with recording errors, changed in place. level: from 0 to 1."""
    if not level or history.person.number <= CAST:
        return history
    rng = SeededRandom(seed, "mess", "life", history.person.number)
    history.problems = [_degrade_problem(problem, rng) if rng.chance(level * 0.25) else problem for problem in history.problems]
    history.prescriptions = [
        _degrade_order(order, rng) if rng.chance(level * 0.25) else order for order in history.prescriptions
    ]
    duplicates: list[Observation] = []
    for index, reading in enumerate(history.readings):
        if rng.chance(level * 0.2):
            kind = rng.pick_integer(0, 4)
            if kind == 4:
                duplicates.append(reading)
            else:
                history.readings[index] = _KINDS[kind](reading)
    for reading in duplicates:
        history.readings.append(replace(reading, number=len(history.readings) + 1))
    return history


def _degrade_problem(problem: Condition, rng: SeededRandom) -> Condition:
    kind = rng.pick_integer(0, 2)
    if kind == 0:
        return replace(problem, concept=_remove_codes(problem.concept))
    return replace(problem, wrong=True) if kind == 1 else replace(problem, vague=True)


def _degrade_order(order: Prescription, rng: SeededRandom) -> Prescription:
    drug = order.drug
    text = drug.concept.text.upper() if rng.chance(0.5) else f"{drug.concept.text}, {drug.taken}"
    return replace(order, drug=replace(drug, concept=Concept((), text)))


def _remove_codes(concept: Concept) -> Concept:
    return Concept((), concept.text.lower())


def _strip_unit_and_ranges(measure: Measure) -> Measure:
    """Returns the measure without unit, profile and ranges; the profiles of vital signs require code and unit."""
    return replace(measure, unit="", ucum="", profile="", female=None, male=None)


def _drop_unit(reading: Observation) -> Observation:
    return replace(
        reading,
        measure=_strip_unit_and_ranges(reading.measure),
        parts=tuple((_strip_unit_and_ranges(part), value) for part, value in reading.parts),
    )


def _drop_code(reading: Observation) -> Observation:
    return replace(reading, measure=replace(reading.measure, concept=_remove_codes(reading.measure.concept), profile=""))


def _drop_value(reading: Observation) -> Observation:
    return replace(
        reading,
        measure=replace(reading.measure, profile=""),
        value=None,
        concept=None,
        parts=(),
        text=None,
        flag=None,
        absent=True,
    )


def _mark_as_error(reading: Observation) -> Observation:
    return replace(reading, measure=replace(reading.measure, profile=""), wrong=True)


_KINDS = (_drop_unit, _drop_code, _drop_value, _mark_as_error)
