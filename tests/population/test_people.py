"""Names, record numbers, the cast, the accounts; and the dice behind them."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as some

from sickbay import population
from sickbay.population import measures
from sickbay.population.patient_history import END
from sickbay.population.people import person
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.staff import PRACTITIONERS
from sickbay.population.stories import live

FIFTY = [person(1, number) for number in range(1, 51)]


def test_several_family_names_and_a_given_name_begin_with_peters() -> None:
    assert {"Peters", "Petersen", "Peterson", "Peters-Adjei"} <= {who.family for who in FIFTY}
    assert any(who.given[0].startswith("Peters") for who in FIFTY)


def test_timothy_peters_is_the_patient_of_the_pictures() -> None:
    for seed in (1, 2):
        life = live(seed, 17)
        who = life.person
        assert (who.id, who.name, who.sex, who.born) == ("p-0017", "Timothy Peters", "male", datetime.date(1961, 3, 14))
        assert who.record_number == "4002-1187"
        assert [problem.concept.text for problem in life.problems] == [
            "Essential hypertension",
            "Hyperlipidaemia",
            "Type 2 diabetes mellitus",
            "Osteoarthritis of the left knee",
        ]
        reactions = [(each.concept.text, each.reaction.text if each.reaction else None) for each in life.allergies]
        assert reactions == [("Penicillin G", "anaphylaxis"), ("Latex", "rash")]
        current = [order.drug.concept.text for order in life.prescriptions if order.end is None]
        assert sorted(current) == ["Atorvastatin 40 mg", "Lisinopril 20 mg", "Metformin 1000 mg", "Paracetamol 500 mg"]
        year = [
            each for each in life.readings if each.measure is measures.PRESSURE and each.at.date() > datetime.date(2025, 11, 24)
        ]
        assert len(year) == 10
        assert max(year, key=lambda each: each.at).parts[0][1] == 148


def test_names_are_of_many_kins() -> None:
    assert len({who.race.code for who in FIFTY}) >= 4
    assert len({who.family for who in FIFTY}) > 35


def test_there_are_children_adults_and_old_people() -> None:
    ages = [who.age(END) for who in FIFTY]
    assert sum(age < 18 for age in ages) >= 5
    assert sum(18 <= age < 65 for age in ages) >= 20
    assert sum(age >= 65 for age in ages) >= 5


@given(some.integers(1, 10_000_000), some.integers(1, 10_000_000))
def test_no_two_patients_share_a_record_number(one: int, other: int) -> None:
    same = person(1, one).record_number == person(1, other).record_number
    assert same == (one == other)


def test_the_users_are_two_doctors_a_nurse_two_patients_and_one_who_looks_after_two() -> None:
    users = population.users(1)
    assert len({user.username for user in users}) == len(users)
    staff = {f"Practitioner/{each.id}": each.name for each in PRACTITIONERS}
    for user in users:
        kind, id = user.fhir_user.split("/")
        if kind == "Practitioner":
            assert (user.name, user.patients) == (staff[user.fhir_user], "*")
        elif kind == "RelatedPerson":
            patient = id.removesuffix("-r01")
            assert person(1, int(patient[2:])).contact == user.name
            assert (patient in user.patients, len(user.patients)) == (True, 2)
        else:
            assert user.name == person(1, int(id[2:])).name
            assert id in user.patients
    assert sum(user.patients == "*" and user.name.startswith("Dr.") for user in users) == 2
    assert sum(len(user.patients) == 2 for user in users if user.patients != "*") == 2


def test_the_child_that_a_mother_acts_for_is_a_child() -> None:
    mother, child = person(5, 1), person(5, 2)
    assert child.contact == mother.name
    assert 18 < mother.age(child.born) < 50
    assert child.age(END) < 18


@given(some.integers(), some.integers(-1000, 1000), some.integers(0, 1000))
def test_a_whole_number_lies_between_its_bounds(seed: int, low: int, width: int) -> None:
    assert low <= SeededRandom(seed, "w").whole(low, low + width) <= low + width


@given(some.integers(), some.floats(-100, 100), some.floats(0, 50))
def test_a_bell_reaches_three_deviations_and_no_further(seed: int, mean: float, spread: float) -> None:
    assert abs(SeededRandom(seed, "a").around(mean, spread) - mean) <= 3 * spread + 1e-9


def test_the_dice_are_the_ones_they_always_were() -> None:
    dice = SeededRandom(1, "law")
    assert [dice.whole(1, 6) for _ in range(12)] == [1, 1, 1, 3, 1, 6, 5, 3, 3, 1, 2, 5]
