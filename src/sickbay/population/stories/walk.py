"""One life, walked through from its first visit to its last: each visit asks every story in turn."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from sickbay.population import drugs, forms, measures, problems, procedure_codes, vitals
from sickbay.population.chart import Chart
from sickbay.population.patient_history import Measure, Person, Visit
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import FIRST_YEAR, Lasting, Planned, Story
from sickbay.population.stories.minor import ADULT, CHILD, TOO_YOUNG, Illness, acute, allergies
from sickbay.population.stories.smoking import Smoking

INFANT_MONTHS = (1, 2, 4, 6, 9, 12, 15, 18, 24, 30)


def tell(chart: Chart, threads: list[Story]) -> None:
    """Walks through the planned visits in order."""
    who, dice = chart.person, chart.dice
    own = vitals.build(who, dice)
    last, young = None, False
    for planned in _calendar(who, dice, threads):
        illness = _illness(chart, planned.day) if planned.kind is problems.SYMPTOM else None
        visit = chart.visit(
            planned.day,
            planned.kind,
            illness.concept if illness else planned.reason,
            by=planned.by,
            setting=planned.setting,
            minutes=planned.minutes,
        )
        grown = who.age(visit.day) >= TOO_YOUNG
        if visit.number == 1 or (young and grown):
            allergies(chart, visit)
        if visit.number == 1:
            _bought(chart, visit, threads)
        young = not grown
        now = vitals.expected(who, own, visit.day)
        for thread in threads:
            thread.bend(now, visit.day)
        if illness:
            acute(chart, visit, now, illness)
            continue
        asked = [planned.story] if planned.story else threads
        seen = _examine(chart, visit, now, asked)
        for thread in asked:
            thread.decide(chart, visit, seen)
        if planned.kind in (problems.CHECK_UP, problems.WELL_CHILD):
            last = visit
            _checked(chart, visit, threads)
    if last:
        chart.note(procedure_codes.PROGRESS, last, _summary(chart, last))
        _screened(chart, last)
    chart.close()


def _illness(chart: Chart, day: datetime.date) -> Illness:
    """Something that passes, and is not there already."""
    usual = CHILD if chart.person.age(day) < 12 else ADULT
    return chart.dice.pick([each for each in usual if not chart.standing(each.concept, day)] or usual)


def _bought(chart: Chart, visit: Visit, threads: list[Story]) -> None:
    """What the patient says at the first visit to take without a prescription."""
    drug = drugs.ASPIRIN if chart.person.age(visit.day) > 60 else drugs.IBUPROFEN
    spared = any(each.no_nsaid for each in threads)
    if chart.person.age(visit.day) >= 18 and chart.dice.chance(0.2) and not spared:
        chart.state(drug, visit.day - datetime.timedelta(days=chart.dice.whole(20, 300)), visit.day)


def _checked(chart: Chart, visit: Visit, threads: list[Story]) -> None:
    """At a check-up everybody over 12 is asked about smoking."""
    if chart.person.age(visit.day) >= 12:
        found = [each.status(visit.day) for each in threads if isinstance(each, Smoking) and visit.day >= each.onset]
        former = chart.person.age(visit.day) > 35 and chart.person.number % 7 == 3
        status = found[0] if found else problems.EX_SMOKER if former else problems.NEVER_SMOKED
        chart.read(measures.SMOKING, visit, concept=status, after=2)


def _screened(chart: Chart, visit: Visit) -> None:
    """At the last check-up grown-ups are asked whether they have enough to eat; who has little has Medicaid more often."""
    if chart.person.age(visit.day) >= 18:
        risk = chart.dice.chance(0.3 if chart.person.plan == "Medicaid" else 0.05)
        chart.read(measures.HUNGER, visit, concept=forms.AT_RISK if risk else forms.NO_RISK, after=8)


def _summary(chart: Chart, visit: Visit) -> str:
    """A short note, as somebody would have dictated it."""
    life, who = chart.life, chart.person
    known = [each.concept.text for each in life.problems if each.lasting and not each.over]
    taken = [each.drug.concept.text for each in life.prescriptions if not each.end]
    age = who.age(visit.day)
    old, then = (f"{int(age)} years", "in a year") if age >= 2 else (f"{int(age * 12)} months", "as planned")
    lines = (
        f"{who.name}, {old}, seen for {visit.kind.text.lower()}.",
        f"Known: {', '.join(known) or 'nothing that lasts'}.",
        f"Takes: {', '.join(taken) or 'nothing'}.",
        f"No new complaints. Next check-up {then}.",
    )
    return "\n".join(lines)


def _calendar(who: Person, dice: SeededRandom, threads: list[Story]) -> list[Planned]:
    """The visits of a life, one a day: those of a single story first, then the routine, then what comes by chance."""
    lasting = [each for each in threads if isinstance(each, Lasting) and each.chronic]
    routine = list(_routine(who, dice, lasting))
    plans = [planned for thread in threads for planned in thread.plan()] + routine
    birthday = max(who.born + datetime.timedelta(days=60), datetime.date(FIRST_YEAR, 1, 1))
    for _ in range(dice.whole(0, 3)):
        day = birthday + datetime.timedelta(days=dice.whole(0, max((who.last - birthday).days - 30, 1)))
        plans.append(Planned(day, problems.SYMPTOM))
    days: dict[datetime.date, Planned] = {}
    for planned in plans:
        over = planned.day + datetime.timedelta(minutes=planned.minutes)
        if who.born <= planned.day and over <= who.last:
            days.setdefault(planned.day, planned)
    return [days[day] for day in sorted(days) if not any(_away(stay, day) for stay in days.values())]


def _away(stay: Planned, day: datetime.date) -> bool:
    """Whether on this day somebody is still in the hospital."""
    return stay.day < day <= stay.day + datetime.timedelta(minutes=stay.minutes)


def _routine(who: Person, dice: SeededRandom, chronic: list[Lasting]) -> Iterator[Planned]:
    """Check-ups: often in the first years of life, then once a year; between them follow-ups of what lasts."""
    for month in INFANT_MONTHS if who.born.year >= 2009 else ():
        yield Planned(who.born + datetime.timedelta(days=int(month * 30.44)), problems.WELL_CHILD)
    shift = dice.whole(0, 250)
    for year in range(FIRST_YEAR if who.born.year < 2009 else who.born.year + 3, who.last.year + 1):
        day = datetime.date(year, 1, 8) + datetime.timedelta(days=shift + dice.whole(0, 25))
        age = who.age(day)
        if age >= 3:
            yield Planned(day, problems.CHECK_UP if age >= 18 else problems.WELL_CHILD)
            if year >= who.last.year - 2:
                for later in (120, 240):
                    yield from _follow_up(day + datetime.timedelta(days=later + dice.whole(0, 14)), chronic)


def _follow_up(day: datetime.date, chronic: list[Lasting]) -> Iterator[Planned]:
    """A visit for what has lasted longest, once something has begun."""
    begun = [each for each in chronic if each.onset <= day]
    if begun:
        first = min(begun, key=lambda each: each.onset)
        yield Planned(day, problems.FOLLOW_UP, first.concept)


def _examine(chart: Chart, visit: Visit, now: vitals.Body, threads: list[Story]) -> vitals.Body:
    age = chart.person.age(visit.day)
    seen = chart.vitals(visit, now, _signs(visit, age, threads), pressure=age >= 3)
    if visit.kind is problems.WELL_CHILD and 2.3 <= age < 18:
        seen["bmi_rank"] = vitals.rank(chart.person, age, seen["bmi"])
        chart.read(measures.BMI_RANK, visit, seen["bmi_rank"])
    wanted: dict[str, Measure] = {}
    if visit.kind is problems.CHECK_UP and visit.day.year % 2 == chart.person.number % 2:
        blood = measures.BLOOD if visit.day.year % 4 in (1, 2) else ()
        wanted.update((m.key, m) for m in (*measures.METABOLIC, *measures.LIPIDS, *blood))
    for thread in threads:
        wanted.update((m.key, m) for m in thread.labs(visit))
    answers = [each for each in wanted.values() if each.kind == "survey"]
    for measure in answers:
        seen[measure.key] = min(max(chart.throw(measure, now), 0.0), 30.0)
        chart.read(measure, visit, seen[measure.key], after=8)
    seen.update(chart.labs(visit, now, [each for each in wanted.values() if each.kind != "survey"]))
    return seen


def _signs(visit: Visit, age: float, threads: list[Story]) -> tuple[Measure, ...]:
    if visit.setting != "ambulatory":
        return (measures.PULSE, measures.BREATHS, measures.TEMPERATURE, measures.OXYGEN, measures.WEIGHT)
    if age < 2.2:
        return (measures.PULSE, measures.BREATHS, measures.TEMPERATURE, measures.WEIGHT, measures.HEIGHT, measures.HEAD)
    routine = visit.kind in (problems.CHECK_UP, problems.WELL_CHILD)
    usual = measures.USUAL if routine else (measures.PULSE, measures.WEIGHT)
    if routine and age < 18:
        usual = (measures.TEMPERATURE, *usual)
    return (*dict.fromkeys(each for thread in threads for each in thread.looks(visit.day)), *usual)
