"""Lives that a clinician would believe."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache

import pytest

from sickbay.population import measures, problems
from sickbay.population.life import END, Life, Measure, Reading
from sickbay.population.stories import live
from sickbay.population.stories.pregnancy import TERM


@lru_cache
def lives() -> tuple[Life, ...]:
    return tuple(live(seed, number) for seed in (1, 2, 77) for number in range(1, 101))


def values(life: Life, measure: Measure) -> list[tuple[datetime.date, float]]:
    return [
        (reading.at.date(), reading.value)
        for reading in life.readings
        if reading.measure is measure and reading.value is not None
    ]


def pressures(life: Life) -> Iterator[tuple[Reading, float, float]]:
    for reading in life.readings:
        if reading.parts:
            (_, systolic), (_, diastolic) = reading.parts
            yield reading, systolic, diastolic


def lasting(life: Life) -> set[str]:
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
        days += [end for thing in life.problems if (end := thing.over)] + [
            end for o in life.prescriptions if (end := o.end)
        ]
        assert all(born <= day <= END for day in days), life.person.id
        assert all(born.year <= int(allergy.since) for allergy in life.allergies if allergy.since)


def test_nothing_ends_before_it_begins() -> None:
    for life in lives():
        assert all(problem.onset <= problem.recorded for problem in life.problems)
        assert all(problem.over is None or problem.onset < problem.over for problem in life.problems)
        assert all(order.end is None or order.start < order.end for order in life.prescriptions)


@pytest.mark.parametrize(
    ("measure", "low", "high"),
    [
        (measures.A1C, 4.0, 12.0), (measures.GLUCOSE, 55, 320), (measures.CREATININE, 0.2, 3.5), (measures.EGFR, 20, 150),
        (measures.POTASSIUM, 3.2, 5.6), (measures.SODIUM, 132, 148), (measures.LDL, 35, 260), (measures.HDL, 20, 100),
        (measures.TRIGLYCERIDES, 30, 350), (measures.CHOLESTEROL, 90, 360), (measures.HEMOGLOBIN, 8, 18.5),
        (measures.TSH, 0.1, 20), (measures.OXYGEN, 91, 100), (measures.TEMPERATURE, 35.8, 39.6), (measures.PULSE, 42, 170),
        (measures.BREATHS, 10, 45), (measures.WEIGHT, 2.5, 160), (measures.HEIGHT, 45, 205), (measures.BMI, 11, 50),
    ],
    ids=lambda value: value.key if isinstance(value, Measure) else "",
)  # fmt: skip
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
