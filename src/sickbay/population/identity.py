"""Adds to a person's identity: former names and addresses, suffix, tribal affiliation, interpreter.

The patient's number decides what a record has, so that 50 consecutive patients have all of it. Only the tribe follows from the
race.
"""

from __future__ import annotations

import datetime

from msgspec.structs import replace

from sickbay.population import names
from sickbay.population.codings import Coding
from sickbay.population.patient_history import END, Person
from sickbay.population.seeded_random import SeededRandom

NAVAJO = Coding("http://terminology.hl7.org/CodeSystem/v3-TribalEntityUS", "170", "Navajo Nation, Arizona, New Mexico & Utah")
SPANISH = Coding("urn:ietf:bcp:47", "es", "Spanish")
_YEAR = 365


def add_details(person: Person, seed: int) -> Person:
    """Returns the person with these details. Nothing else in the history depends on them."""
    rng = SeededRandom(seed, "identity", person.number)
    age = (END - person.born).days // _YEAR
    spanish = person.ethnicity is names.HISPANIC and age >= 60
    has_interpreter_answer = person.number % 10 in (4, 9)
    return replace(
        person,
        suffix="Jr." if person.sex == "male" and person.number % 7 in (1, 4) else None,
        former_family=_former_family(person, rng)
        if age >= 28 and person.sex == "female" and _has_former_name(person)
        else None,
        former_home=_former_home(rng) if age >= 20 and person.number % 5 == 4 else None,
        tribe=NAVAJO if person.race is names.NATIVE else None,
        identity_asked=age >= 18 and person.number % 4 == 1,
        language=SPANISH if spanish else person.language,
        interpreter=True if spanish else False if has_interpreter_answer else None,
    )


def _has_former_name(person: Person) -> bool:
    """Returns whether the person has a former name. False if "Peters" finds the person now: the guided tour searches for that
    name.
    """
    if any(part.startswith("Peters") for part in (person.family, *person.given)):
        return False
    return person.number % 3 == 0 or (person.married and person.number % 2 == 1)


def _former_family(person: Person, rng: SeededRandom) -> tuple[str, datetime.date] | None:
    """Returns a former family name and the day until which it was used, or None.

    The name is later in the alphabet than the current one, so that a list sorted by name shows the current name. It never
    begins with "Peters", because the guided tour searches for that name.
    """
    group = next((group for group in names.KINS if person.family in group.families), names.KINS[0])
    choices = [family for family in group.families if family > person.family and not family.startswith("Peters")]
    until = person.born + datetime.timedelta(days=rng.pick_integer(24 * _YEAR, 27 * _YEAR))
    return (rng.pick(choices), until) if choices else None


def _former_home(rng: SeededRandom) -> tuple[str, str, str, datetime.date]:
    city, postal = rng.pick(names.CITIES)
    moved = END - datetime.timedelta(days=rng.pick_integer(200, 1500))
    return f"{rng.pick_integer(2, 480)} {rng.pick(names.STREETS)} Street", city, postal, moved
