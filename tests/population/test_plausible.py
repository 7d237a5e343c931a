"""Histories are clinically plausible."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache

import pytest

from sickbay import population
from sickbay.population import Version, drugs, measures, problems, procedure_codes
from sickbay.population.patient_history import END, Measure, Observation, PatientHistory
from sickbay.population.stories import simulate_life, story_names
from sickbay.population.stories.immunizations import product_on_day
from sickbay.population.stories.pregnancy import TERM


@lru_cache
def histories() -> tuple[PatientHistory, ...]:
    return tuple(simulate_life(seed, number) for seed in (1, 2, 77) for number in range(1, 101))


def values(history: PatientHistory, measure: Measure) -> list[tuple[datetime.date, float]]:
    return [
        (reading.at.date(), reading.value)
        for reading in history.readings
        if reading.measure is measure and reading.value is not None
    ]


def pressures(history: PatientHistory) -> Iterator[tuple[Observation, float, float]]:
    for reading in history.readings:
        values = [value for _, value in reading.parts if isinstance(value, float | int)]
        if reading.measure in (measures.PRESSURE, measures.MEAN_PRESSURE) and len(values) == 2:
            yield reading, values[0], values[1]


def lasting(history: PatientHistory) -> set[str]:
    return {problem.concept.text for problem in history.problems if problem.lasting}


def test_systolic_pressure_is_above_diastolic() -> None:
    for history in histories():
        for _, systolic, diastolic in pressures(history):
            assert systolic - diastolic >= 15
            assert 70 <= systolic <= 210
            assert 40 <= diastolic <= 120


def test_nothing_happens_before_birth_or_after_the_end() -> None:
    for history in histories():
        born = history.person.born
        days = [visit.day for visit in history.visits] + [reading.at.date() for reading in history.readings]
        days += [day for problem in history.problems for day in (problem.onset, problem.recorded)]
        days += [order.start for order in history.prescriptions]
        days += [end for problem in history.problems if (end := problem.over)] + [
            end for order in history.prescriptions if (end := order.end)
        ]
        assert all(born <= day <= END for day in days), history.person.id
        assert all(born.year <= int(allergy.since) for allergy in history.allergies if allergy.since)


def test_nothing_ends_before_it_begins() -> None:
    for history in histories():
        assert all(problem.onset <= problem.recorded for problem in history.problems)
        assert all(problem.over is None or problem.onset <= problem.over for problem in history.problems)
        assert all(order.end is None or order.start < order.end for order in history.prescriptions)


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
def test_a_measurement_is_within_a_plausible_range(measure: Measure, low: float, high: float) -> None:
    measured = [value for history in histories() for _, value in values(history, measure)]
    assert len(measured) > 50
    assert low <= min(measured)
    assert max(measured) <= high


def test_the_body_mass_index_is_weight_over_height_squared() -> None:
    for history in histories():
        weights, heights = dict(values(history, measures.WEIGHT)), dict(values(history, measures.HEIGHT))
        for day, index in values(history, measures.BMI):
            assert index == pytest.approx(weights[day] / (heights[day] / 100) ** 2, abs=0.06)


def test_only_adult_women_are_pregnant() -> None:
    pregnancies = [
        (history, problem) for history in histories() for problem in history.problems if problem.concept is problems.PREGNANCY
    ]
    assert len(pregnancies) > 5
    for history, problem in pregnancies:
        assert history.person.sex == "female"
        assert 18 <= history.person.age(problem.onset) <= 45
        assert problem.over is None or problem.over - problem.onset == TERM


def test_pregnant_patients_take_no_drug_that_harms_the_child() -> None:
    harmful = ("Lisinopril", "Losartan", "Atorvastatin", "Empagliflozin")
    for history in histories():
        for problem in history.problems:
            if problem.concept is problems.PREGNANCY:
                taken = [order for order in history.prescriptions if order.drug.concept.text.startswith(harmful)]
                assert not taken, history.person.id


def test_patients_with_penicillin_allergy_are_not_prescribed_amoxicillin() -> None:
    for history in histories():
        known = {allergy.concept.text for allergy in history.allergies}
        if "Penicillin G" in known:
            assert not [order for order in history.prescriptions if order.drug.concept.text.startswith("Amoxicillin")]


def test_every_record_has_an_allergy_or_the_statement_of_none() -> None:
    assert all(history.allergies for history in histories() if history.visits)


def test_a_healthy_infant_grows_from_visit_to_visit() -> None:
    for history in histories():
        for measure in (measures.WEIGHT, measures.HEIGHT):
            early = [value for day, value in values(history, measure) if history.person.age(day) < 1.6]
            assert early == sorted(early), history.person.id


def test_lisinopril_lowers_the_blood_pressure() -> None:
    before, after = [], []
    for history in histories():
        started = [order.start for order in history.prescriptions if order.drug.concept.text.startswith("Lisinopril")]
        if started and "Essential hypertension" in lasting(history) and history.person.number != 17:
            for reading, systolic, _ in pressures(history):
                day = reading.at.date()
                if day == min(started):
                    before.append(systolic)
                elif day > max(started):
                    after.append(systolic)
    assert sum(before) / len(before) > sum(after) / len(after) + 8


def test_only_patients_with_diabetes_have_a_high_hba1c() -> None:
    for history in histories():
        a1c_values = [value for _, value in values(history, measures.A1C)]
        if "Type 2 diabetes mellitus" in lasting(history):
            assert a1c_values
            assert max(a1c_values) >= 5.7
        else:
            assert all(value < 6.5 for value in a1c_values)


def test_stage_three_kidney_disease_has_a_matching_filtration_rate() -> None:
    rates = [
        value
        for history in histories()
        for problem in history.problems
        if problem.concept is problems.KIDNEY_3
        for day, value in values(history, measures.EGFR)
        if day >= problem.recorded
    ]
    assert len(rates) > 20
    assert all(28 <= rate <= 64 for rate in rates)


def test_an_adult_has_fifty_to_two_hundred_and_fifty_observations() -> None:
    counts = [len(history.readings) for history in histories() if history.person.age(END) >= 25]
    assert min(counts) >= 50
    assert max(counts) <= 250
    assert 80 <= sum(counts) / len(counts) <= 150


def test_observations_span_several_years() -> None:
    for history in histories():
        if history.person.age(END) > 6:
            days = [reading.at.date() for reading in history.readings]
            assert (max(days) - min(days)).days > 3 * 365


def test_weight_gain_at_the_age_of_18_is_less_than_a_tenth() -> None:
    compared = 0
    for history in histories():
        weights = [(history.person.age(day), value) for day, value in values(history, measures.WEIGHT)]
        before, after = [[value for age, value in weights if low <= age < low + 1.2] for low in (16.8, 18)]
        if before and after and problems.PREGNANCY.text not in lasting(history):
            compared += 1
            assert after[0] < before[-1] * 1.1, history.person.id
    assert compared > 5


def test_the_temperature_is_measured_at_a_visit_for_an_infection() -> None:
    infections = 0
    for history in histories():
        for visit in history.visits:
            if visit.kind is problems.REVIEW and visit.reason in (problems.COVID, problems.INFLUENZA):
                infections += 1
                assert any(
                    reading.visit == visit.number and reading.measure is measures.TEMPERATURE for reading in history.readings
                )
    assert infections > 20


def test_children_are_not_prescribed_tablets_or_capsules_to_swallow() -> None:
    for history in histories():
        for order in history.prescriptions:
            if history.person.age(order.start) < 12 and order.drug.form in ("tablet", "capsule"):
                assert order.drug in (drugs.CHEWABLE_160, drugs.CHEWABLE_320), history.person.id
    assert drugs.dose_for_age(drugs.AMOXICILLIN, 1.9) is drugs.AMOXICILLIN_INFANT
    assert drugs.dose_for_age(drugs.AMOXICILLIN, 2) is drugs.AMOXICILLIN
    assert [drugs.dose_for_age(drugs.PARACETAMOL, age) for age in (5, 6, 12)] == [
        drugs.CHEWABLE_160,
        drugs.CHEWABLE_320,
        drugs.PARACETAMOL,
    ]


def test_a_drug_has_at_most_one_active_order() -> None:
    for history in histories():
        taken = [order.drug for order in history.prescriptions if order.end is None]
        assert len(taken) == len(set(taken)), history.person.id


def test_no_patient_takes_aspirin_or_ibuprofen_despite_a_contraindication() -> None:
    forbidden = {problems.KIDNEY_3, problems.HEART_FAILURE, problems.FIBRILLATION, problems.PREGNANCY, problems.STROKE}
    with_statements = [history for history in histories() if history.statements]
    assert len(with_statements) > 20
    for history in with_statements:
        assert not forbidden & {problem.concept for problem in history.problems}, history.person.id


def test_anticoagulants_are_not_combined_with_drugs_that_increase_bleeding() -> None:
    anticoagulants, bleeding_risks = (drugs.WARFARIN, drugs.APIXABAN), (drugs.CLOPIDOGREL, drugs.NAPROXEN, drugs.IBUPROFEN)
    overlapping_histories = 0
    for seed, numbers in ((3, range(18, 700)), (4, range(18, 700))):
        for number in numbers:
            if "fibrillation" in story_names(seed, number):
                orders = simulate_life(seed, number).prescriptions
                since = min((order.start for order in orders if order.drug in anticoagulants), default=END)
                overlapping_histories += any(order.drug in bleeding_risks for order in orders)
                assert all(order.end and order.end <= since for order in orders if order.drug in bleeding_risks), number
    assert overlapping_histories


def test_infants_have_no_allergies_and_known_allergies_replace_the_statement_of_none() -> None:
    children_with_allergies = 0
    for history in histories():
        known = [allergy for allergy in history.allergies if allergy.reaction]
        assert not known or known == history.allergies, history.person.id
        assert len({allergy.concept for allergy in known}) == len(known)
        assert all(history.person.age(allergy.recorded) >= 3 for allergy in known)
        children_with_allergies += bool(known) and history.person.age(history.person.last) < 18
    assert children_with_allergies > 5


def test_procedures_fit_into_their_visits_and_stays_do_not_overlap_visits() -> None:
    for history in histories():
        for procedure in history.procedures:
            assert procedure.visit.start <= procedure.start
            assert procedure.start + datetime.timedelta(minutes=procedure.minutes) <= procedure.visit.end, (
                history.person.id,
                procedure,
            )
        for stay in (visit for visit in history.visits if visit.setting == "inpatient"):
            assert not [visit for visit in history.visits if visit is not stay and stay.start <= visit.start < stay.end]


def test_a_vaccine_is_given_while_it_is_on_the_market() -> None:
    market_periods = {
        procedure_codes.COVID_1: ("2020-12-11", "2023-04-18"),
        procedure_codes.COVID_BIVALENT: ("2022-08-31", "2023-09-12"),
        procedure_codes.COVID_2: ("2023-09-12", "2027"),
        procedure_codes.PNEUMOCOCCUS_7: ("2000", "2010-04-01"),
        procedure_codes.PNEUMOCOCCUS_20: ("2021-06-08", "2027"),
        procedure_codes.INFLUENZA_4: ("2013-07-01", "2024-07-01"),
    }
    doses = [(dose.vaccine, dose.visit.day.isoformat()) for history in histories() for dose in history.vaccinations]
    assert {vaccine for vaccine, _ in doses} > market_periods.keys() - {procedure_codes.COVID_BIVALENT}
    assert all(
        market_periods[vaccine][0] <= day < market_periods[vaccine][1] for vaccine, day in doses if vaccine in market_periods
    )
    assert product_on_day(procedure_codes.INFLUENZA_3, datetime.date(2012, 10, 1)) is procedure_codes.INFLUENZA_3
    assert product_on_day(procedure_codes.COVID_1, datetime.date(2023, 6, 1)) is procedure_codes.COVID_BIVALENT
    assert product_on_day(procedure_codes.PNEUMOCOCCUS_7, datetime.date(2012, 6, 1)) is procedure_codes.PNEUMOCOCCUS_13


def test_nicotine_dependence_is_resolved_after_the_patient_stops_smoking() -> None:
    stopped = 0
    for history in histories():
        statuses = [reading.concept for reading in history.readings if reading.measure is measures.SMOKING]
        for problem in history.problems:
            if problem.concept is problems.NICOTINE and statuses and statuses[-1] is problems.EX_SMOKER:
                stopped += 1
                assert problem.over, history.person.id
    assert stopped > 3


def test_the_weight_gain_of_a_pregnancy_lasts_until_the_birth() -> None:
    births = 0
    for history in histories():
        stays = [
            procedure.visit.day
            for procedure in history.procedures
            if procedure.concept in (procedure_codes.DELIVERY, procedure_codes.CAESAREAN)
        ]
        for day in stays:
            before = [value for day_measured, value in values(history, measures.WEIGHT) if 0 < (day - day_measured).days < 60]
            births += 1
            assert dict(values(history, measures.WEIGHT))[day] > before[0]
    assert births > 5


@pytest.mark.parametrize("version", ["r4", "dstu2", "stu3"])
def test_care_ends_when_the_patient_dies(version: Version) -> None:
    over = {"completed", "cancelled", "inactive", "stopped"}
    dead, ended, active = False, 0, 0
    for resource in population.generate(seed=5, patients=120, today=datetime.date(2026, 11, 24), version=version):
        if resource["resourceType"] == "Patient":
            dead = "deceasedDateTime" in resource
        elif resource["resourceType"] in ("Goal", "CarePlan", "CareTeam", "MedicationStatement"):
            is_over = dead or "end" in resource.get("effectivePeriod", ())
            assert ((resource.get("lifecycleStatus") or resource["status"]) in over) == is_over, resource
            ended, active = ended + dead, active + (not dead)
    assert ended > 5
    assert active > 100


def test_infants_are_vaccinated_in_the_thigh_and_orally_against_rotavirus() -> None:
    sites: dict[str, set[str | None]] = {}
    born = datetime.date.min
    for resource in population.generate(seed=1, patients=40, today=datetime.date(2026, 11, 24), version="r4"):
        if resource["resourceType"] == "Patient":
            born = datetime.date.fromisoformat(resource["birthDate"])
        elif (
            resource["resourceType"] == "Immunization"
            and "occurrenceDateTime" in resource
            and resource["status"] == "completed"
        ):
            months = (datetime.date.fromisoformat(resource["occurrenceDateTime"][:10]) - born).days / 30.44
            kind = "oral" if resource["vaccineCode"]["text"] == "Rotavirus" else "infant" if months < 18 else "older"
            sites.setdefault(kind, set()).add(resource["site"]["text"] if "site" in resource else None)
    assert sites == {"oral": {None}, "infant": {"Left thigh"}, "older": {"Left arm"}}
