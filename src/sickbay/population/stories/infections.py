"""Infections with their own tests and visits: bladder infection, influenza, COVID-19 and pneumonia."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart
from sickbay.population.patient_history import Condition, Visit
from sickbay.population.stories.base import Episode, Planned, StoryDefinition, move_to_winter, random_day


class Bladder(Episode):
    concept, days, drug, drug_days = problems.URINARY_INFECTION, 7, drugs.NITROFURANTOIN, 5
    signs = (measures.TEMPERATURE,)

    def record_event(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        for measure in (measures.NITRITE, measures.ESTERASE):
            chart.add_reading(measure, visit, concept=problems.POSITIVE, after=8)


class Influenza(Episode):
    concept, days, fever, drug = problems.INFLUENZA, 10, 2.0, drugs.PARACETAMOL
    signs = (measures.TEMPERATURE, measures.OXYGEN)

    def record_event(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        chart.add_reading(measures.INFLUENZA, visit, concept=problems.POSITIVE, after=8)


class Covid(Episode):
    concept, days, fever = problems.COVID, 12, 1.4
    signs = (measures.TEMPERATURE, measures.OXYGEN)

    def record_event(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        chart.add_reading(measures.COVID, visit, concept=problems.DETECTED, after=8)


class Pneumonia(Episode):
    """Pneumonia, treated in the emergency room, with an X-ray."""

    concept, days, fever = problems.PNEUMONIA, 21, 1.9
    kind, setting, minutes = problems.EMERGENCY, "emergency", 190

    def plan(self) -> Iterable[Planned]:
        yield from super().plan()
        yield Planned(self.day + datetime.timedelta(days=14), problems.FOLLOW_UP, self.concept, None, self)

    def record_event(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        request = chart.add_request(procedure_codes.CHEST_XRAY, procedure_codes.IMAGING, visit, problem)
        chart.add_procedure(procedure_codes.CHEST_XRAY, visit, problem, request, after=35)
        chart.add_report(
            procedure_codes.IMAGE, "RAD", visit, "Infiltrate of the right lower lobe, no effusion.", request, after=55
        )
        drug = drugs.DOXYCYCLINE if chart.is_allergic_to("Penicillin G") else drugs.AMOXICILLIN_ADULT
        chart.prescribe(drug, visit, problem, end=visit.day + datetime.timedelta(days=7))


BLADDER = StoryDefinition(
    "bladder",
    lambda person, rng: Bladder(random_day(person, rng, 17)),
    ages=(18, 120),
    women=0.22,
    men=0.03,
    asks=("Burning on passing water",),
)
FLU = StoryDefinition(
    "influenza", lambda person, rng: Influenza(move_to_winter(random_day(person, rng, 3))), ages=(4, 120), women=0.1, men=0.1
)
COVID = StoryDefinition(
    "covid",
    lambda person, rng: Covid(random_day(person, rng, 2)),
    ages=(2, 120),
    women=0.2,
    men=0.2,
    asks=("Tired since an infection",),
)
LUNGS = StoryDefinition(
    "pneumonia",
    lambda person, rng: Pneumonia(random_day(person, rng, 50)),
    ages=(52, 120),
    women=0.03,
    men=0.04,
    after={"copd": 3.0},
)
