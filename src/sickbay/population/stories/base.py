"""What a story is: it bends the body, asks for tests, and decides on what was seen; and how common it is."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sickbay.population import drugs, problems
from sickbay.population.chart import Chart, Target
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Condition, Drug, Measure, Person, Prescription, Setting, Visit
from sickbay.population.procedure_codes import REVIEW
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.vitals import Body

FIRST_YEAR = 2021
"""The year in which the records begin; children's with their birth."""


class Planned(NamedTuple):
    """A visit that a story wants. story: the one it is for, whose alone are its tests and decisions; None: it is for all."""

    day: datetime.date
    kind: Concept
    reason: Concept | None = None
    by: str | None = None
    story: Story | None = None
    setting: Setting = "ambulatory"
    minutes: int = 20


class Story:
    """One thread of a life. Every visit asks all threads in turn: `bend`, `labs`, `decide`."""

    signs: tuple[Measure, ...] = ()
    """Vital signs that it wants to see, besides those that everybody has taken."""
    no_nsaid = False
    """Whether beside it nobody takes aspirin or ibuprofen of his own."""

    def plan(self) -> Iterable[Planned]:
        return ()

    def bend(self, body: Body, day: datetime.date) -> None:
        """Changes in place what the body will show on this day."""

    def looks(self, day: datetime.date) -> tuple[Measure, ...]:
        """The vital signs of a visit on this day: of a passing illness only when it is there."""
        return self.signs

    def labs(self, visit: Visit) -> tuple[Measure, ...]:
        return ()

    def decide(self, chart: Chart, visit: Visit, seen: Body) -> None:
        """Records, prescribes, changes a dose, given what this visit has shown."""


class Lasting(Story):
    """A condition that begins one day and stays, with a ladder of drugs climbed while the aim is missed."""

    chronic = False
    """Whether it calls for follow-ups between the yearly check-ups."""
    concept: Concept
    tests: tuple[Measure, ...] = ()
    ladder: tuple[Drug, ...] = ()
    replaces: tuple[bool, ...] = ()
    """For each rung, whether it takes the place of the rung before (a dose raised) or comes on top."""
    care: tuple[Concept, ...] = ()
    """What its plan of care asks for beside drugs; without any it has no plan."""
    aims: tuple[Target, ...] = ()

    def __init__(self, onset: datetime.date) -> None:
        self.onset = onset
        self.problem: Condition | None = None
        self.orders: list[Prescription] = []

    def labs(self, visit: Visit) -> tuple[Measure, ...]:
        return self.tests if visit.day >= self.onset else ()

    def missed(self, seen: Body) -> bool:
        """Whether what was seen asks for the next rung."""
        return not self.orders

    def found(self, chart: Chart, visit: Visit) -> None:
        """What else is done on the day on which it is found."""

    def decide(self, chart: Chart, visit: Visit, seen: Body) -> None:
        if visit.day < self.onset:
            return
        if self.problem is None:
            self.problem = chart.problem(self.concept, self.onset, visit.day, visit)
            if self.care:
                chart.plan(f"{self.concept.text}: plan of care", self.problem, (*self.care, REVIEW), self.aims)
            self.found(chart, visit)
        rung = len(self.orders)
        if rung < len(self.ladder) and self.missed(seen):
            if rung and self.replaces[rung]:
                chart.stop(self.orders[-1], visit.day)
            self.orders.append(chart.prescribe(self.ladder[rung], visit, self.problem))


class Steady(Lasting):
    """A condition with at most one drug, which changes no measurement."""

    def __init__(self, onset: datetime.date, concept: Concept, drug: Drug | None = None) -> None:
        super().__init__(onset)
        self.concept = concept
        self.no_nsaid = drug is drugs.IBUPROFEN
        self.ladder = (drug,) if drug else ()
        self.replaces = (False,)


class Episode(Story):
    """Something that comes once and is over after some days, with a visit of its own."""

    concept: Concept
    kind: Concept = problems.REVIEW
    setting: Setting = "ambulatory"
    minutes = 20
    days = 10
    """From the visit until it is over."""
    fever = 0.0
    drug: Drug | None = None
    drug_days = 7

    def __init__(self, day: datetime.date) -> None:
        self.day = day
        self.problem: Condition | None = None

    def plan(self) -> Iterable[Planned]:
        yield Planned(self.day, self.kind, self.concept, None, self, self.setting, self.minutes)

    def looks(self, day: datetime.date) -> tuple[Measure, ...]:
        return self.signs if day == self.day else ()

    def bend(self, body: Body, day: datetime.date) -> None:
        if day == self.day:
            body["temperature"] += self.fever
            body["pulse"] += self.fever * 8

    def decide(self, chart: Chart, visit: Visit, seen: Body) -> None:
        if visit.day != self.day or self.problem is not None:
            return
        over, last = visit.day + datetime.timedelta(days=self.days), chart.person.last
        begun = max(visit.day - datetime.timedelta(days=1), chart.person.born)
        self.problem = chart.problem(self.concept, begun, visit.day, visit, lasting=False, over=over if over <= last else None)
        self.happen(chart, visit, self.problem)
        if self.drug:
            chart.prescribe(self.drug, visit, self.problem, end=visit.day + datetime.timedelta(days=self.drug_days))

    def happen(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        """What is done on the day, besides the drug."""


@dataclass(frozen=True, slots=True)
class StoryDefinition:
    """A story as it is declared: who lives it, and how often.

    women, men: the share of those between the ages (at the end of the record) who live it; after: factors on it for who
    also lives another, told before; never: those beside which it is not told. asks: reasons of appointments.
    """

    name: str
    make: Callable[[Person, SeededRandom], Story]
    ages: tuple[float, float] = (18, 120)
    women: float = 0.0
    men: float = 0.0
    after: Mapping[str, float] = field(default_factory=dict)
    never: frozenset[str] = frozenset()
    asks: tuple[str, ...] = ()
    grows: float = 0.0
    """What the share gains with each year of age above the lowest."""

    def share(self, who: Person, others: frozenset[str]) -> float:
        age = who.age(who.last)
        if not self.ages[0] <= age < self.ages[1] or self.never & others:
            return 0.0
        share = (self.women if who.sex == "female" else self.men) + self.grows * (age - self.ages[0])
        for name in others & self.after.keys():
            share *= self.after[name]
        return min(share, 0.7)


def onset(who: Person, dice: SeededRandom, youngest: float = 30, years: float = 15) -> datetime.date:
    """A day for a condition to begin: at or after an age, one to fifteen years ago."""
    latest = who.last - datetime.timedelta(days=400)
    earliest = max(day_at(who, youngest), who.last - datetime.timedelta(days=int(years * 365)))
    return earliest + datetime.timedelta(days=dice.whole(0, max((latest - earliest).days, 0)))


def within(who: Person, dice: SeededRandom, youngest: float = 1, oldest: float = 110) -> datetime.date:
    """A day of the record on which something happens, between two ages."""
    earliest = max(day_at(who, youngest), datetime.date(FIRST_YEAR, 1, 10))
    latest = min(day_at(who, oldest), who.last - datetime.timedelta(days=30))
    return earliest + datetime.timedelta(days=dice.whole(0, max((latest - earliest).days, 0)))


def winter(day: datetime.date) -> datetime.date:
    """The same year's January or February, when people cough."""
    return day.replace(month=1 + day.day % 2, day=min(day.day, 28))


def day_at(who: Person, age: float) -> datetime.date:
    return who.born + datetime.timedelta(days=int(age * 365.25))
