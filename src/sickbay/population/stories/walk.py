"""Builds a history visit by visit: at each visit every story runs in turn."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from sickbay.population import drugs, forms, measures, problems, procedure_codes, vitals
from sickbay.population.chart import Chart
from sickbay.population.patient_history import Measure, Person, Visit
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import FIRST_YEAR, Lasting, Planned, Story
from sickbay.population.stories.minor import ADULT, CHILD, TOO_YOUNG, Illness, record_allergies, record_illness
from sickbay.population.stories.smoking import Smoking

INFANT_MONTHS = (1, 2, 4, 6, 9, 12, 15, 18, 24, 30)


def build_history(chart: Chart, stories: list[Story]) -> None:
    """Runs the stories through the planned visits in order."""
    person, rng = chart.person, chart.rng
    build = vitals.draw_build(person, rng)
    last_checkup, too_young = None, False
    for planned in _plan_visits(person, rng, stories):
        illness = _pick_illness(chart, planned.day) if planned.kind is problems.SYMPTOM else None
        visit = chart.add_visit(
            planned.day,
            planned.kind,
            illness.concept if illness else planned.reason,
            by=planned.by,
            setting=planned.setting,
            minutes=planned.minutes,
        )
        old_enough = person.age(visit.day) >= TOO_YOUNG
        if visit.number == 1 or (too_young and old_enough):
            record_allergies(chart, visit)
        if visit.number == 1:
            _record_over_the_counter(chart, visit, stories)
        too_young = not old_enough
        body = vitals.expected_body(person, build, visit.day)
        for story in stories:
            story.adjust(body, visit.day)
        if illness:
            record_illness(chart, visit, body, illness)
            continue
        active = [planned.story] if planned.story else stories
        measured = _examine_patient(chart, visit, body, active)
        for story in active:
            story.decide(chart, visit, measured)
        if planned.kind in (problems.CHECK_UP, problems.WELL_CHILD):
            last_checkup = visit
            _record_smoking_status(chart, visit, stories)
    if last_checkup:
        chart.add_note(procedure_codes.PROGRESS, last_checkup, _compose_note(chart, last_checkup))
        _record_hunger_screening(chart, last_checkup)
    chart.close()


def _pick_illness(chart: Chart, day: datetime.date) -> Illness:
    """Picks a minor illness that the patient doesn't have at the moment."""
    usual = CHILD if chart.person.age(day) < 12 else ADULT
    return chart.rng.pick([illness for illness in usual if not chart.has_problem(illness.concept, day)] or usual)


def _record_over_the_counter(chart: Chart, visit: Visit, stories: list[Story]) -> None:
    """Records a drug that the patient reports at the first visit, bought without a prescription."""
    drug = drugs.ASPIRIN if chart.person.age(visit.day) > 60 else drugs.IBUPROFEN
    ruled_out = any(story.no_nsaid for story in stories)
    if chart.person.age(visit.day) >= 18 and chart.rng.chance(0.2) and not ruled_out:
        chart.record_statement(drug, visit.day - datetime.timedelta(days=chart.rng.pick_integer(20, 300)), visit)


def _record_smoking_status(chart: Chart, visit: Visit, stories: list[Story]) -> None:
    """Records the smoking status at a check-up, for everyone from 12 on."""
    if chart.person.age(visit.day) >= 12:
        statuses = [story.status(visit.day) for story in stories if isinstance(story, Smoking) and visit.day >= story.onset]
        former = chart.person.age(visit.day) > 35 and chart.person.number % 7 == 3
        status = statuses[0] if statuses else problems.EX_SMOKER if former else problems.NEVER_SMOKED
        chart.add_reading(measures.SMOKING, visit, concept=status, after=2)


def _record_hunger_screening(chart: Chart, visit: Visit) -> None:
    """Records the food insecurity risk of adults at the last check-up. It is more frequent with Medicaid."""
    if chart.person.age(visit.day) >= 18:
        risk = chart.rng.chance(0.3 if chart.person.plan == "Medicaid" else 0.05)
        chart.add_reading(measures.HUNGER, visit, concept=forms.AT_RISK if risk else forms.NO_RISK, after=8)


def _compose_note(chart: Chart, visit: Visit) -> str:
    """Returns a short note, in the style of a dictation."""
    history, person = chart.history, chart.person
    conditions = [problem.concept.text for problem in history.problems if problem.lasting and not problem.over]
    drug_names = [order.drug.concept.text for order in history.prescriptions if not order.end]
    age = person.age(visit.day)
    old, then = (f"{int(age)} years", "in a year") if age >= 2 else (f"{int(age * 12)} months", "as planned")
    lines = (
        f"{person.name}, {old}, seen for {visit.kind.text.lower()}.",
        f"Known: {', '.join(conditions) or 'nothing that lasts'}.",
        f"Takes: {', '.join(drug_names) or 'nothing'}.",
        f"No new complaints. Next check-up {then}.",
    )
    return "\n".join(lines)


def _plan_visits(person: Person, rng: SeededRandom, stories: list[Story]) -> list[Planned]:
    """Returns the visits in order, at most one a day: first those of the stories, then routine visits, then random ones."""
    lasting = [story for story in stories if isinstance(story, Lasting) and story.chronic]
    routine = list(_routine_visits(person, rng, lasting))
    plans = [planned for story in stories for planned in story.plan()] + routine
    birthday = max(person.born + datetime.timedelta(days=60), datetime.date(FIRST_YEAR, 1, 1))
    for _ in range(rng.pick_integer(0, 3)):
        day = birthday + datetime.timedelta(days=rng.pick_integer(0, max((person.last - birthday).days - 30, 1)))
        plans.append(Planned(day, problems.SYMPTOM))
    days: dict[datetime.date, Planned] = {}
    for planned in plans:
        over = planned.day + datetime.timedelta(minutes=planned.minutes)
        if person.born <= planned.day and over <= person.last:
            days.setdefault(planned.day, planned)
    return [days[day] for day in sorted(days) if not any(_is_in_hospital(stay, day) for stay in days.values())]


def _is_in_hospital(stay: Planned, day: datetime.date) -> bool:
    """Returns whether the stay, which began on an earlier day, still lasts on this day."""
    return stay.day < day <= stay.day + datetime.timedelta(minutes=stay.minutes)


def _routine_visits(person: Person, rng: SeededRandom, chronic: list[Lasting]) -> Iterator[Planned]:
    """Yields check-ups: several in the first years of life, then one a year, with follow-ups of chronic conditions between
    them.
    """
    for month in INFANT_MONTHS if person.born.year >= 2009 else ():
        yield Planned(person.born + datetime.timedelta(days=int(month * 30.44)), problems.WELL_CHILD)
    shift = rng.pick_integer(0, 250)
    for year in range(FIRST_YEAR if person.born.year < 2009 else person.born.year + 3, person.last.year + 1):
        day = datetime.date(year, 1, 8) + datetime.timedelta(days=shift + rng.pick_integer(0, 25))
        age = person.age(day)
        if age >= 3:
            yield Planned(day, problems.CHECK_UP if age >= 18 else problems.WELL_CHILD)
            if year >= person.last.year - 2:
                for days_later in (120, 240):
                    yield from _follow_up(day + datetime.timedelta(days=days_later + rng.pick_integer(0, 14)), chronic)


def _follow_up(day: datetime.date, chronic: list[Lasting]) -> Iterator[Planned]:
    """Yields a visit for the condition with the earliest onset, if one has begun."""
    current = [condition for condition in chronic if condition.onset <= day]
    if current:
        oldest = min(current, key=lambda condition: condition.onset)
        yield Planned(day, problems.FOLLOW_UP, oldest.concept)


def _examine_patient(chart: Chart, visit: Visit, body: vitals.Body, stories: list[Story]) -> vitals.Body:
    age = chart.person.age(visit.day)
    measured = chart.measure_vitals(visit, body, _vital_signs(visit, age, stories), pressure=age >= 3)
    if visit.kind is problems.WELL_CHILD and 2.3 <= age < 18:
        measured["bmi_rank"] = vitals.bmi_percentile(chart.person, age, measured["bmi"])
        chart.add_reading(measures.BMI_RANK, visit, measured["bmi_rank"])
    tests: dict[str, Measure] = {}
    if visit.kind is problems.CHECK_UP and visit.day.year % 2 == chart.person.number % 2:
        blood = measures.BLOOD if visit.day.year % 4 in (1, 2) else ()
        tests.update((test.key, test) for test in (*measures.METABOLIC, *measures.LIPIDS, *blood))
    for story in stories:
        tests.update((test.key, test) for test in story.labs(visit))
    surveys = [test for test in tests.values() if test.kind == "survey"]
    for measure in surveys:
        measured[measure.key] = min(max(chart.draw_value(measure, body), 0.0), 30.0)
        chart.add_reading(measure, visit, measured[measure.key], after=8)
    measured.update(chart.measure_labs(visit, body, [test for test in tests.values() if test.kind != "survey"]))
    return measured


def _vital_signs(visit: Visit, age: float, stories: list[Story]) -> tuple[Measure, ...]:
    if visit.setting != "ambulatory":
        return (measures.PULSE, measures.BREATHS, measures.TEMPERATURE, measures.OXYGEN, measures.WEIGHT)
    if age < 2.2:
        return (measures.PULSE, measures.BREATHS, measures.TEMPERATURE, measures.WEIGHT, measures.HEIGHT, measures.HEAD)
    routine = visit.kind in (problems.CHECK_UP, problems.WELL_CHILD)
    usual = measures.USUAL if routine else (measures.PULSE, measures.WEIGHT)
    if routine and age < 18:
        usual = (measures.TEMPERATURE, *usual)
    return (*dict.fromkeys(sign for story in stories for sign in story.vital_signs(visit.day)), *usual)
