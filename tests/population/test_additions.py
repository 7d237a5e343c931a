"""The data added after the stories are as plausible as the stories."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from importlib import import_module
from typing import Any

import pytest
from tests.population.test_generate import everything

from sickbay.population import forms, measures, problems, procedure_codes
from sickbay.population.billing import find_agreement, make_bill
from sickbay.population.codings import DECLINED, ERROR
from sickbay.population.intake import fill_form
from sickbay.population.patient_history import Measure, Observation, PatientHistory
from sickbay.population.render.r4 import render_record
from sickbay.population.stories import simulate_life


@lru_cache
def histories() -> tuple[PatientHistory, ...]:
    return tuple(simulate_life(seed, number) for seed in (1, 9) for number in range(1, 101))


def observations_of(history: PatientHistory, measure: Measure) -> list[Observation]:
    return [reading for reading in history.readings if reading.measure is measure]


def test_only_infants_have_percentiles_of_weight_for_length_and_head_circumference() -> None:
    ages = []
    for history in histories():
        for measure in (measures.WEIGHT_RANK, measures.HEAD_RANK):
            for reading in observations_of(history, measure):
                ages.append(history.person.age(reading.at.date()))
                assert reading.value is not None
                assert 1 <= reading.value <= 99
    assert len(ages) > 100
    assert max(ages) < 3


def test_weight_for_length_percentiles_are_spread_around_the_middle() -> None:
    ranks = [
        reading.value for history in histories() for reading in observations_of(history, measures.WEIGHT_RANK) if reading.value
    ]
    assert 30 < sum(ranks) / len(ranks) < 75
    assert min(ranks) < 25


def test_oxygen_has_a_reason_and_its_concentration_matches_the_flow() -> None:
    reasons = {problems.PNEUMONIA, problems.HEART_FAILURE, problems.COPD}
    count = 0
    for history in histories():
        for reading in observations_of(history, measures.OXYGEN):
            if reading.parts:
                (flow, litres), (share, percent) = reading.parts
                assert (flow, share) == (measures.OXYGEN_FLOW, measures.OXYGEN_SHARE)
                assert isinstance(litres, float)
                assert percent == 20 + 4 * litres
                assert reasons & {problem.concept for problem in history.problems}
                count += 1
    assert count > 5


def test_exactly_the_adults_with_a_lipid_panel_have_an_hs_crp_of_the_last_draw() -> None:
    values = []
    for history in histories():
        draws = [
            reading for reading in observations_of(history, measures.CHOLESTEROL) if history.person.age(reading.at.date()) >= 18
        ]
        found = [(reading.at, reading.visit, reading.performer) for reading in observations_of(history, measures.HS_CRP)]
        assert found == [(draw.at, draw.visit, draw.performer) for draw in draws[-1:]]
        assert not found or history.readings[-1].measure is measures.HS_CRP
        values += [reading.value or 0 for reading in observations_of(history, measures.HS_CRP)]
    assert 0.2 <= min(values) < 0.5
    assert 6 < max(values) <= 10
    assert 0.8 < sorted(values)[len(values) // 2] < 2


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r4b", "r5"])
def test_the_values_of_a_cardiac_risk_have_the_usual_units_in_every_version(version: str) -> None:
    """SMART's sample app Cardiac Risk reads these codes, and knows no other units."""
    render = import_module(f"sickbay.population.render.{version}").render_record
    for number in (3, 17):
        resources = [resource for resource in render(simulate_life(1, number)) if resource["resourceType"] == "Observation"]
        crp, total, good = (
            [each for each in resources if each["code"].get("coding", [{}])[0].get("code") == code][-1]
            for code in ("30522-7", "2093-3", "2085-9")
        )
        assert [each["valueQuantity"]["unit"] for each in (crp, total, good)] == ["mg/L", "mg/dL", "mg/dL"]
        assert (crp["specimen"], crp["effectiveDateTime"]) == (total["specimen"], total["effectiveDateTime"])
        assert crp["referenceRange"][0]["high"]["value"] == 3


def test_the_hs_crp_of_timothy_is_the_same_in_every_seed() -> None:
    assert (
        len({reading.value for seed in range(3) for reading in observations_of(simulate_life(seed, 17), measures.HS_CRP)}) == 1
    )


def test_a_missing_value_has_a_reason() -> None:
    reasons: Counter[Any] = Counter()
    for history in histories():
        for reading in history.readings:
            if reading.absent:
                assert (reading.value, reading.concept, reading.text, reading.flag, reading.parts) == (
                    None,
                    None,
                    None,
                    None,
                    (),
                )
                reasons[reading.why] += 1
    assert reasons[DECLINED] > 3
    assert reasons[ERROR] > 3


def test_only_adults_have_an_occupation_and_pregnancy_statuses_agree() -> None:
    for history in histories():
        assert not observations_of(history, measures.OCCUPATION) or 18 <= history.person.age(history.visits[-1].day) < 65
        pregnant = [
            reading for reading in observations_of(history, measures.PREGNANT) if reading.concept is problems.NOT_PREGNANT
        ]
        for reading in pregnant:
            assert history.person.sex == "female"
            pregnancies = [problem for problem in history.problems if problem.concept is problems.PREGNANCY]
            assert all(problem.over and problem.over < reading.at.date() for problem in pregnancies)


def test_exactly_the_patients_at_risk_of_hunger_have_a_panel_a_concern_and_a_referral() -> None:
    at_risk = 0
    for history in histories():
        risky = [reading for reading in observations_of(history, measures.HUNGER) if reading.concept is forms.AT_RISK]
        panels = observations_of(history, measures.HUNGER_PANEL)
        concerns = [problem for problem in history.problems if problem.social]
        referrals = [request for request in history.requests if request.social]
        assert len(risky) == len(panels) == len(concerns) == len(referrals)
        for result, panel in zip(risky, panels, strict=True):
            at_risk += 1
            assert panel.members == (*result.derived, result.number)
            assert [history.readings[number - 1].measure.key for number in result.derived] == ["hunger_item"] * 2
    assert at_risk > 5


def test_the_observation_of_a_directive_refers_to_its_document() -> None:
    answers: Counter[Any] = Counter()
    for history in histories():
        wills = [note for note in history.notes if note.kind is procedure_codes.LIVING_WILL]
        for reading in observations_of(history, measures.DIRECTIVE):
            assert (reading.note is not None) == (reading.concept is problems.YES) == bool(wills)
            answers[reading.concept] += 1
        assert not wills or history.person.age(history.person.last) >= 65
    assert answers[problems.YES] > 3
    assert answers[problems.NO] > 3


def test_a_bill_is_settled_within_the_record_for_at_most_its_amount() -> None:
    bills = [(history, settled_bill) for history in histories() if (settled_bill := make_bill(history))]
    assert len(bills) > 30
    for history, settled_bill in bills:
        assert 0 < settled_bill.benefit <= settled_bill.amount
        assert settled_bill.visit.day < settled_bill.settled <= history.person.last
    decisions = [find_agreement(history) for history in histories()]
    assert {decision.permits for decision in decisions if decision} == {True, False}


def test_the_form_about_habits_matches_its_scores() -> None:
    forms_filled = [(history, form) for history in histories() if (form := fill_form(history))]
    assert len(forms_filled) > 10
    for history, form in forms_filled:
        exercise, alcohol = (history.readings[number - 1] for number in form.readings)
        assert (exercise.value, alcohol.value) == (form.days, form.drinks)
    assert {bool(form.aid) for _, form in forms_filled} == {True, False}
    assert {bool(form.nurse) for _, form in forms_filled} == {True, False}


def test_a_vaccine_without_a_date_was_given_elsewhere() -> None:
    remembered = [dose for history in histories() for dose in history.vaccinations if dose.remembered]
    assert len(remembered) > 3
    reported = [
        resource
        for resource in everything("r4")
        if resource["resourceType"] == "Immunization" and "occurrenceString" in resource
    ]
    assert reported
    assert not any(
        immunization["primarySource"] or immunization.keys() & {"occurrenceDateTime", "lotNumber", "performer"}
        for immunization in reported
    )


@pytest.mark.parametrize("number", [3, 7, 11, 14, 17])
def test_additions_are_a_small_part_of_a_record(number: int) -> None:
    """The additions are at most an eighth of an adult's observations, and at most two for each visit of an infant."""
    history = simulate_life(1, number)
    not_infant = history.person.age(history.person.last) > 3
    added = [reading for reading in history.readings if reading.number > 0 and reading.measure.key in ADDED]
    assert len(added) <= (len(history.readings) / 8 if not_infant else 2 * len(history.visits))
    assert len(list(render_record(history))) < 400


ADDED = {
    measure.key
    for measure in (
        measures.WEIGHT_RANK,
        measures.HEAD_RANK,
        measures.MEAN_PRESSURE,
        measures.URINE_COLOR,
        measures.HS_CRP,
        measures.OCCUPATION,
        measures.ORIENTATION,
        measures.INTENT,
        measures.EXERCISE,
        measures.ALCOHOL,
        measures.TRANSPORT,
        measures.FUNCTION,
        measures.DISABILITY,
        measures.COGNITION,
        measures.TREATMENT_PREFERENCE,
        measures.CARE_PREFERENCE,
        measures.DIRECTIVE,
        measures.HUNGER_PANEL,
    )
} | {"hunger_item"}
