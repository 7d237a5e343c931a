"""Base classes of stories, and how a story is declared."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from sickbay.population import drugs, problems
from sickbay.population.chart import Chart, Target
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Condition, Drug, Measure, Person, Prescription, Setting, Visit
from sickbay.population.procedure_codes import REVIEW
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.vitals import Body

FIRST_YEAR = 2021
"""The year in which records begin. A younger child's record begins with the birth."""


class Planned(NamedTuple):
    """A visit that a story plans. story: if set, only this story orders tests and decides at the visit."""

    day: datetime.date
    kind: Concept
    reason: Concept | None = None
    by: str | None = None
    story: Story | None = None
    setting: Setting = "ambulatory"
    minutes: int = 20


class Story:
    """A strand of a history, such as a disease. At every visit each story runs `adjust`, `vital_signs`, `labs` and `decide`."""

    signs: tuple[Measure, ...] = ()
    """Vital signs to measure, in addition to those of every visit."""
    no_nsaid = False
    """Whether it rules out aspirin and ibuprofen bought without a prescription."""

    def plan(self) -> Iterable[Planned]:
        return ()

    def adjust(self, body: Body, day: datetime.date) -> None:
        """Changes the expected values of this day in place."""

    def vital_signs(self, day: datetime.date) -> tuple[Measure, ...]:
        """Returns the vital signs to measure on this day. An episode needs its signs only on the day of its visit."""
        return self.signs

    def labs(self, visit: Visit) -> tuple[Measure, ...]:
        return ()

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        """Records problems, prescribes or changes a dose, based on the values measured at this visit."""


class Lasting(Story):
    """A lasting condition with a ladder of drugs: the next rung is prescribed while the values miss their goal."""

    chronic = False
    """Whether it needs follow-ups between the yearly check-ups."""
    concept: Concept
    tests: tuple[Measure, ...] = ()
    ladder: tuple[Drug, ...] = ()
    replaces: tuple[bool, ...] = ()
    """For each rung, whether it replaces the previous one (a higher dose) or is added to it."""
    care: tuple[Concept, ...] = ()
    """Steps of the plan of care in addition to drugs. If empty, there is no plan."""
    goals: tuple[Target, ...] = ()

    def __init__(self, onset: datetime.date) -> None:
        self.onset = onset
        self.problem: Condition | None = None
        self.orders: list[Prescription] = []

    def labs(self, visit: Visit) -> tuple[Measure, ...]:
        return self.tests if visit.day >= self.onset else ()

    def needs_next_rung(self, measured: Body) -> bool:
        return not self.orders

    def act_on_diagnosis(self, chart: Chart, visit: Visit) -> None:
        """Runs only on the day of the diagnosis."""

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        if visit.day < self.onset:
            return
        if self.problem is None:
            self.problem = chart.add_problem(self.concept, self.onset, visit.day, visit)
            if self.care:
                chart.add_plan(f"{self.concept.text}: plan of care", self.problem, (*self.care, REVIEW), self.goals)
            self.act_on_diagnosis(chart, visit)
        rung = len(self.orders)
        if rung < len(self.ladder) and self.needs_next_rung(measured):
            if rung and self.replaces[rung]:
                chart.stop_order(self.orders[-1], visit.day)
            self.orders.append(chart.prescribe(self.ladder[rung], visit, self.problem))


class Steady(Lasting):
    """A condition with at most one drug that doesn't change any measurement."""

    def __init__(self, onset: datetime.date, concept: Concept, drug: Drug | None = None) -> None:
        super().__init__(onset)
        self.concept = concept
        self.no_nsaid = drug is drugs.IBUPROFEN
        self.ladder = (drug,) if drug else ()
        self.replaces = (False,)


class Episode(Story):
    """An illness or event that happens once and is over after some days, with its own visit."""

    concept: Concept
    kind: Concept = problems.REVIEW
    setting: Setting = "ambulatory"
    minutes = 20
    days = 10
    """Days from the visit until it is over."""
    fever = 0.0
    drug: Drug | None = None
    drug_days = 7

    def __init__(self, day: datetime.date) -> None:
        self.day = day
        self.problem: Condition | None = None

    def plan(self) -> Iterable[Planned]:
        yield Planned(self.day, self.kind, self.concept, None, self, self.setting, self.minutes)

    def vital_signs(self, day: datetime.date) -> tuple[Measure, ...]:
        return self.signs if day == self.day else ()

    def adjust(self, body: Body, day: datetime.date) -> None:
        if day == self.day:
            body["temperature"] += self.fever
            body["pulse"] += self.fever * 8

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        if visit.day != self.day or self.problem is not None:
            return
        over, last = visit.day + datetime.timedelta(days=self.days), chart.person.last
        onset = max(visit.day - datetime.timedelta(days=1), chart.person.born)
        self.problem = chart.add_problem(
            self.concept, onset, visit.day, visit, lasting=False, over=over if over <= last else None
        )
        self.record_event(chart, visit, self.problem)
        if self.drug:
            chart.prescribe(self.drug, visit, self.problem, end=visit.day + datetime.timedelta(days=self.drug_days))

    def record_event(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        """Records what happens at the visit, apart from the prescription of `drug`."""


class StoryDefinition(Struct, frozen=True):
    """Declares a story: who has it, and how often.

    women, men: the share of people between the ages (at the end of the record) who have it. after: factors on the share, by the
    name of an earlier story that the person also has. never: stories that exclude it. asks: reasons for appointments.
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
    """The increase of the share for each year of age above the lowest."""

    def share(self, person: Person, others: frozenset[str]) -> float:
        age = person.age(person.last)
        if not self.ages[0] <= age < self.ages[1] or self.never & others:
            return 0.0
        share = (self.women if person.sex == "female" else self.men) + self.grows * (age - self.ages[0])
        for name in others & self.after.keys():
            share *= self.after[name]
        return min(share, 0.7)


def draw_onset(person: Person, rng: SeededRandom, youngest: float = 30, years: float = 15) -> datetime.date:
    """Returns a random day of onset: not before an age, and at most `years` years before the end of the record."""
    latest = person.last - datetime.timedelta(days=400)
    earliest = max(day_at(person, youngest), person.last - datetime.timedelta(days=int(years * 365)))
    return earliest + datetime.timedelta(days=rng.pick_integer(0, max((latest - earliest).days, 0)))


def random_day(person: Person, rng: SeededRandom, youngest: float = 1, oldest: float = 110) -> datetime.date:
    """Returns a random day of the record between two ages."""
    earliest = max(day_at(person, youngest), datetime.date(FIRST_YEAR, 1, 10))
    latest = min(day_at(person, oldest), person.last - datetime.timedelta(days=30))
    return earliest + datetime.timedelta(days=rng.pick_integer(0, max((latest - earliest).days, 0)))


def move_to_winter(day: datetime.date) -> datetime.date:
    """Returns a day in January or February of the same year, when respiratory infections peak."""
    return day.replace(month=1 + day.day % 2, day=min(day.day, 28))


def day_at(person: Person, age: float) -> datetime.date:
    return person.born + datetime.timedelta(days=int(age * 365.25))
