"""Data derived from a history: specimens, pharmacy dispenses, and the forms behind scores."""

from __future__ import annotations

import datetime
from collections import Counter
from functools import lru_cache
from typing import Any

import pytest
from tests.population.test_generate import everything

from sickbay.population import forms, measures, pharmacy, specimens
from sickbay.population.patient_history import PatientHistory
from sickbay.population.staff import make_npi
from sickbay.population.stories import simulate_life


@lru_cache
def histories(messiness: float = 0.0) -> tuple[PatientHistory, ...]:
    return tuple(simulate_life(1, number, messiness) for number in range(1, 201))


def resources_of(kind: str, version: Any = "r4") -> dict[str, dict[str, Any]]:
    return {f"{kind}/{resource['id']}": resource for resource in everything(version) if resource["resourceType"] == kind}


def test_exactly_the_laboratory_results_have_a_specimen() -> None:
    for history in histories():
        specimen_of = specimens.index_specimens(history)
        assert specimen_of.keys() == {reading.number for reading in history.readings if reading.measure.kind == "laboratory"}


def test_a_visit_has_one_specimen_of_each_kind() -> None:
    kinds: Counter[str] = Counter()
    for history in histories():
        specimen_of = specimens.index_specimens(history)
        for reading in history.readings:
            if reading.number in specimen_of:
                assert specimen_of[reading.number].at <= reading.at
                assert specimen_of[reading.number].at.date() == reading.at.date()
                assert (specimen_of[reading.number].kind is specimens.URINE) == (
                    "Urine" in reading.measure.concept.codes[0].display
                )
        visits = {
            (reading.visit, specimen_of[reading.number].kind) for reading in history.readings if reading.number in specimen_of
        }
        assert len(set(specimen_of.values())) == len(visits)
        kinds.update(specimen.kind.text for specimen in set(specimen_of.values()))
    assert kinds.keys() == {"Venous blood", "Urine", "Stool", "Nasopharyngeal swab", "Tissue"}


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_a_report_refers_to_the_specimens_of_its_results(version: str) -> None:
    results, specimens = resources_of("Observation", version), resources_of("Specimen", version)
    count = 0
    for report in resources_of("DiagnosticReport", version).values():
        observations = [results[result["reference"]] for result in report.get("result", ())]
        used = {observation["specimen"]["reference"] for observation in observations if "specimen" in observation}
        assert used == {specimen["reference"] for specimen in report.get("specimen", ())}
        assert used <= specimens.keys()
        count += len(used)
    assert count > 100


def test_a_course_is_dispensed_once_and_a_long_term_drug_at_most_four_times() -> None:
    counts: Counter[str] = Counter()
    for history in histories():
        for order in history.prescriptions:
            fills = [fill for fill in pharmacy.list_fills(history) if fill.order is order]
            assert 1 <= len(fills) <= pharmacy.REPEATS + 1
            assert len(fills) == 1 or not (order.finished or order.drug.when_needed)
            last = order.end or history.person.last
            assert all(order.start <= fill.day <= last for fill in fills)
            if not order.finished and not order.drug.when_needed:
                assert (last - fills[-1].day).days <= pharmacy.QUARTER
                counts["refilled"] += any(fill.earlier for fill in fills)
            counts["first"] += any(not fill.earlier for fill in fills)
    assert min(counts["refilled"], counts["first"]) > 50


def test_the_dispensed_amount_matches_the_dosage() -> None:
    units = set()
    for history in histories():
        for order in history.prescriptions:
            supplied = pharmacy.choose_supply(order)
            units.add(supplied.unit)
            assert supplied.amount >= 1
            if order.finished and order.end:
                assert supplied.days == (order.end - order.start).days
            if order.drug.form == "tablet" and not order.drug.when_needed:
                assert supplied.amount == order.drug.dose * order.drug.times * supplied.days
    assert units >= {"tablet", "capsule", "mL", "inhaler"}
    assert not units & {"puff", "injection", "application"}


@pytest.mark.parametrize(("version", "kind"), [("r4", "MedicationRequest"), ("dstu2", "MedicationOrder")])
def test_a_dispense_matches_its_order(version: str, kind: str) -> None:
    orders = resources_of(kind, version)
    dispenses = resources_of("MedicationDispense", version)
    assert {dispense["authorizingPrescription"][0]["reference"] for dispense in dispenses.values()} == orders.keys()
    for dispense in dispenses.values():
        order = orders[dispense["authorizingPrescription"][0]["reference"]]
        names = ("medicationCodeableConcept", "medicationReference")
        assert [dispense.get(name) for name in names] == [order.get(name) for name in names]
        assert dispense["dosageInstruction"] == order["dosageInstruction"]
        assert dispense["quantity"] == order["dispenseRequest"]["quantity"]


def test_the_answers_of_a_form_add_up_to_its_score() -> None:
    forms_seen: Counter[str] = Counter()
    for history in histories():
        for number, response in forms.index_responses(history).items():
            reading = history.readings[number - 1]
            if reading.measure.key in ("hunger_item", "hunger_panel"):
                continue
            assert reading.measure is response.form.measure
            assert len(response.chosen) == len(response.form.questions)
            if reading.value is not None:
                assert sum(response.chosen) == reading.value
            else:
                assert (reading.concept is forms.AT_RISK) == (max(response.chosen) > 0)
            forms_seen[response.form.id] += 1
    assert forms_seen.keys() == {form.id for form in forms.FORMS}


def test_the_highest_score_has_the_highest_answers() -> None:
    reading = next(candidate for history in histories() for candidate in history.readings if candidate.measure is measures.PHQ9)
    history = PatientHistory(histories()[0].person, readings=[reading.__class__(1, measures.PHQ9, reading.at, 27.0, visit=1)])
    assert forms.index_responses(history)[1].chosen == (3,) * 9


def test_a_minority_is_at_risk_of_hunger() -> None:
    answers = Counter(
        reading.concept for history in histories() for reading in history.readings if reading.measure is measures.HUNGER
    )
    assert 5 < answers[forms.AT_RISK] < answers[forms.NO_RISK] / 4


def _links(node: Any) -> list[str]:
    """Returns the linkId of each group and question, in order."""
    if isinstance(node, list):
        return [link for item in node for link in _links(item)]
    own = [node["linkId"]] if "linkId" in node else []
    return own + [link for key in ("group", "question", "item", "answer") if key in node for link in _links(node[key])]


@pytest.mark.parametrize("version", ["r4", "dstu2", "stu3", "r5"])
def test_a_score_refers_to_its_response_and_the_response_to_its_form(version: str) -> None:
    """From R4 on by its canonical URL, before by a reference. The questions are those of the form, in order."""
    questionnaires, responses = resources_of("Questionnaire", version), resources_of("QuestionnaireResponse", version)
    by_url = {form.get("url", id): form for id, form in questionnaires.items()} | questionnaires
    referenced = set()
    for observation in resources_of("Observation", version).values():
        related = [relation["target"] for relation in observation.get("related", ())]
        for source in (*observation.get("derivedFrom", ()), *related):
            if not source["reference"].startswith("QuestionnaireResponse/"):
                continue
            response = responses[source["reference"]]
            form_reference = response["questionnaire"]
            form = by_url[form_reference if isinstance(form_reference, str) else form_reference["reference"]]
            answered, questions = _links(response), _links(form)
            assert answered == [link for link in questions if link in answered]
            assert set(questions) - set(answered) <= {"/aid/which"}  # asked only after "Yes"
            referenced.add(source["reference"])
    assert referenced == responses.keys()


def test_a_duplicated_score_shares_a_response_and_a_missing_score_has_none() -> None:
    duplicated = absent = 0
    for history in histories(1.0):
        responses = forms.index_responses(history)
        duplicated += len(responses) - len(set(responses.values()))
        absent += any(reading.absent and reading.measure.key == "phq9" for reading in history.readings)
        assert not any(reading.absent for reading in history.readings if reading.number in responses)
    assert duplicated
    assert absent


def test_a_refused_vaccination_is_recorded_once() -> None:
    refused = [[dose for dose in history.vaccinations if dose.refused] for history in histories()]
    assert {len(doses) for doses in refused} == {0, 1}
    for history, doses in zip(histories(), refused, strict=True):
        for dose in doses:
            assert dose.visit.day >= datetime.date(2024, 9, 1)
            assert history.person.age(dose.visit.day) >= 19
    not_done = [immunization for immunization in resources_of("Immunization").values() if immunization["status"] == "not-done"]
    assert not_done
    assert not any("lotNumber" in immunization or "site" in immunization for immunization in not_done)
    old = [immunization for immunization in resources_of("Immunization", "dstu2").values() if immunization["wasNotGiven"]]
    assert [immunization["id"] for immunization in old] == [immunization["id"] for immunization in not_done]
    assert all(immunization["explanation"]["reasonNotGiven"] for immunization in old)


def test_a_provider_identifier_is_unassigned_and_has_a_valid_check_digit() -> None:
    for number in (0, 1, 8, 100, 12_345_678):
        digits = [int(digit) for digit in f"80840{make_npi(number)}"]
        doubled = [digit if position % 2 else digit * 2 for position, digit in enumerate(digits, 1)]
        assert len(make_npi(number)) == 10
        assert make_npi(number)[0] == "9"
        assert sum(value // 10 + value % 10 for value in doubled) % 10 == 0
    assert make_npi(0) != make_npi(1)
