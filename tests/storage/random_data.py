"""A small random population with many references, generated from one seed."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.storage.making import make_save, number

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.parameters import IDENTIFIER, OF_TYPE, PRESENT, TEXT
from sickbay.storage.interface import Save

PATIENTS = ("p0", "p1", "p2", "p3")
OBSERVATIONS = tuple(f"o{place}" for place in range(9))
SYSTEMS = (None, "s1", "s2")
CODES = ("a", "b", "A")
TEXTS = ("ann", "Anna", "bo", "Anna other", "(zoe-bo) Anna", "peters", "zoë", "\U0010ffff")
URLS = ("http://elsewhere/Practitioner/d", "http://elsewhere/Practitioner/d|2", "http://elsewhere/Practitioner/d|2.1")
LATITUDES = (0, 89_000_000, -45_000_000)
LONGITUDES = (0, 179_990_000, -179_990_000, 1_000_000)
WORDED = 64
"""Added to a parameter's number for texts that no other parameter indexes."""
PLACES = tuple("abcde")
MARKED = ("code", "category", "date", "performer", "focus", "value-quantity", "component-value-quantity")
"""Parameters whose element may be there without anything to search in it."""
PAIRS = ("code-value-quantity", "component-code-value-quantity")


def population(seed: int) -> list[Save]:
    dice = Random(seed)
    patients = [_patient(dice, id) for id in PATIENTS if dice.random() < 0.8]
    observations = [_observation(dice, id) for id in OBSERVATIONS[: dice.randint(0, len(OBSERVATIONS))]]
    lists = [_list(dice, id) for id in ("l0", "l1") if dice.random() < 0.7]
    return patients + observations + lists + [_place(dice, id) for id in PLACES if dice.random() < 0.7]


def _some(dice: Random, choices: tuple[Any, ...], most: int) -> list[Any]:
    return dice.sample(choices, dice.randint(0, most))


def _patient(dice: Random, id: str) -> Save:
    texts = tuple((number("Patient", "name"), text.lower(), text) for text in _some(dice, TEXTS, 2))
    facts = IndexEntries(patients=(id,), tokens=((number("Patient", "gender"), "s1", dice.choice(CODES)),), strings=texts)
    return make_save("Patient", id, facts, at=dice.randint(0, 5))


def _observation(dice: Random, id: str) -> Save:
    """Return an observation inside or outside a compartment, with some dates, codings, performers and values."""
    numbers, patient = _numbers(), dice.choice(PATIENTS)
    codings = list({(dice.choice(SYSTEMS), dice.choice(CODES)): None for _ in range(dice.randint(0, 2))})
    dates = [(low, low + dice.randint(1, 3)) for low in (dice.randint(-2, 6) for _ in range(dice.randint(0, 2)))]
    values = [(dice.choice((None, "mg", "g")), float(dice.randint(-3, 3))) for _ in range(dice.randint(0, 1))]
    parts = [(dice.choice((None, "mg", "g")), float(dice.randint(-3, 3))) for _ in range(dice.randint(0, 1))]
    categories = [(dice.choice(SYSTEMS), dice.choice(CODES)) for _ in range(dice.randint(0, 1))]
    references = [(name, "Patient", patient) for name in dice.choice((("patient", "subject"), ("subject",), ()))]
    references += [("performer", *performer) for performer in dice.choice(((("Practitioner", "d"),), (("Patient", "p0"),), ()))]
    references += [("focus", "Patient", dice.choice(PATIENTS))] if dice.random() < 0.4 else []
    # Only refer to earlier resources: those referenced first get smaller nids, and results are in that order.
    earlier = OBSERVATIONS[: OBSERVATIONS.index(id) + 1]
    references += [("focus", "Observation", dice.choice(earlier))] if dice.random() < 0.6 else []
    facts = IndexEntries(
        patients=tuple(dict.fromkeys(dice.choice(((patient,), (patient,), (patient, "p1"), ("p2",), ())))),
        clinical_date=dates[0][0] if dates else None,
        tokens=(
            *((numbers["code"], *coding) for coding in codings),
            *((numbers["category"], *category) for category in categories),
            *_name(dice, numbers["subject"]),
            *((numbers[name] + PRESENT, None, "true") for name in _some(dice, MARKED, 2)),
        ),
        references=tuple((numbers[name], type, target) for name, type, target in references),
        dates=tuple((numbers["date"], low, high) for low, high in dates),
        quantities=tuple(
            (numbers[name], "u", unit, low, low + 1.0)
            for name, some in (("value-quantity", values), ("component-value-quantity", parts))
            for unit, low in some
        ),
        codes=tuple(("code", *coding) for coding in codings),
        composites=tuple((numbers[dice.choice(PAIRS)], _pair(dice)) for _ in range(dice.randint(0, 2))),
        uris=tuple((numbers["performer"], url) for url in _some(dice, URLS, 1)),
        strings=tuple(
            (numbers["code"] + dice.choice((WORDED, TEXT, TEXT)), text.lower(), text) for text in _some(dice, TEXTS, 2)
        ),
    )
    return make_save("Observation", id, facts, at=dice.randint(0, 5))


def _numbers() -> dict[str, int]:
    names = (
        "code",
        "category",
        "date",
        "patient",
        "subject",
        "performer",
        "focus",
        "value-quantity",
        "component-value-quantity",
        *PAIRS,
    )
    return {name: number("Observation", name) for name in names}


def _name(dice: Random, subject: int) -> tuple[tuple[int, str | None, str], ...]:
    """Reference the subject by identifier, with and without its type."""
    plain = [(subject + IDENTIFIER, "s1", value) for value in _some(dice, CODES, 1)]
    return (*plain, *((subject + OF_TYPE, "t|mrn", value) for value in _some(dice, CODES, 1)))


def _pair(dice: Random) -> tuple[tuple[Any, ...], ...]:
    low = float(dice.randint(-3, 3))
    return ("token", dice.choice(SYSTEMS), dice.choice(CODES)), ("quantity", "u", "mg", low, low)


def _list(dice: Random, id: str) -> Save:
    """Return a list of a patient, or of no one, with random items."""
    choices = (*(("Observation", observation_id) for observation_id in OBSERVATIONS), ("Patient", "p0"), ("Patient", "p1"))
    references = tuple((number("List", "item"), *item) for item in _some(dice, choices, 5))
    patients = dice.choice((*((patient_id,) for patient_id in PATIENTS), ()))
    return make_save("List", id, IndexEntries(patients=patients, references=references))


def _place(dice: Random, id: str) -> Save:
    position = dice.choice(LATITUDES), dice.choice(LONGITUDES)
    # Only refer to earlier resources: those referenced first get smaller nids, and results are in that order.
    whole = ((number("Location", "partof"), "Location", dice.choice(PLACES[: PLACES.index(id) + 1])),)
    url = ((number("Location", "url"), f"http://here/x/{dice.randint(1, 2)}"),)
    facts = IndexEntries(positions=((number("Location", "near"), *position),), references=whole, uris=url)
    return make_save("Location", id, facts._replace(patients=dice.choice((("p0",), ("p1",), ()))))
