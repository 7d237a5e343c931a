"""What is added after the stories is as plausible as they are."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import pytest
from tests.population.test_generate import everything

from sickbay.population import forms, measures, problems, procedure_codes, social_measures
from sickbay.population.billing import agreement, bill
from sickbay.population.codings import DECLINED, ERROR
from sickbay.population.intake import filled
from sickbay.population.patient_history import Measure, Observation, PatientHistory
from sickbay.population.render.r4 import record
from sickbay.population.stories import live


@lru_cache
def lives() -> tuple[PatientHistory, ...]:
    return tuple(live(seed, number) for seed in (1, 9) for number in range(1, 101))


def of(life: PatientHistory, measure: Measure) -> list[Observation]:
    return [one for one in life.readings if one.measure is measure]


def test_only_infants_have_their_weight_for_length_and_the_percentile_of_the_head() -> None:
    ages = []
    for life in lives():
        for measure in (measures.WEIGHT_RANK, measures.HEAD_RANK):
            for one in of(life, measure):
                ages.append(life.person.age(one.at.date()))
                assert one.value is not None
                assert 1 <= one.value <= 99
    assert len(ages) > 100
    assert max(ages) < 3


def test_infants_are_neither_all_heavy_nor_all_light_for_their_length() -> None:
    found = [one.value for life in lives() for one in of(life, measures.WEIGHT_RANK) if one.value]
    assert 30 < sum(found) / len(found) < 75
    assert min(found) < 25


def test_who_breathes_oxygen_is_short_of_breath_and_the_concentration_fits_the_flow() -> None:
    reasons = {problems.PNEUMONIA, problems.HEART_FAILURE, problems.COPD}
    seen = 0
    for life in lives():
        for one in of(life, measures.OXYGEN):
            if one.parts:
                (flow, litres), (share, percent) = one.parts
                assert (flow, share) == (measures.OXYGEN_FLOW, measures.OXYGEN_SHARE)
                assert isinstance(litres, float)
                assert percent == 20 + 4 * litres
                assert reasons & {each.concept for each in life.problems}
                seen += 1
    assert seen > 5


def test_a_value_that_was_not_obtained_has_a_reason_and_no_value() -> None:
    reasons = Counter()
    for life in lives():
        for one in life.readings:
            if one.absent:
                assert (one.value, one.concept, one.text, one.flag, one.parts) == (None, None, None, None, ())
                reasons[one.why] += 1
    assert reasons[DECLINED] > 3
    assert reasons[ERROR] > 3


def test_grown_ups_work_and_nobody_is_pregnant_and_not() -> None:
    for life in lives():
        assert not of(life, social_measures.OCCUPATION) or 18 <= life.person.age(life.visits[-1].day) < 65
        pregnant = [one for one in of(life, measures.PREGNANT) if one.concept is problems.NOT_PREGNANT]
        for one in pregnant:
            assert life.person.sex == "female"
            expected = [each for each in life.problems if each.concept is problems.PREGNANCY]
            assert all(each.over and each.over < one.at.date() for each in expected)


def test_who_may_not_have_enough_to_eat_has_a_panel_a_concern_and_a_referral_and_nobody_else() -> None:
    at_risk = 0
    for life in lives():
        risky = [one for one in of(life, measures.HUNGER) if one.concept is forms.AT_RISK]
        panels = of(life, measures.HUNGER_PANEL)
        concerns = [each for each in life.problems if each.social]
        referrals = [each for each in life.requests if each.social]
        assert len(risky) == len(panels) == len(concerns) == len(referrals)
        for result, panel in zip(risky, panels, strict=True):
            at_risk += 1
            assert panel.members == (*result.derived, result.number)
            assert [life.readings[each - 1].measure.key for each in result.derived] == ["hunger_item"] * 2
    assert at_risk > 5


def test_a_directive_is_written_down_and_its_observation_refers_to_it() -> None:
    seen = Counter()
    for life in lives():
        wills = [each for each in life.notes if each.kind is procedure_codes.LIVING_WILL]
        for one in of(life, social_measures.DIRECTIVE):
            assert (one.note is not None) == (one.concept is problems.YES) == bool(wills)
            seen[one.concept] += 1
        assert not wills or life.person.age(life.person.last) >= 65
    assert seen[problems.YES] > 3
    assert seen[problems.NO] > 3


def test_a_bill_is_settled_within_the_record_and_the_payer_pays_no_more_than_it() -> None:
    bills = [(life, one) for life in lives() if (one := bill(life))]
    assert len(bills) > 30
    for life, one in bills:
        assert 0 < one.benefit <= one.amount
        assert one.visit.day < one.settled <= life.person.last
    agreed = [agreement(life) for life in lives()]
    assert {one.permits for one in agreed if one} == {True, False}


def test_a_form_about_habits_agrees_with_its_scores() -> None:
    forms_filled = [(life, one) for life in lives() if (one := filled(life))]
    assert len(forms_filled) > 10
    for life, one in forms_filled:
        exercise, alcohol = (life.readings[number - 1] for number in one.readings)
        assert (exercise.value, alcohol.value) == (one.days, one.drinks)
    assert {bool(one.aid) for _, one in forms_filled} == {True, False}
    assert {bool(one.nurse) for _, one in forms_filled} == {True, False}


def test_a_vaccine_of_an_unknown_day_was_given_elsewhere() -> None:
    remembered = [dose for life in lives() for dose in life.vaccinations if dose.remembered]
    assert len(remembered) > 3
    told = [one for one in everything("r4") if one["resourceType"] == "Immunization" and "occurrenceString" in one]
    assert told
    assert not any(one["primarySource"] or one.keys() & {"occurrenceDateTime", "lotNumber", "performer"} for one in told)


@pytest.mark.parametrize("number", [3, 7, 11, 14, 17])
def test_a_record_is_not_much_longer_for_it(number: int) -> None:
    """What is added is at most an eighth of a record of a grown-up, and two rows a visit of an infant's."""
    life = live(1, number)
    grown = life.person.age(life.person.last) > 3
    added = [one for one in life.readings if one.number > 0 and one.measure.key in ADDED]
    assert len(added) <= (len(life.readings) / 8 if grown else 2 * len(life.visits))
    assert len(list(record(life))) < 400


ADDED = {
    each.key
    for each in (
        measures.WEIGHT_RANK,
        measures.HEAD_RANK,
        measures.MEAN_PRESSURE,
        measures.URINE_COLOR,
        social_measures.OCCUPATION,
        social_measures.ORIENTATION,
        social_measures.INTENT,
        social_measures.EXERCISE,
        social_measures.ALCOHOL,
        social_measures.TRANSPORT,
        social_measures.FUNCTION,
        social_measures.DISABILITY,
        social_measures.COGNITION,
        social_measures.TREATMENT_PREFERENCE,
        social_measures.CARE_PREFERENCE,
        social_measures.DIRECTIVE,
        measures.HUNGER_PANEL,
    )
} | {"hunger_item"}
