"""The stories: as common as they are, at the age and sex at which they are, and in the order in which such things happen."""

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
from sickbay.population.people import person
from sickbay.population.stories import STORIES, STORY_DEFINITIONS, live, threads_of

THOUSAND = range(18, 1018)
TODAY = datetime.date(2026, 11, 24)


@lru_cache
def lives() -> tuple[PatientHistory, ...]:
    return tuple(live(5, number) for number in range(18, 518))


@lru_cache
def told() -> Counter[str]:
    return Counter(name for number in THOUSAND for name in threads_of(5, number))


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
def test_a_story_is_as_common_as_in_a_hospital_s_town(name: str, low: int, high: int) -> None:
    assert low <= told()[name] <= high


def test_every_story_is_lived_by_somebody_of_three_thousand() -> None:
    found = {name for number in range(18, 3018) for name in threads_of(5, number)}
    assert found == set(STORIES)


def test_nobody_lives_a_story_outside_its_ages_or_beside_what_excludes_it() -> None:
    for number in THOUSAND:
        who, names = person(5, number), threads_of(5, number)
        for story in (STORIES[name] for name in names):
            assert story.ages[0] <= who.age(who.last) < story.ages[1]
            assert not story.never & set(names)


def test_a_new_story_changes_nobody_s_others(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [threads_of(5, number) for number in THOUSAND]
    monkeypatch.setattr(stories, "STORY_DEFINITIONS", tuple(story for story in STORY_DEFINITIONS if story.name != "dermatitis"))
    assert [tuple(name for name in names if name != "dermatitis") for names in before] == [
        threads_of(5, number) for number in THOUSAND
    ]


def test_a_file_of_stories_is_short(request: pytest.FixtureRequest) -> None:
    folder = request.config.rootpath / "src" / "sickbay" / "population" / "stories"
    assert max(len(path.read_text().splitlines()) for path in folder.glob("*.py")) < 250


def dates(value: Any, key: str = "") -> Iterator[str]:
    """Every date of a resource, but for those by which something shall be, and a year alone."""
    if isinstance(value, dict):
        for name, inside in value.items():
            if name not in ("dueDate", "meta", "div"):
                yield from dates(inside, name)
    elif isinstance(value, list):
        for inside in value:
            yield from dates(inside, key)
    elif isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d(T|$)", value):
        yield value[:10]


def test_nothing_is_dated_before_the_birth_or_after_the_death() -> None:
    """In the resources, where everything that has a date shows."""
    born, last = "", ""
    died = 0
    for one in population.generate(seed=5, patients=250, today=TODAY, version="r4"):
        if one["resourceType"] == "Patient":
            born, last = one["birthDate"], one.get("deceasedDateTime", END.isoformat())
            died += "deceasedDateTime" in one
        elif one["id"].startswith("p-") and one["resourceType"] != "Device":
            assert all(born <= day <= last for day in dates(one)), one
    assert died > 2


def test_the_dead_have_no_appointments_and_nothing_is_left_open() -> None:
    gone = {life.person.id for life in lives() if life.person.died}
    assert gone
    booked = [one for one in population.schedule(seed=5, patients=517, today=TODAY, version="r4") if "participant" in one]
    assert booked
    assert not {one["participant"][0]["actor"]["reference"].partition("/")[2] for one in booked} & gone
    for life in lives():
        if life.person.died:
            assert all(order.end for order in life.prescriptions)


def test_only_who_takes_warfarin_has_an_inr_and_it_is_therapeutic() -> None:
    found = 0
    for life in lives():
        values = [each.value for each in life.readings if each.measure is measures.INR]
        if values:
            found += 1
            assert any(order.drug is drugs.WARFARIN for order in life.prescriptions)
            assert all(1.5 <= value <= 3.5 for value in values if value is not None)
    assert found


def test_eyes_and_feet_of_every_diabetic_are_looked_at_and_nobody_else_s() -> None:
    for life in lives():
        sick = any(each.concept is problems.DIABETES for each in life.problems)
        assert sick == any(act.concept is procedure_codes.RETINAL_EXAM for act in life.acts)
        assert sick == any(act.concept is procedure_codes.FOOT_EXAM for act in life.acts)


def test_mammography_is_of_women_from_50_to_75() -> None:
    done = [(life.person, act.visit.day) for life in lives() for act in life.acts if act.concept is procedure_codes.MAMMOGRAPHY]
    assert len(done) > 50
    assert all(who.sex == "female" and 50 <= who.age(day) < 75 for who, day in done)


def test_vaccines_come_in_the_order_and_at_the_age_of_the_schedule() -> None:
    for life in lives():
        who = life.person
        given = [(each.vaccine, who.age(each.visit.day)) for each in life.vaccinations if not each.remembered]
        assert all(
            age >= 0.98
            for vaccine, age in given
            if vaccine in (procedure_codes.MMR, procedure_codes.VARICELLA, procedure_codes.HEPATITIS_A)
        )
        assert all(age >= 9 for vaccine, age in given if vaccine is procedure_codes.HPV)
        assert all(age >= 50 for vaccine, age in given if vaccine is procedure_codes.SHINGLES)
        assert [age for _, age in given] == sorted(age for _, age in given)
        if 3 < who.age(who.last) < 15:
            assert [vaccine for vaccine, _ in given].count(procedure_codes.DTAP) >= 4


def test_a_child_grows_along_one_line_of_the_chart() -> None:
    for life in lives():
        ranks = [each.value for each in life.readings if each.measure is measures.BMI_RANK and each.value is not None]
        assert all(1 <= rank <= 99 for rank in ranks)
        if len(ranks) > 2:
            assert max(ranks) - min(ranks) < 45


def test_the_mood_lifts_under_treatment_and_the_memory_does_not_come_back() -> None:
    for measure, better in ((measures.PHQ9, -1), (measures.MMSE, -1)):
        first, last = [], []
        for life in lives():
            values = [each.value for each in life.readings if each.measure is measure and each.value is not None]
            if len(values) > 3:
                first.append(values[0])
                last.append(values[-1])
        assert first
        assert (sum(last) - sum(first)) * better > 0


def test_the_filtration_rate_falls_over_the_years_of_kidney_disease() -> None:
    falls = []
    for life in lives():
        if any(each.concept is problems.KIDNEY_3 for each in life.problems):
            rates = [each.value for each in life.readings if each.measure is measures.EGFR and each.value is not None]
            if len(rates) >= 6:
                falls.append(sum(rates[:3]) - sum(rates[-3:]))
    assert len(falls) > 5
    assert sum(falls) > 0


def test_a_stay_in_hospital_has_an_operation_an_image_or_a_birth_and_a_letter() -> None:
    stays = 0
    for life in lives():
        for visit in life.visits:
            if visit.setting == "inpatient":
                stays += 1
                assert any(act.visit is visit for act in life.acts), (life.person.id, visit)
                assert any(note.visit is visit for note in life.notes), (life.person.id, visit)
    assert stays > 20


def test_a_request_comes_before_what_was_asked_for_and_a_report_after() -> None:
    for life in lives():
        asked = {request.number: request for request in life.requests}
        for act in life.acts:
            if act.request:
                assert asked[act.request].visit.start <= act.start
        for report in life.reports:
            if report.request:
                assert asked[report.request].visit.start < report.at


def test_nobody_with_an_allergy_to_penicillin_is_given_amoxicillin() -> None:
    for life in lives():
        if any(each.reaction and each.concept.text == "Penicillin G" for each in life.allergies):
            assert not [order for order in life.prescriptions if order.drug is drugs.AMOXICILLIN]


def test_who_had_an_anaphylaxis_carries_epinephrine() -> None:
    found = [life for number in range(18, 1500) if "anaphylaxis" in threads_of(5, number) for life in [live(5, number)]]
    assert found
    for life in found:
        assert any(order.drug is drugs.EPINEPHRINE for order in life.prescriptions)
        assert any(each.reaction is problems.ANAPHYLAXIS for each in life.allergies)


def test_every_code_that_a_life_is_told_with_is_among_the_codes_that_can_be_looked_up() -> None:
    known = set(population.codes())
    for life in lives():
        told_with = [each.concept for each in (*life.problems, *life.acts, *life.reports, *life.requests)]
        told_with += [each.measure.concept for each in life.readings] + [each.vaccine for each in life.vaccinations]
        told_with += [order.drug.concept for order in life.prescriptions]
        assert {code for concept in told_with for code in concept.codes} <= known


def test_a_code_has_one_display() -> None:
    displays: dict[tuple[str, str], set[str]] = {}
    for system, code, display in population.codes():
        displays.setdefault((system, code), set()).add(display)
    assert len(displays) > 250
    assert {key: found for key, found in displays.items() if len(found) > 1} == {}
