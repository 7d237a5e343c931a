"""Determines the k-th patient from the seed and k, and defines the cast that every seed has."""

from __future__ import annotations

import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from sickbay.kernel.memoize import cache_results
from sickbay.population import identity, names
from sickbay.population.codings import Coding
from sickbay.population.patient_history import END, Person
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.staff import PEDIATRICIANS, PHYSICIANS

_STEP = 7_654_321
"""Coprime to ten million, so that record numbers are unique."""


class Role(Struct, frozen=True):
    """A person who exists with every seed: fixed identity and stories, random observations."""

    given: str
    family: str
    sex: Literal["female", "male"]
    born: datetime.date
    race: Coding
    stories: tuple[str, ...] = ()
    ethnicity: Coding = names.NOT_HISPANIC
    contact: str | None = None
    died: datetime.date | None = None


def _parse_day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


TIMOTHY = 17

CAST: dict[int, Role] = {
    1: Role("Ines", "Moreau", "female", _parse_day("1979-08-21"), names.WHITE, ("migraine",)),
    2: Role("Lucie", "Moreau", "female", _parse_day("2018-04-09"), names.BLACK, (), contact="Ines Moreau"),
    3: Role("Rosa", "Lindqvist", "female", _parse_day("1954-12-05"), names.WHITE, ("hypertension", "lipids")),
    4: Role("Marek", "Petersen", "male", _parse_day("1968-05-26"), names.WHITE, ("hypertension", "lipids", "diabetes", "knee")),
    5: Role("Helen", "Achterberg", "female", _parse_day("1992-02-02"), names.NATIVE),
    6: Role("Kofi", "Peters-Adjei", "male", _parse_day("2017-07-01"), names.BLACK, ("asthma",), contact="Abena Peters-Adjei"),
    7: Role(
        "Walter",
        "Brandt",
        "male",
        _parse_day("1943-01-08"),
        names.WHITE,
        ("hypertension", "kidney", "heart"),
        died=_parse_day("2026-10-29"),
    ),
    8: Role("Yuki", "Tanabe", "female", _parse_day("1997-10-12"), names.ASIAN, ("thyroid",)),
    9: Role("Samuel", "Oyelaran", "male", _parse_day("1974-09-09"), names.BLACK, ("lipids", "knee")),
    10: Role("Grace", "Adeyemi", "female", _parse_day("1954-06-17"), names.BLACK, ("hypertension", "diabetes", "kidney")),
    11: Role("Bruno", "Castellano", "male", _parse_day("1988-04-30"), names.WHITE),
    12: Role("Hanna", "Peterson", "female", _parse_day("1994-03-03"), names.WHITE, ("pregnancy",)),
    13: Role("Peterson", "Baptiste", "male", _parse_day("1983-11-28"), names.BLACK, ("hypertension",)),
    17: Role("Timothy", "Peters", "male", _parse_day("1961-03-14"), names.WHITE, ("timothy",)),
}
"""Patient number to role. 17 is the patient in the screenshots; 1 and 2 are a mother and her child."""


@cache_results(1024)
def make_person(seed: int, number: int) -> Person:
    """Returns the `number`-th patient (from 1) of this seed. Cached, because choosing the patient for an appointment tries
    many."""
    rng = SeededRandom(seed, "person", number)
    random_person = _random_person(rng, number)
    role = CAST.get(number)
    if role is None:
        return identity.add_details(random_person, seed)
    cast = replace(
        random_person,
        given=(role.given,),
        family=role.family,
        sex=role.sex,
        born=role.born,
        race=role.race,
        ethnicity=role.ethnicity,
        contact=role.contact or (random_person.contact if _is_young(role.born) else None),
        died=role.died,
        plan="Medicare" if (END - role.born).days > 65 * 365.25 else "Harbour Health",
        practitioner=_choose_practitioner(rng, role.born, number),
        married=role.contact is None and random_person.married,
    )
    return identity.add_details(cast, seed)


def _random_person(rng: SeededRandom, number: int) -> Person:
    kin = names.KINS[rng.pick(names.WEIGHTS)]
    sex: Literal["female", "male"] = "female" if rng.chance(0.51) else "male"
    given = kin.women if sex == "female" else kin.men
    first, second = rng.pick(given), rng.pick(given)
    born = END - datetime.timedelta(days=int(_draw_age(rng) * 365.2425))
    city, postal = rng.pick(names.CITIES)
    return Person(
        number=number,
        given=(first,) if second == first else (first, second),
        family=rng.pick(kin.families),
        sex=sex,
        born=born,
        race=kin.race,
        ethnicity=kin.ethnicity,
        phone=f"(555) 555-01{rng.pick_integer(0, 99):02d}",
        street=f"{rng.pick_integer(2, 480)} {rng.pick(names.STREETS)} Street",
        city=city,
        postal=postal,
        record_number=_record_number(number),
        practitioner=_choose_practitioner(rng, born, number),
        married=(END - born).days > 27 * 365 and rng.chance(0.55),
        contact=f"{rng.pick(kin.women)} {kin.families[number % len(kin.families)]}" if _is_young(born) else None,
        died=_draw_death(rng, born),
        plan="Medicare" if (END - born).days > 65 * 365.25 else rng.pick(("Harbour Health", "Harbour Health", "Medicaid")),
    )


def _is_young(born: datetime.date) -> bool:
    return (END - born).days < 18 * 365


def _draw_death(rng: SeededRandom, born: datetime.date) -> datetime.date | None:
    """Returns the day of death for some of the old, within the last two years of the record, or None."""
    years = (END - born).days / 365.25
    if years > 68 and rng.chance((years - 66) * 0.008):
        return END - datetime.timedelta(days=rng.pick_integer(20, 730))
    return None


def _draw_age(rng: SeededRandom) -> float:
    """Returns an age: a fifth are children, three fifths of working age, the rest older."""
    share = rng.draw_uniform(0, 1)
    if share < 0.2:
        return rng.draw_uniform(0.1, 18)
    return rng.draw_uniform(18, 65) if share < 0.8 else rng.draw_uniform(65, 91)


def _record_number(number: int) -> str:
    digits = 40_000_000 + (21_187 + (number - 17) * _STEP) % 10_000_000
    return f"{digits // 10_000}-{digits % 10_000:04d}"


def _choose_practitioner(rng: SeededRandom, born: datetime.date, number: int) -> str:
    if number == 17:
        return PHYSICIANS[0].id
    return rng.pick(PEDIATRICIANS if _is_young(born) else PHYSICIANS).id
