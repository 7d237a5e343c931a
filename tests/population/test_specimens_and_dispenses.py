"""What follows from a life: specimens, what a pharmacy handed out, and the forms that scores are counted from."""

from __future__ import annotations

import datetime
from collections import Counter
from functools import lru_cache
from typing import Any

import pytest
from tests.population.test_generate import everything

from sickbay.population import forms, measures, pharmacy, specimens
from sickbay.population.patient_history import PatientHistory
from sickbay.population.staff import npi
from sickbay.population.stories import live


@lru_cache
def lives(messiness: float = 0.0) -> tuple[PatientHistory, ...]:
    return tuple(live(1, number, messiness) for number in range(1, 201))


def of(kind: str, version: Any = "r4") -> dict[str, dict[str, Any]]:
    return {f"{kind}/{one['id']}": one for one in everything(version) if one["resourceType"] == kind}


def test_every_result_of_the_laboratory_has_a_specimen_and_no_other_reading_has() -> None:
    for life in lives():
        held = specimens.taken(life)
        assert held.keys() == {one.number for one in life.readings if one.measure.kind == "laboratory"}


def test_one_draw_is_one_specimen_and_urine_is_no_blood() -> None:
    kinds = Counter()
    for life in lives():
        held = specimens.taken(life)
        for one in life.readings:
            if one.number in held:
                assert held[one.number].at <= one.at
                assert held[one.number].at.date() == one.at.date()
                assert (held[one.number].kind is specimens.URINE) == ("Urine" in one.measure.concept.codes[0].display)
        visits = {(one.visit, held[one.number].kind) for one in life.readings if one.number in held}
        assert len(set(held.values())) == len(visits)
        kinds.update(each.kind.text for each in set(held.values()))
    assert kinds.keys() == {"Venous blood", "Urine", "Stool", "Nasopharyngeal swab", "Tissue"}


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_a_report_names_the_specimens_of_its_results(version: str) -> None:
    results, specimens = of("Observation", version), of("Specimen", version)
    found = 0
    for report in of("DiagnosticReport", version).values():
        measured = [results[each["reference"]] for each in report.get("result", ())]
        drawn = {one["specimen"]["reference"] for one in measured if "specimen" in one}
        assert drawn == {each["reference"] for each in report.get("specimen", ())}
        assert drawn <= specimens.keys()
        found += len(drawn)
    assert found > 100


def test_a_course_is_handed_out_once_and_what_lasts_at_most_four_times() -> None:
    seen = Counter()
    for life in lives():
        for order in life.prescriptions:
            filled = [each for each in pharmacy.fills(life) if each.order is order]
            assert 1 <= len(filled) <= pharmacy.REPEATS + 1
            assert len(filled) == 1 or not (order.finished or order.drug.when_needed)
            last = order.end or life.person.last
            assert all(order.start <= each.day <= last for each in filled)
            if not order.finished and not order.drug.when_needed:
                assert (last - filled[-1].day).days <= pharmacy.QUARTER
                seen["refilled"] += any(each.earlier for each in filled)
            seen["first"] += any(not each.earlier for each in filled)
    assert min(seen["refilled"], seen["first"]) > 50


def test_as_much_is_handed_out_as_is_taken() -> None:
    units = set()
    for life in lives():
        for order in life.prescriptions:
            handed = pharmacy.supply(order)
            units.add(handed.unit)
            assert handed.amount >= 1
            if order.finished and order.end:
                assert handed.days == (order.end - order.start).days
            if order.drug.form == "tablet" and not order.drug.when_needed:
                assert handed.amount == order.drug.dose * order.drug.times * handed.days
    assert units >= {"tablet", "capsule", "mL", "inhaler"}
    assert not units & {"puff", "injection", "application"}


@pytest.mark.parametrize(("version", "kind"), [("r4", "MedicationRequest"), ("dstu2", "MedicationOrder")])
def test_what_was_handed_out_is_what_was_ordered(version: str, kind: str) -> None:
    orders = of(kind, version)
    dispenses = of("MedicationDispense", version)
    assert {one["authorizingPrescription"][0]["reference"] for one in dispenses.values()} == orders.keys()
    for one in dispenses.values():
        order = orders[one["authorizingPrescription"][0]["reference"]]
        names = ("medicationCodeableConcept", "medicationReference")
        assert [one.get(name) for name in names] == [order.get(name) for name in names]
        assert one["dosageInstruction"] == order["dosageInstruction"]
        assert one["quantity"] == order["dispenseRequest"]["quantity"]


def test_the_answers_to_a_form_add_up_to_its_score() -> None:
    counted = Counter()
    for life in lives():
        for number, one in forms.answered(life).items():
            reading = life.readings[number - 1]
            if reading.measure.key in ("hunger_item", "hunger_panel"):
                continue
            assert reading.measure is one.form.measure
            assert len(one.chosen) == len(one.form.questions)
            if reading.value is not None:
                assert sum(one.chosen) == reading.value
            else:
                assert (reading.concept is forms.AT_RISK) == (max(one.chosen) > 0)
            counted[one.form.id] += 1
    assert counted.keys() == {form.id for form in forms.FORMS}


def test_the_highest_score_is_answered_too() -> None:
    reading = next(one for life in lives() for one in life.readings if one.measure is measures.PHQ9)
    life = PatientHistory(lives()[0].person, readings=[reading.__class__(1, measures.PHQ9, reading.at, 27.0, visit=1)])
    assert forms.answered(life)[1].chosen == (3,) * 9


def test_some_have_not_enough_to_eat_and_most_have() -> None:
    told = Counter(one.concept for life in lives() for one in life.readings if one.measure is measures.HUNGER)
    assert 5 < told[forms.AT_RISK] < told[forms.NO_RISK] / 4


def _links(held: Any) -> list[str]:
    """The linkId of each group and question, in their order."""
    if isinstance(held, list):
        return [link for each in held for link in _links(each)]
    own = [held["linkId"]] if "linkId" in held else []
    return own + [link for key in ("group", "question", "item", "answer") if key in held for link in _links(held[key])]


@pytest.mark.parametrize("version", ["r4", "dstu2", "stu3", "r5"])
def test_a_score_leads_to_the_response_and_the_response_to_its_form(version: str) -> None:
    """By its canonical from R4 on, by a reference before; the questions are the form's, in its order."""
    questionnaires, responses = of("Questionnaire", version), of("QuestionnaireResponse", version)
    by_url = {one.get("url", id): one for id, one in questionnaires.items()} | questionnaires
    led = set()
    for one in of("Observation", version).values():
        related = [each["target"] for each in one.get("related", ())]
        for each in (*one.get("derivedFrom", ()), *related):
            if not each["reference"].startswith("QuestionnaireResponse/"):
                continue
            response = responses[each["reference"]]
            asked = response["questionnaire"]
            form = by_url[asked if isinstance(asked, str) else asked["reference"]]
            answered, questions = _links(response), _links(form)
            assert answered == [link for link in questions if link in answered]
            assert set(questions) - set(answered) <= {"/aid/which"}  # asked only after "Yes"
            led.add(each["reference"])
    assert led == responses.keys()


def test_a_messy_record_has_a_form_for_a_score_that_came_twice_and_none_for_one_without_value() -> None:
    twice = absent = 0
    for life in lives(1.0):
        held = forms.answered(life)
        twice += len(held) - len(set(held.values()))
        absent += any(one.absent and one.measure.key == "phq9" for one in life.readings)
        assert not any(one.absent for one in life.readings if one.number in held)
    assert twice
    assert absent


def test_who_does_not_want_to_be_vaccinated_is_written_down_once() -> None:
    refused = [[dose for dose in life.vaccinations if dose.refused] for life in lives()]
    assert {len(each) for each in refused} == {0, 1}
    for life, doses in zip(lives(), refused, strict=True):
        for dose in doses:
            assert dose.visit.day >= datetime.date(2024, 9, 1)
            assert life.person.age(dose.visit.day) >= 19
    told = [one for one in of("Immunization").values() if one["status"] == "not-done"]
    assert told
    assert not any("lotNumber" in one or "site" in one for one in told)
    old = [one for one in of("Immunization", "dstu2").values() if one["wasNotGiven"]]
    assert [one["id"] for one in old] == [one["id"] for one in told]
    assert all(one["explanation"]["reasonNotGiven"] for one in old)


def test_an_identifier_of_a_provider_is_nobodys_and_its_check_digit_is_right() -> None:
    for number in (0, 1, 8, 100, 12_345_678):
        digits = [int(one) for one in f"80840{npi(number)}"]
        doubled = [one if at % 2 else one * 2 for at, one in enumerate(digits, 1)]
        assert len(npi(number)) == 10
        assert npi(number)[0] == "9"
        assert sum(one // 10 + one % 10 for one in doubled) % 10 == 0
    assert npi(0) != npi(1)
