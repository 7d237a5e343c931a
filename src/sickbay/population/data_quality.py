"""Real data are not clean. The dial, from 0 (nothing) to 1: what is still valid FHIR, and yet trips an app.

At 1 every second patient has an odd name, an unknown gender or a birthday of which only the year is known; of five
readings one has no unit, no code, no value, or was entered twice or in error; of four problems or prescriptions one has
words instead of a code, or an onset that is a year alone. Nothing of it happens to the cast (`people.CAST`), nor does
it move what happens in a life.
"""

from __future__ import annotations

from dataclasses import replace

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
"""Marks on letters, two letters in all, capitals, a hundred letters, remarks in the wrong field, other scripts."""


def person(who: Person, seed: int, level: float) -> Person:
    dice = SeededRandom(seed, "mess", "person", who.number)
    if who.number <= CAST or not dice.chance(level * 0.5):
        return who
    kind = dice.whole(0, 3)
    if kind == 0:
        return replace(who, gender="unknown" if dice.chance(0.7) else "other")
    if kind == 1:
        return replace(who, born_as=dice.pick(("year", "month")))
    given, family = dice.pick(_NAMES)
    return replace(who, given=given, family=family)


def life(told: PatientHistory, seed: int, level: float) -> PatientHistory:
    """The same life, written down badly."""
    if not level or told.person.number <= CAST:
        return told
    dice = SeededRandom(seed, "mess", "life", told.person.number)
    told.problems = [_problem(one, dice) if dice.chance(level * 0.25) else one for one in told.problems]
    told.prescriptions = [_order(one, dice) if dice.chance(level * 0.25) else one for one in told.prescriptions]
    twice: list[Observation] = []
    for index, one in enumerate(told.readings):
        if dice.chance(level * 0.2):
            kind = dice.whole(0, 4)
            if kind == 4:
                twice.append(one)
            else:
                told.readings[index] = _KINDS[kind](one)
    for one in twice:
        told.readings.append(replace(one, number=len(told.readings) + 1))
    return told


def _problem(one: Condition, dice: SeededRandom) -> Condition:
    kind = dice.whole(0, 2)
    if kind == 0:
        return replace(one, concept=_words(one.concept))
    return replace(one, wrong=True) if kind == 1 else replace(one, vague=True)


def _order(one: Prescription, dice: SeededRandom) -> Prescription:
    drug = one.drug
    text = drug.concept.text.upper() if dice.chance(0.5) else f"{drug.concept.text}, {drug.taken}"
    return replace(one, drug=replace(drug, concept=Concept((), text)))


def _words(concept: Concept) -> Concept:
    return Concept((), concept.text.lower())


def _bare(measure: Measure) -> Measure:
    """A profile of a vital sign asks for code and unit."""
    return replace(measure, unit="", ucum="", profile="", female=None, male=None)


def _no_unit(one: Observation) -> Observation:
    return replace(one, measure=_bare(one.measure), parts=tuple((_bare(each), value) for each, value in one.parts))


def _no_code(one: Observation) -> Observation:
    return replace(one, measure=replace(one.measure, concept=_words(one.measure.concept), profile=""))


def _no_value(one: Observation) -> Observation:
    return replace(
        one,
        measure=replace(one.measure, profile=""),
        value=None,
        concept=None,
        parts=(),
        text=None,
        flag=None,
        absent=True,
    )


def _in_error(one: Observation) -> Observation:
    return replace(one, measure=replace(one.measure, profile=""), wrong=True)


_KINDS = (_no_unit, _no_code, _no_value, _in_error)
