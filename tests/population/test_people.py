"""Names, record numbers, the cast and the accounts, and the random numbers behind them."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as some

from sickbay import population
from sickbay.population import measures
from sickbay.population.patient_history import END
from sickbay.population.people import make_person
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.staff import PRACTITIONERS
from sickbay.population.stories import simulate_life

FIFTY = [make_person(1, number) for number in range(1, 51)]


def test_several_family_names_and_a_given_name_begin_with_peters() -> None:
    assert {"Peters", "Petersen", "Peterson", "Peters-Adjei"} <= {patient.family for patient in FIFTY}
    assert any(patient.given[0].startswith("Peters") for patient in FIFTY)


def test_timothy_peters_is_the_patient_in_the_screenshots() -> None:
    for seed in (1, 2):
        history = simulate_life(seed, 17)
        patient = history.person
        assert (patient.id, patient.name, patient.sex, patient.born) == (
            "p-0017",
            "Timothy Peters",
            "male",
            datetime.date(1961, 3, 14),
        )
        assert patient.record_number == "4002-1187"
        assert [problem.concept.text for problem in history.problems] == [
            "Essential hypertension",
            "Hyperlipidaemia",
            "Type 2 diabetes mellitus",
            "Osteoarthritis of the left knee",
        ]
        reactions = [
            (allergy.concept.text, allergy.reaction.text if allergy.reaction else None) for allergy in history.allergies
        ]
        assert reactions == [("Penicillin G", "anaphylaxis"), ("Latex", "rash")]
        current = [order.drug.concept.text for order in history.prescriptions if order.end is None]
        assert sorted(current) == ["Atorvastatin 40 mg", "Lisinopril 20 mg", "Metformin 1000 mg", "Paracetamol 500 mg"]
        year = [
            reading
            for reading in history.readings
            if reading.measure is measures.PRESSURE and reading.at.date() > datetime.date(2025, 11, 24)
        ]
        assert len(year) == 10
        assert max(year, key=lambda reading: reading.at).parts[0][1] == 148


def test_names_come_from_many_groups() -> None:
    assert len({patient.race.code for patient in FIFTY}) >= 4
    assert len({patient.family for patient in FIFTY}) > 35


def test_there_are_children_adults_and_old_people() -> None:
    ages = [patient.age(END) for patient in FIFTY]
    assert sum(age < 18 for age in ages) >= 5
    assert sum(18 <= age < 65 for age in ages) >= 20
    assert sum(age >= 65 for age in ages) >= 5


@given(some.integers(1, 10_000_000), some.integers(1, 10_000_000))
def test_no_two_patients_share_a_record_number(first: int, second: int) -> None:
    same = make_person(1, first).record_number == make_person(1, second).record_number
    assert same == (first == second)


def test_the_users_are_two_doctors_a_nurse_two_patients_and_a_relative_of_two() -> None:
    users = population.list_users(1)
    assert len({user.username for user in users}) == len(users)
    staff = {f"Practitioner/{practitioner.id}": practitioner.name for practitioner in PRACTITIONERS}
    for user in users:
        kind, id = user.fhir_user.split("/")
        if kind == "Practitioner":
            assert (user.name, user.patients) == (staff[user.fhir_user], "*")
        elif kind == "RelatedPerson":
            patient = id.removesuffix("-r01")
            assert make_person(1, int(patient[2:])).contact == user.name
            assert (patient in user.patients, len(user.patients)) == (True, 2)
        else:
            assert user.name == make_person(1, int(id[2:])).name
            assert id in user.patients
    assert sum(user.patients == "*" and user.name.startswith("Dr.") for user in users) == 2
    assert sum(len(user.patients) == 2 for user in users if user.patients != "*") == 2


def test_the_child_that_a_mother_acts_for_is_a_child() -> None:
    mother, child = make_person(5, 1), make_person(5, 2)
    assert child.contact == mother.name
    assert 18 < mother.age(child.born) < 50
    assert child.age(END) < 18


@given(some.integers(), some.integers(-1000, 1000), some.integers(0, 1000))
def test_a_random_integer_is_within_its_bounds(seed: int, low: int, width: int) -> None:
    assert low <= SeededRandom(seed, "w").pick_integer(low, low + width) <= low + width


@given(some.integers(), some.floats(-100, 100), some.floats(0, 50))
def test_a_normally_distributed_value_is_within_three_deviations(seed: int, mean: float, spread: float) -> None:
    assert abs(SeededRandom(seed, "a").draw_normal(mean, spread) - mean) <= 3 * spread + 1e-9


def test_the_random_sequence_has_not_changed() -> None:
    rng = SeededRandom(1, "law")
    assert [rng.pick_integer(1, 6) for _ in range(12)] == [1, 1, 1, 3, 1, 6, 5, 3, 3, 1, 2, 5]
