"""The stories: which threads run through whose life, and the visits on which they are told."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator

from sickbay.population import body, drugs, measures, problems
from sickbay.population.chart import Chart
from sickbay.population.dice import Dice
from sickbay.population.life import END, Life, Measure, Person, Visit
from sickbay.population.people import CAST, person
from sickbay.population.stories import timothy
from sickbay.population.stories.base import Lasting, Planned, Story
from sickbay.population.stories.lungs import Asthma, Steady
from sickbay.population.stories.metabolism import Diabetes, Hypothyroidism, Kidney, Lipids
from sickbay.population.stories.minor import ADULT, CHILD, acute, allergies
from sickbay.population.stories.pregnancy import Pregnancy
from sickbay.population.stories.pressure import HeartFailure, Hypertension

FIRST_YEAR = 2021
INFANT_MONTHS = (1, 2, 4, 6, 9, 12, 15, 18, 24, 30)
Make = Callable[[Person, Dice], Story]


def live(seed: int, number: int) -> Life:
    """The life of the `number`-th patient, from the seed alone."""
    who = person(seed, number)
    dice = Dice(seed, "life", number)
    chart = Chart(who, dice)
    names = _names(who, dice)
    if names == ("timothy",):
        timothy.tell(chart)
    else:
        _tell(chart, [STORIES[name](who, dice) for name in names])
    return chart.life


def threads_of(seed: int, number: int) -> tuple[str, ...]:
    """The names of the stories of a patient, without telling them."""
    return _names(person(seed, number), Dice(seed, "life", number))


def _names(who: Person, dice: Dice) -> tuple[str, ...]:
    role = CAST.get(who.number)
    return role.stories if role else tuple(_chosen(who, dice))


def _onset(who: Person, dice: Dice, youngest: float = 30) -> datetime.date:
    """A day for a condition to begin: at or after an age, one to fifteen years ago."""
    latest = END - datetime.timedelta(days=400)
    earliest = max(who.born + datetime.timedelta(days=int(youngest * 365.25)), END - datetime.timedelta(days=15 * 365))
    return earliest + datetime.timedelta(days=dice.whole(0, max((latest - earliest).days, 0)))


STORIES: dict[str, Make] = {
    "hypertension": lambda who, dice: Hypertension(_onset(who, dice, 28), dice),
    "diabetes": lambda who, dice: Diabetes(_onset(who, dice, 34), dice),
    "lipids": lambda who, dice: Lipids(_onset(who, dice), dice),
    "thyroid": lambda who, dice: Hypothyroidism(_onset(who, dice, 24), dice),
    "kidney": lambda who, dice: Kidney(_onset(who, dice, 58), dice, who, other_drug=True),
    "kidney alone": lambda who, dice: Kidney(_onset(who, dice, 58), dice, who, other_drug=False),
    "heart": lambda who, dice: HeartFailure(_onset(who, dice, 66)),
    "asthma": lambda who, dice: Asthma(_onset(who, dice, 4)),
    "pregnancy": lambda who, dice: Pregnancy(_conceived(who, dice)),
    "migraine": lambda who, dice: Steady(_onset(who, dice, 17), problems.MIGRAINE, drugs.IBUPROFEN),
    "depression": lambda who, dice: Steady(_onset(who, dice, 19), problems.DEPRESSION, drugs.SERTRALINE),
    "reflux": lambda who, dice: Steady(_onset(who, dice, 25), problems.REFLUX, drugs.OMEPRAZOLE),
    "rhinitis": lambda who, dice: Steady(_onset(who, dice, 7), problems.RHINITIS, drugs.LORATADINE),
    "knee": lambda who, dice: Steady(_onset(who, dice, 45), problems.KNEE_ARTHROSIS, drugs.PARACETAMOL),
    "eczema": lambda who, dice: Steady(_onset(who, dice, 1), problems.ECZEMA),
}


def _conceived(who: Person, dice: Dice) -> datetime.date:
    if who.number in CAST:
        return END - datetime.timedelta(weeks=26)
    earliest = max(who.born + datetime.timedelta(days=20 * 365), datetime.date(FIRST_YEAR, 2, 1))
    latest = min(who.born + datetime.timedelta(days=41 * 365), END - datetime.timedelta(weeks=12))
    return earliest + datetime.timedelta(days=dice.whole(0, max((latest - earliest).days, 0)))


def _chosen(who: Person, dice: Dice) -> Iterator[str]:
    """Conditions as common as they are at that age."""
    age = who.age(END)
    if age < 18:
        if age > 6 and dice.chance(0.14):
            yield "asthma"
        if age > 3 and dice.chance(0.12):
            yield "eczema"
        return
    pressure = age > 30 and dice.chance(min(0.12 + (age - 30) * 0.014, 0.68))
    if pressure:
        yield "hypertension"
    sugar = age > 36 and dice.chance(min(0.06 + (age - 36) * 0.007 + pressure * 0.06, 0.3))
    if sugar:
        yield "diabetes"
    if age > 60 and dice.chance(0.16):
        yield "kidney" if pressure else "kidney alone"
    fat = age > 33 and dice.chance(0.3)
    if fat:
        yield "lipids"
    # Nobody is pregnant on lisinopril, empagliflozin or a statin here.
    if who.sex == "female" and 22 < age < 42 and not (pressure or sugar or fat) and dice.chance(0.35):
        yield "pregnancy"
    yield from _lighter(who, dice, age)


def _lighter(who: Person, dice: Dice, age: float) -> Iterator[str]:
    if age > 26 and dice.chance(0.1 if who.sex == "female" else 0.03):
        yield "thyroid"
    for name, youngest, share in (
        ("asthma", 18, 0.08), ("migraine", 19, 0.08), ("depression", 21, 0.1), ("reflux", 28, 0.1), ("rhinitis", 18, 0.12),
        ("knee", 50, 0.2),
    ):  # fmt: skip
        if age > youngest and dice.chance(share):
            yield name


def _tell(chart: Chart, threads: list[Story]) -> None:
    """Walks through the planned visits in order; each asks every thread."""
    who, dice = chart.person, chart.dice
    own = body.build(who, dice)
    smokes = dice.pick((problems.NEVER_SMOKED,) * 6 + (problems.EX_SMOKER, problems.SMOKER))
    for planned in _calendar(who, dice, threads):
        illness = dice.pick(CHILD if who.age(planned.day) < 12 else ADULT) if planned.kind is problems.SYMPTOM else None
        reason = illness.concept if illness else planned.reason
        visit = chart.visit(planned.day, planned.kind, reason, by=planned.by)
        if visit.number == 1:
            allergies(chart, visit)
        now = body.expected(who, own, visit.day)
        for thread in threads:
            thread.bend(now, visit.day)
        if illness:
            acute(chart, visit, now, illness)
            continue
        seen = _examine(chart, visit, now, threads)
        if planned.kind is problems.CHECK_UP and who.age(visit.day) >= 18:
            chart.read(measures.SMOKING, visit, concept=smokes, after=2)
        for thread in threads:
            thread.decide(chart, visit, seen)


def _calendar(who: Person, dice: Dice, threads: list[Story]) -> list[Planned]:
    plans = list(_routine(who, dice, [each for each in threads if isinstance(each, Lasting) and each.chronic]))
    for thread in threads:
        plans.extend(thread.plan())
    birthday = max(who.born + datetime.timedelta(days=60), datetime.date(FIRST_YEAR, 1, 1))
    for _ in range(dice.whole(0, 3)):
        day = birthday + datetime.timedelta(days=dice.whole(0, max((END - birthday).days - 30, 1)))
        plans.append(Planned(day, problems.SYMPTOM))
    days: dict[datetime.date, Planned] = {}
    for planned in plans:
        if who.born <= planned.day <= END:
            days.setdefault(planned.day, planned)
    return [days[day] for day in sorted(days)]


def _routine(who: Person, dice: Dice, chronic: list[Lasting]) -> Iterator[Planned]:
    """Check-ups: often in the first years of life, then once a year; between them follow-ups of what lasts."""
    for month in INFANT_MONTHS if who.born.year >= 2009 else ():
        yield Planned(who.born + datetime.timedelta(days=int(month * 30.44)), problems.WELL_CHILD)
    shift = dice.whole(0, 250)
    for year in range(FIRST_YEAR if who.born.year < 2009 else who.born.year + 3, END.year + 1):
        day = datetime.date(year, 1, 8) + datetime.timedelta(days=shift + dice.whole(0, 25))
        age = who.age(day)
        if age >= 3:
            yield Planned(day, problems.CHECK_UP if age >= 18 else problems.WELL_CHILD)
            if year >= END.year - 2:
                for later in (120, 240):
                    yield from _follow_up(day + datetime.timedelta(days=later + dice.whole(0, 14)), chronic)


def _follow_up(day: datetime.date, chronic: list[Lasting]) -> Iterator[Planned]:
    """A visit for what has lasted longest, once something has begun."""
    begun = [each for each in chronic if each.onset <= day]
    if begun:
        first = min(begun, key=lambda each: each.onset)
        yield Planned(day, problems.FOLLOW_UP, first.concept)


def _examine(chart: Chart, visit: Visit, now: body.Body, threads: list[Story]) -> body.Body:
    age = chart.person.age(visit.day)
    seen = chart.vitals(visit, now, _signs(visit, age), pressure=age >= 3)
    wanted: dict[str, Measure] = {}
    if visit.kind is problems.CHECK_UP and visit.day.year % 2 == chart.person.number % 2:
        wanted.update((m.key, m) for m in (*measures.METABOLIC, *measures.LIPIDS, *measures.BLOOD))
    for thread in threads:
        wanted.update((m.key, m) for m in thread.labs(visit))
    seen.update(chart.labs(visit, now, wanted.values()))
    return seen


def _signs(visit: Visit, age: float) -> tuple[Measure, ...]:
    if visit.kind in (problems.FOLLOW_UP, problems.PRENATAL):
        return (measures.PULSE, measures.OXYGEN, measures.WEIGHT)
    if age < 2.2:
        return (measures.PULSE, measures.BREATHS, measures.TEMPERATURE, measures.WEIGHT, measures.HEIGHT, measures.HEAD)
    return measures.VITALS
