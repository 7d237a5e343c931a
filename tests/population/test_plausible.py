"""Lives that a clinician would believe."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache

import pytest

from sickbay import population
from sickbay.population import Version, drugs, measures, problems, procedure_codes
from sickbay.population.patient_history import END, Measure, Observation, PatientHistory
from sickbay.population.stories import live, threads_of
from sickbay.population.stories.immunizations import of_its_day
from sickbay.population.stories.pregnancy import TERM


@lru_cache
def lives() -> tuple[PatientHistory, ...]:
    return tuple(live(seed, number) for seed in (1, 2, 77) for number in range(1, 101))


def values(life: PatientHistory, measure: Measure) -> list[tuple[datetime.date, float]]:
    return [
        (reading.at.date(), reading.value)
        for reading in life.readings
        if reading.measure is measure and reading.value is not None
    ]


def pressures(life: PatientHistory) -> Iterator[tuple[Observation, float, float]]:
    for reading in life.readings:
        values = [value for _, value in reading.parts if isinstance(value, float | int)]
        if reading.measure in (measures.PRESSURE, measures.MEAN_PRESSURE) and len(values) == 2:
            yield reading, values[0], values[1]


def lasting(life: PatientHistory) -> set[str]:
    return {problem.concept.text for problem in life.problems if problem.lasting}


def test_the_upper_pressure_is_above_the_lower_one() -> None:
    for life in lives():
        for _, systolic, diastolic in pressures(life):
            assert systolic - diastolic >= 15
            assert 70 <= systolic <= 210
            assert 40 <= diastolic <= 120


def test_nothing_happens_before_birth_or_after_the_end() -> None:
    for life in lives():
        born = life.person.born
        days = [visit.day for visit in life.visits] + [reading.at.date() for reading in life.readings]
        days += [day for problem in life.problems for day in (problem.onset, problem.recorded)]
        days += [order.start for order in life.prescriptions]
        days += [end for thing in life.problems if (end := thing.over)] + [end for o in life.prescriptions if (end := o.end)]
        assert all(born <= day <= END for day in days), life.person.id
        assert all(born.year <= int(allergy.since) for allergy in life.allergies if allergy.since)


def test_nothing_ends_before_it_begins() -> None:
    for life in lives():
        assert all(problem.onset <= problem.recorded for problem in life.problems)
        assert all(problem.over is None or problem.onset <= problem.over for problem in life.problems)
        assert all(order.end is None or order.start < order.end for order in life.prescriptions)


@pytest.mark.parametrize(
    ("measure", "low", "high"),
    [
        (measures.A1C, 4.0, 12.0),
        (measures.GLUCOSE, 55, 320),
        (measures.CREATININE, 0.2, 3.5),
        (measures.EGFR, 20, 150),
        (measures.POTASSIUM, 3.2, 5.6),
        (measures.SODIUM, 132, 148),
        (measures.LDL, 35, 260),
        (measures.HDL, 20, 100),
        (measures.TRIGLYCERIDES, 30, 350),
        (measures.CHOLESTEROL, 90, 360),
        (measures.HEMOGLOBIN, 8, 18.5),
        (measures.TSH, 0.1, 20),
        (measures.OXYGEN, 91, 100),
        (measures.TEMPERATURE, 35.8, 39.6),
        (measures.PULSE, 42, 170),
        (measures.BREATHS, 10, 45),
        (measures.WEIGHT, 2.5, 160),
        (measures.HEIGHT, 45, 205),
        (measures.BMI, 11, 50),
    ],
    ids=lambda value: value.key if isinstance(value, Measure) else "",
)
def test_a_measurement_is_within_what_one_meets(measure: Measure, low: float, high: float) -> None:
    found = [value for life in lives() for _, value in values(life, measure)]
    assert len(found) > 50
    assert low <= min(found)
    assert max(found) <= high


def test_the_body_mass_index_is_weight_over_height_squared() -> None:
    for life in lives():
        weights, heights = dict(values(life, measures.WEIGHT)), dict(values(life, measures.HEIGHT))
        for day, index in values(life, measures.BMI):
            assert index == pytest.approx(weights[day] / (heights[day] / 100) ** 2, abs=0.06)


def test_only_women_of_age_are_pregnant() -> None:
    found = [(life, problem) for life in lives() for problem in life.problems if problem.concept is problems.PREGNANCY]
    assert len(found) > 5
    for life, problem in found:
        assert life.person.sex == "female"
        assert 18 <= life.person.age(problem.onset) <= 45
        assert problem.over is None or problem.over - problem.onset == TERM


def test_nobody_is_pregnant_on_a_drug_that_harms_the_child() -> None:
    harmful = ("Lisinopril", "Losartan", "Atorvastatin", "Empagliflozin")
    for life in lives():
        for problem in life.problems:
            if problem.concept is problems.PREGNANCY:
                taken = [order for order in life.prescriptions if order.drug.concept.text.startswith(harmful)]
                assert not taken, life.person.id


def test_nobody_takes_what_they_are_allergic_to() -> None:
    for life in lives():
        known = {allergy.concept.text for allergy in life.allergies}
        if "Penicillin G" in known:
            assert not [order for order in life.prescriptions if order.drug.concept.text.startswith("Amoxicillin")]


def test_everybody_has_an_answer_about_allergies() -> None:
    assert all(life.allergies for life in lives() if life.visits)


def test_a_healthy_infant_grows_from_visit_to_visit() -> None:
    for life in lives():
        for measure in (measures.WEIGHT, measures.HEIGHT):
            early = [value for day, value in values(life, measure) if life.person.age(day) < 1.6]
            assert early == sorted(early), life.person.id


def test_a_drug_for_the_pressure_lowers_it() -> None:
    before, after = [], []
    for life in lives():
        started = [order.start for order in life.prescriptions if order.drug.concept.text.startswith("Lisinopril")]
        if started and "Essential hypertension" in lasting(life) and life.person.number != 17:
            for reading, systolic, _ in pressures(life):
                day = reading.at.date()
                if day == min(started):
                    before.append(systolic)
                elif day > max(started):
                    after.append(systolic)
    assert sum(before) / len(before) > sum(after) / len(after) + 8


def test_who_has_diabetes_has_a_high_hba1c_and_who_has_not_has_none_above() -> None:
    for life in lives():
        found = [value for _, value in values(life, measures.A1C)]
        if "Type 2 diabetes mellitus" in lasting(life):
            assert found
            assert max(found) >= 5.7
        else:
            assert all(value < 6.5 for value in found)


def test_kidney_disease_of_stage_three_has_the_filtration_rate_of_stage_three() -> None:
    rates = [
        value
        for life in lives()
        for problem in life.problems
        if problem.concept is problems.KIDNEY_3
        for day, value in values(life, measures.EGFR)
        if day >= problem.recorded
    ]
    assert len(rates) > 20
    assert all(28 <= rate <= 64 for rate in rates)


def test_an_adult_has_fifty_to_two_hundred_and_fifty_observations() -> None:
    counts = [len(life.readings) for life in lives() if life.person.age(END) >= 25]
    assert min(counts) >= 50
    assert max(counts) <= 250
    assert 80 <= sum(counts) / len(counts) <= 150


def test_readings_reach_over_years() -> None:
    for life in lives():
        if life.person.age(END) > 6:
            days = [reading.at.date() for reading in life.readings]
            assert (max(days) - min(days)).days > 3 * 365


def test_nobody_puts_on_a_tenth_of_the_weight_in_the_year_of_coming_of_age() -> None:
    compared = 0
    for life in lives():
        found = [(life.person.age(day), value) for day, value in values(life, measures.WEIGHT)]
        before, after = [[value for age, value in found if low <= age < low + 1.2] for low in (16.8, 18)]
        if before and after and problems.PREGNANCY.text not in lasting(life):
            compared += 1
            assert after[0] < before[-1] * 1.1, life.person.id
    assert compared > 5


def test_a_passing_illness_is_measured_while_it_is_there() -> None:
    warm = 0
    for life in lives():
        for visit in life.visits:
            if visit.kind is problems.REVIEW and visit.reason in (problems.COVID, problems.INFLUENZA):
                warm += 1
                assert any(one.visit == visit.number and one.measure is measures.TEMPERATURE for one in life.readings)
    assert warm > 20


def test_no_child_has_to_swallow_a_tablet_or_a_capsule_whole() -> None:
    for life in lives():
        for order in life.prescriptions:
            if life.person.age(order.start) < 12 and order.drug.form in ("tablet", "capsule"):
                assert order.drug in drugs.CHEWABLE, life.person.id
    assert drugs.of_age(drugs.AMOXICILLIN, 1.9) is drugs.AMOXICILLIN_INFANT
    assert drugs.of_age(drugs.AMOXICILLIN, 2) is drugs.AMOXICILLIN
    assert [drugs.of_age(drugs.PARACETAMOL, age) for age in (5, 6, 12)] == [*drugs.CHEWABLE, drugs.PARACETAMOL]


def test_nobody_is_ordered_what_they_take_already() -> None:
    for life in lives():
        taken = [order.drug for order in life.prescriptions if order.end is None]
        assert len(taken) == len(set(taken)), life.person.id


def test_nobody_takes_aspirin_or_ibuprofen_of_their_own_beside_what_forbids_it() -> None:
    forbidden = {problems.KIDNEY_3, problems.HEART_FAILURE, problems.FIBRILLATION, problems.PREGNANCY, problems.STROKE}
    stated = [life for life in lives() if life.statements]
    assert len(stated) > 20
    for life in stated:
        assert not forbidden & {problem.concept for problem in life.problems}, life.person.id


def test_nobody_takes_two_drugs_against_clots_or_one_with_a_pain_killer_that_makes_bleed() -> None:
    thinning, bleeding = (drugs.WARFARIN, drugs.APIXABAN), (drugs.CLOPIDOGREL, drugs.NAPROXEN, drugs.IBUPROFEN)
    beside = 0
    for seed, numbers in ((3, range(18, 700)), (4, range(18, 700))):
        for number in numbers:
            if "fibrillation" in threads_of(seed, number):
                orders = live(seed, number).prescriptions
                since = min((order.start for order in orders if order.drug in thinning), default=END)
                beside += any(order.drug in bleeding for order in orders)
                assert all(order.end and order.end <= since for order in orders if order.drug in bleeding), number
    assert beside


def test_infants_have_no_allergies_yet_and_nobody_has_none_and_one() -> None:
    young = 0
    for life in lives():
        known = [allergy for allergy in life.allergies if allergy.reaction]
        assert not known or known == life.allergies, life.person.id
        assert len({allergy.concept for allergy in known}) == len(known)
        assert all(life.person.age(allergy.recorded) >= 3 for allergy in known)
        young += bool(known) and life.person.age(life.person.last) < 18
    assert young > 5


def test_nothing_takes_longer_than_its_visit_and_nobody_in_hospital_comes_to_another() -> None:
    for life in lives():
        for act in life.acts:
            assert act.visit.start <= act.start
            assert act.start + datetime.timedelta(minutes=act.minutes) <= act.visit.end, (life.person.id, act)
        for stay in (visit for visit in life.visits if visit.setting == "inpatient"):
            assert not [one for one in life.visits if one is not stay and stay.start <= one.start < stay.end]


def test_a_vaccine_is_given_while_it_is_on_the_market() -> None:
    sold = {
        procedure_codes.COVID_1: ("2020-12-11", "2023-04-18"),
        procedure_codes.COVID_BIVALENT: ("2022-08-31", "2023-09-12"),
        procedure_codes.COVID_2: ("2023-09-12", "2027"),
        procedure_codes.PNEUMOCOCCUS_7: ("2000", "2010-04-01"),
        procedure_codes.PNEUMOCOCCUS_20: ("2021-06-08", "2027"),
        procedure_codes.INFLUENZA_4: ("2013-07-01", "2024-07-01"),
    }
    given = [(dose.vaccine, dose.visit.day.isoformat()) for life in lives() for dose in life.vaccinations]
    assert {vaccine for vaccine, _ in given} > sold.keys() - {procedure_codes.COVID_BIVALENT}
    assert all(sold[vaccine][0] <= day < sold[vaccine][1] for vaccine, day in given if vaccine in sold)
    assert of_its_day(procedure_codes.INFLUENZA_3, datetime.date(2012, 10, 1)) is procedure_codes.INFLUENZA_3
    assert of_its_day(procedure_codes.COVID_1, datetime.date(2023, 6, 1)) is procedure_codes.COVID_BIVALENT
    assert of_its_day(procedure_codes.PNEUMOCOCCUS_7, datetime.date(2012, 6, 1)) is procedure_codes.PNEUMOCOCCUS_13


def test_who_has_stopped_smoking_is_dependent_no_longer() -> None:
    stopped = 0
    for life in lives():
        told = [reading.concept for reading in life.readings if reading.measure is measures.SMOKING]
        for problem in life.problems:
            if problem.concept is problems.NICOTINE and told and told[-1] is problems.EX_SMOKER:
                stopped += 1
                assert problem.over, life.person.id
    assert stopped > 3


def test_the_weight_of_a_pregnancy_is_there_until_the_birth() -> None:
    born = 0
    for life in lives():
        stays = [act.visit.day for act in life.acts if act.concept in (procedure_codes.DELIVERY, procedure_codes.CAESAREAN)]
        for day in stays:
            before = [value for on, value in values(life, measures.WEIGHT) if 0 < (day - on).days < 60]
            born += 1
            assert dict(values(life, measures.WEIGHT))[day] > before[0]
    assert born > 5


@pytest.mark.parametrize("version", ["r4", "dstu2", "stu3"])
def test_care_ends_with_the_life(version: Version) -> None:
    over = {"completed", "cancelled", "inactive"}
    dead, ended, going_on = False, 0, 0
    for one in population.generate(seed=5, patients=120, today=datetime.date(2026, 11, 24), version=version):
        if one["resourceType"] == "Patient":
            dead = "deceasedDateTime" in one
        elif one["resourceType"] in ("Goal", "CarePlan", "CareTeam", "MedicationStatement"):
            assert ((one.get("lifecycleStatus") or one["status"]) in over) == dead, one
            ended, going_on = ended + dead, going_on + (not dead)
    assert ended > 5
    assert going_on > 100


def test_an_infant_is_vaccinated_in_the_thigh_and_swallows_one() -> None:
    sites: dict[str, set[str | None]] = {}
    born = datetime.date.min
    for one in population.generate(seed=1, patients=40, today=datetime.date(2026, 11, 24), version="r4"):
        if one["resourceType"] == "Patient":
            born = datetime.date.fromisoformat(one["birthDate"])
        elif one["resourceType"] == "Immunization" and "occurrenceDateTime" in one and one["status"] == "completed":
            months = (datetime.date.fromisoformat(one["occurrenceDateTime"][:10]) - born).days / 30.44
            kind = "oral" if one["vaccineCode"]["text"] == "Rotavirus" else "infant" if months < 18 else "older"
            sites.setdefault(kind, set()).add(one["site"]["text"] if "site" in one else None)
    assert sites == {"oral": {None}, "infant": {"Left thigh"}, "older": {"Left arm"}}
