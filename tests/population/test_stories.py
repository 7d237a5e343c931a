"""Stories have plausible frequencies, ages and sexes, and their events happen in a plausible order."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest

from sickbay import population
from sickbay.population import drugs, measures, problems, procedure_codes, stories
from sickbay.population.patient_history import END, PatientHistory
from sickbay.population.people import make_person
from sickbay.population.stories import STORIES, STORY_DEFINITIONS, simulate_life, story_names

THOUSAND = range(18, 1018)
TODAY = datetime.date(2026, 11, 24)


@lru_cache
def histories() -> tuple[PatientHistory, ...]:
    return tuple(simulate_life(5, number) for number in range(18, 518))


@lru_cache
def story_counts() -> Counter[str]:
    return Counter(name for number in THOUSAND for name in story_names(5, number))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("hypertension", 200, 380),
        ("diabetes", 80, 180),
        ("lipids", 120, 280),
        ("depression", 50, 130),
        ("asthma", 35, 100),
        ("copd", 10, 60),
        ("smoking", 60, 150),
        ("pregnancy", 15, 70),
        ("thyroid", 25, 80),
        ("heart", 5, 40),
        ("fibrillation", 8, 50),
        ("stroke", 3, 30),
        ("dementia", 5, 45),
        ("gout", 12, 60),
        ("knee", 40, 120),
        ("fracture", 30, 90),
        ("mammography", 60, 160),
        ("colonoscopy", 90, 230),
        ("appendicitis", 5, 40),
        ("bladder", 60, 160),
        ("covid", 130, 260),
        ("influenza", 60, 150),
        ("migraine", 30, 100),
        ("osteoporosis", 8, 60),
        ("anaemia", 5, 40),
        ("anxiety", 15, 70),
        ("reflux", 40, 120),
        ("back", 30, 100),
    ],
)
def test_a_story_has_a_plausible_frequency(name: str, low: int, high: int) -> None:
    assert low <= story_counts()[name] <= high


def test_every_story_occurs_among_three_thousand_patients() -> None:
    occurring = {name for number in range(18, 3018) for name in story_names(5, number)}
    assert occurring == set(STORIES)


def test_a_story_respects_its_ages_and_exclusions() -> None:
    for number in THOUSAND:
        patient, names = make_person(5, number), story_names(5, number)
        for story in (STORIES[name] for name in names):
            assert story.ages[0] <= patient.age(patient.last) < story.ages[1]
            assert not story.never & set(names)


def test_a_new_story_does_not_change_other_stories(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [story_names(5, number) for number in THOUSAND]
    monkeypatch.setattr(stories, "STORY_DEFINITIONS", tuple(story for story in STORY_DEFINITIONS if story.name != "dermatitis"))
    assert [tuple(name for name in names if name != "dermatitis") for names in before] == [
        story_names(5, number) for number in THOUSAND
    ]


def test_a_file_of_stories_is_short(request: pytest.FixtureRequest) -> None:
    folder = request.config.rootpath / "src" / "sickbay" / "population" / "stories"
    assert max(len(path.read_text().splitlines()) for path in folder.glob("*.py")) < 250


def dates(value: Any, key: str = "") -> Iterator[str]:
    """Yields every full date in a resource, except due dates. A year without month and day is skipped."""
    if isinstance(value, dict):
        for name, child in value.items():
            if name not in ("dueDate", "meta", "div"):
                yield from dates(child, name)
    elif isinstance(value, list):
        for child in value:
            yield from dates(child, key)
    elif isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d(T|$)", value):
        yield value[:10]


def test_no_date_is_before_the_birth_or_after_the_death() -> None:
    """Checks the resources, which contain everything that has a date."""
    born, last = "", ""
    died = 0
    for resource in population.generate(seed=5, patients=250, today=TODAY, version="r4"):
        if resource["resourceType"] == "Patient":
            born, last = resource["birthDate"], resource.get("deceasedDateTime", END.isoformat())
            died += "deceasedDateTime" in resource
        elif resource["id"].startswith("p-") and resource["resourceType"] != "Device":
            assert all(born <= day <= last for day in dates(resource)), resource
    assert died > 2


def test_the_dead_have_no_appointments_and_no_active_orders() -> None:
    dead = {history.person.id for history in histories() if history.person.died}
    assert dead
    appointments = [
        resource
        for resource in population.schedule(seed=5, patients=517, today=TODAY, version="r4")
        if "participant" in resource
    ]
    assert appointments
    assert not {appointment["participant"][0]["actor"]["reference"].partition("/")[2] for appointment in appointments} & dead
    for history in histories():
        if history.person.died:
            assert all(order.end for order in history.prescriptions)


def test_only_patients_on_warfarin_have_an_inr_and_it_is_therapeutic() -> None:
    count = 0
    for history in histories():
        values = [reading.value for reading in history.readings if reading.measure is measures.INR]
        if values:
            count += 1
            assert any(order.drug is drugs.WARFARIN for order in history.prescriptions)
            assert all(1.5 <= value <= 3.5 for value in values if value is not None)
    assert count


def test_exactly_the_diabetics_have_eye_and_foot_examinations() -> None:
    for history in histories():
        diabetic = any(problem.concept is problems.DIABETES for problem in history.problems)
        assert diabetic == any(procedure.concept is procedure_codes.RETINAL_EXAM for procedure in history.procedures)
        assert diabetic == any(procedure.concept is procedure_codes.FOOT_EXAM for procedure in history.procedures)


def test_only_women_from_50_to_75_have_a_mammography() -> None:
    mammographies = [
        (history.person, procedure.visit.day)
        for history in histories()
        for procedure in history.procedures
        if procedure.concept is procedure_codes.MAMMOGRAPHY
    ]
    assert len(mammographies) > 50
    assert all(patient.sex == "female" and 50 <= patient.age(day) < 75 for patient, day in mammographies)


def test_vaccines_follow_the_order_and_ages_of_the_schedule() -> None:
    for history in histories():
        patient = history.person
        doses = [(dose.vaccine, patient.age(dose.visit.day)) for dose in history.vaccinations if not dose.remembered]
        assert all(
            age >= 0.98
            for vaccine, age in doses
            if vaccine in (procedure_codes.MMR, procedure_codes.VARICELLA, procedure_codes.HEPATITIS_A)
        )
        assert all(age >= 9 for vaccine, age in doses if vaccine is procedure_codes.HPV)
        assert all(age >= 50 for vaccine, age in doses if vaccine is procedure_codes.SHINGLES)
        assert [age for _, age in doses] == sorted(age for _, age in doses)
        if 3 < patient.age(patient.last) < 15:
            assert [vaccine for vaccine, _ in doses].count(procedure_codes.DTAP) >= 4


def test_a_child_stays_near_one_percentile() -> None:
    for history in histories():
        ranks = [
            reading.value for reading in history.readings if reading.measure is measures.BMI_RANK and reading.value is not None
        ]
        assert all(1 <= rank <= 99 for rank in ranks)
        if len(ranks) > 2:
            assert max(ranks) - min(ranks) < 45


def test_depression_scores_improve_and_memory_scores_decline() -> None:
    for measure, direction in ((measures.PHQ9, -1), (measures.MMSE, -1)):
        first, last = [], []
        for history in histories():
            values = [reading.value for reading in history.readings if reading.measure is measure and reading.value is not None]
            if len(values) > 3:
                first.append(values[0])
                last.append(values[-1])
        assert first
        assert (sum(last) - sum(first)) * direction > 0


def test_the_filtration_rate_falls_over_the_years_of_kidney_disease() -> None:
    decreases = []
    for history in histories():
        if any(problem.concept is problems.KIDNEY_3 for problem in history.problems):
            rates = [
                reading.value for reading in history.readings if reading.measure is measures.EGFR and reading.value is not None
            ]
            if len(rates) >= 6:
                decreases.append(sum(rates[:3]) - sum(rates[-3:]))
    assert len(decreases) > 5
    assert sum(decreases) > 0


def test_a_hospital_stay_has_a_procedure_and_a_note() -> None:
    stays = 0
    for history in histories():
        for visit in history.visits:
            if visit.setting == "inpatient":
                stays += 1
                assert any(procedure.visit is visit for procedure in history.procedures), (history.person.id, visit)
                assert any(note.visit is visit for note in history.notes), (history.person.id, visit)
    assert stays > 20


def test_a_request_precedes_its_procedure_and_its_report() -> None:
    for history in histories():
        requests = {request.number: request for request in history.requests}
        for procedure in history.procedures:
            if procedure.request:
                assert requests[procedure.request].visit.start <= procedure.start
        for report in history.reports:
            if report.request:
                assert requests[report.request].visit.start < report.at


def test_patients_with_penicillin_allergy_are_not_given_amoxicillin() -> None:
    for history in histories():
        if any(allergy.reaction and allergy.concept.text == "Penicillin G" for allergy in history.allergies):
            assert not [order for order in history.prescriptions if order.drug is drugs.AMOXICILLIN]


def test_patients_with_anaphylaxis_have_epinephrine() -> None:
    with_anaphylaxis = [
        history
        for number in range(18, 1500)
        if "anaphylaxis" in story_names(5, number)
        for history in [simulate_life(5, number)]
    ]
    assert with_anaphylaxis
    for history in with_anaphylaxis:
        assert any(order.drug is drugs.EPINEPHRINE for order in history.prescriptions)
        assert any(allergy.reaction is problems.ANAPHYLAXIS for allergy in history.allergies)


def test_every_code_of_a_history_is_listed_by_codes() -> None:
    known = set(population.list_codes())
    for history in histories():
        concepts = [entry.concept for entry in history.problems] + [entry.concept for entry in history.procedures]
        concepts += [entry.concept for entry in history.reports] + [entry.concept for entry in history.requests]
        concepts += [entry.measure.concept for entry in history.readings] + [entry.vaccine for entry in history.vaccinations]
        concepts += [order.drug.concept for order in history.prescriptions]
        assert {code for concept in concepts for code in concept.codes} <= known


def test_a_code_has_one_display() -> None:
    displays: dict[tuple[str, str], set[str]] = {}
    for system, code, display in population.list_codes():
        displays.setdefault((system, code), set()).add(display)
    assert len(displays) > 250
    assert {key: texts for key, texts in displays.items() if len(texts) > 1} == {}
