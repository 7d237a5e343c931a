"""A pregnancy: prenatal visits, an ultrasound, changes of weight and blood, iron if needed, and the birth."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart
from sickbay.population.patient_history import END, Condition, Measure, Person, Visit
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.staff import OBSTETRICIAN
from sickbay.population.stories.base import FIRST_YEAR, Planned, Story, StoryDefinition
from sickbay.population.vitals import Body

WEEKS = (10, 16, 20, 24, 28, 31, 34, 36, 38, 39)
BLOOD_WEEKS = (10, 28, 36)
TERM = datetime.timedelta(weeks=40)


class Pregnancy(Story):
    """A pregnancy of 40 weeks from `start` (the first day of the last period)."""

    no_nsaid = True

    def __init__(self, start: datetime.date, caesarean: bool = False) -> None:
        self.start = start
        self.birth = procedure_codes.CAESAREAN if caesarean else procedure_codes.DELIVERY
        self.problem: Condition | None = None
        self.iron = False

    def week(self, day: datetime.date) -> float | None:
        """Returns the week of pregnancy, or None before the pregnancy and after the day of the birth."""
        return (day - self.start).days / 7 if self.start <= day <= self.start + TERM else None

    def plan(self) -> Iterable[Planned]:
        for week in WEEKS:
            day = self.start + datetime.timedelta(weeks=week, days=1)
            yield Planned(day, problems.PRENATAL, problems.PREGNANCY, OBSTETRICIAN.id)
        days = 3 if self.birth is procedure_codes.CAESAREAN else 2
        yield Planned(
            self.start + TERM, problems.ADMISSION, problems.PREGNANCY, OBSTETRICIAN.id, self, "inpatient", days * 1440
        )
        yield Planned(self.start + TERM + datetime.timedelta(days=42), problems.POSTNATAL, None, OBSTETRICIAN.id, self)

    def adjust(self, body: Body, day: datetime.date) -> None:
        week = self.week(day)
        if week is not None:
            body["weight"] += max(week - 11, 0) * 0.43
            body["systolic"] -= 6 if week < 30 else 2
            body["diastolic"] -= 6 if week < 30 else 1
            body["pulse"] += 9
            body["hemoglobin"] -= 2.0 if week > 20 else 0.8
            body["ferritin"] -= 45 if week > 20 else 20
            body["glucose"] -= 5

    def labs(self, visit: Visit) -> tuple[Measure, ...]:
        week = self.week(visit.day)
        if week is None or int(week) not in BLOOD_WEEKS:
            return ()
        return (*measures.BLOOD, measures.FERRITIN, measures.GLUCOSE)

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        if self.problem is None and self.week(visit.day) is not None:
            end = self.start + TERM
            over = end if end <= END else None
            self.problem = chart.add_problem(problems.PREGNANCY, self.start, visit.day, visit, over=over)
            chart.add_reading(measures.PREGNANT, visit, concept=problems.PREGNANCY, after=3)
        if visit.kind is problems.PRENATAL and self.problem and int((visit.day - self.start).days / 7) == 20:
            request = chart.add_request(procedure_codes.ULTRASOUND, procedure_codes.IMAGING, visit, self.problem)
            chart.add_procedure(procedure_codes.ULTRASOUND, visit, self.problem, request)
            chart.add_report(procedure_codes.IMAGE, "RAD", visit, "One child, heart beating, as large as its weeks.", request)
        if visit.day == self.start + TERM and self.problem:
            self._record_birth(chart, visit)
        if self.problem and not self.iron and measured.get("hemoglobin", 99) < 11.5 and self.week(visit.day) is not None:
            self.iron = True
            chart.prescribe(drugs.IRON, visit, self.problem, end=self.problem.over)

    def _record_birth(self, chart: Chart, visit: Visit) -> None:
        chart.add_procedure(self.birth, visit, self.problem, after=300, minutes=50)
        text = "A healthy child; mother and child go home together."
        chart.add_note(procedure_codes.DISCHARGE, visit, f"{self.birth.text}. {text}", printed=True)


def _start_of_pregnancy(person: Person, rng: SeededRandom) -> datetime.date:
    if person.number <= 17:
        return END - datetime.timedelta(weeks=26)
    earliest = max(person.born + datetime.timedelta(days=20 * 365), datetime.date(FIRST_YEAR, 2, 1))
    latest = min(person.born + datetime.timedelta(days=41 * 365), END - datetime.timedelta(weeks=12))
    return earliest + datetime.timedelta(days=rng.pick_integer(0, max((latest - earliest).days, 0)))


STORY = StoryDefinition(
    "pregnancy",
    lambda person, rng: Pregnancy(_start_of_pregnancy(person, rng), rng.chance(0.25)),
    ages=(22, 42),
    women=0.35,
    # In this population no pregnant patient takes lisinopril, empagliflozin or a statin.
    never=frozenset({"hypertension", "diabetes", "lipids"}),
    asks=("Prenatal visit",),
)
