"""Osteoarthritis of the knee: an X-ray, painkillers, physiotherapy, and a knee replacement for some."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart, make_target
from sickbay.population.patient_history import Person, Visit
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Lasting, Planned, StoryDefinition, draw_onset, random_day
from sickbay.population.vitals import Body


class Knee(Lasting):
    """Osteoarthritis of the knee. operation: the day of the knee replacement, or None."""

    concept = problems.KNEE_ARTHROSIS
    tests = (measures.PAIN,)
    ladder = (drugs.PARACETAMOL,)
    replaces = (False,)
    care = (procedure_codes.PHYSIOTHERAPY, procedure_codes.EXERCISE)
    goals = (make_target("Walks for half an hour without pain"),)

    def __init__(self, onset: datetime.date, operation: datetime.date | None) -> None:
        super().__init__(onset)
        self.operation = operation

    def plan(self) -> Iterable[Planned]:
        if self.operation:
            yield Planned(self.operation, problems.ADMISSION, self.concept, None, self, "inpatient", 3 * 24 * 60)

    def adjust(self, body: Body, day: datetime.date) -> None:
        operated = self.operation is not None and day > self.operation
        body["pain"] = 1.0 if operated or day < self.onset else 5.0

    def act_on_diagnosis(self, chart: Chart, visit: Visit) -> None:
        request = chart.add_request(procedure_codes.KNEE_XRAY, procedure_codes.IMAGING, visit, self.problem)
        chart.add_procedure(procedure_codes.KNEE_XRAY, visit, self.problem, request)
        chart.add_report(procedure_codes.IMAGE, "RAD", visit, "Narrow joint space, osteophytes; no fracture.", request)

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        super().decide(chart, visit, measured)
        if visit.day == self.operation and visit.setting == "inpatient" and self.problem:
            request = chart.add_request(procedure_codes.KNEE_REPLACEMENT, procedure_codes.SURGICAL, visit, self.problem)
            device = chart.add_implant(procedure_codes.KNEE_PROSTHESIS, visit.day)
            chart.add_procedure(
                procedure_codes.KNEE_REPLACEMENT, visit, self.problem, request, after=120, minutes=95, device=device
            )
            chart.add_note(
                procedure_codes.DISCHARGE,
                visit,
                "Knee replaced without complications. Walks with crutches, full weight.",
                printed=True,
            )


def _make_story(person: Person, rng: SeededRandom) -> Knee:
    begins = draw_onset(person, rng, 45)
    needs_operation = person.number > 17 and person.age(person.last) > 58 and rng.chance(0.3)
    day = random_day(person, rng, 56) if needs_operation else None
    return Knee(min(begins, day - datetime.timedelta(days=200)) if day else begins, day)


STORY = StoryDefinition("knee", _make_story, ages=(50, 120), women=0.22, men=0.18, asks=("Knee pain",))
