"""What a record says about a person's identity besides name, sex and birth: former names and homes, suffix, tribe, interpreter.

Which of it a record has depends on the number of the patient, so that fifty patients in a row have all of it; only the tribe
follows from the race.
"""

from __future__ import annotations

import datetime
from dataclasses import replace

from sickbay.population import names
from sickbay.population.codings import Coding
from sickbay.population.patient_history import END, Person
from sickbay.population.seeded_random import SeededRandom

NAVAJO = Coding("http://terminology.hl7.org/CodeSystem/v3-TribalEntityUS", "170", "Navajo Nation, Arizona, New Mexico & Utah")
SPANISH = Coding("urn:ietf:bcp:47", "es", "Spanish")
_YEAR = 365


def known(who: Person, seed: int) -> Person:
    """The person with everything that the record knows; nothing else of a life depends on it."""
    dice = SeededRandom(seed, "identity", who.number)
    age = (END - who.born).days // _YEAR
    spanish = who.ethnicity is names.HISPANIC and age >= 60
    asked = who.number % 10 == 9
    return replace(
        who,
        suffix="Jr." if who.sex == "male" and who.number % 7 == 1 else None,
        former_family=_former_family(who, dice) if age >= 28 and who.sex == "female" and _renamed(who) else None,
        former_home=_former_home(dice) if age >= 20 and who.number % 5 == 4 else None,
        tribe=NAVAJO if who.race is names.NATIVE else None,
        identity_asked=age >= 18 and who.number % 4 == 1,
        language=SPANISH if spanish else who.language,
        interpreter=True if spanish else False if asked else None,
    )


def _renamed(who: Person) -> bool:
    """Nobody who is found by "Peters" now: the guided tour searches for that name."""
    if any(name.startswith("Peters") for name in (who.family, *who.given)):
        return False
    return who.number % 3 == 0 or (who.married and who.number % 2 == 1)


def _former_family(who: Person, dice: SeededRandom) -> tuple[str, datetime.date] | None:
    """A name later in the alphabet than the current one, if there is any: a list sorted by name shows the current name.

    Never a name that begins with "Peters": the guided tour searches for it.
    """
    kin = next((kin for kin in names.KINS if who.family in kin.families), names.KINS[0])
    choices = [family for family in kin.families if family > who.family and not family.startswith("Peters")]
    until = who.born + datetime.timedelta(days=dice.whole(24 * _YEAR, 27 * _YEAR))
    return (dice.pick(choices), until) if choices else None


def _former_home(dice: SeededRandom) -> tuple[str, str, str, datetime.date]:
    city, postal = dice.pick(names.CITIES)
    moved = END - datetime.timedelta(days=dice.whole(200, 1500))
    return f"{dice.whole(2, 480)} {dice.pick(names.STREETS)} Street", city, postal, moved
