"""Immunizations: the childhood schedule by age, and adult vaccines, each at the first check-up at which it is due."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from sickbay.population import problems, procedure_codes
from sickbay.population.chart import Chart
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Person, Visit
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Story
from sickbay.population.vitals import Body

_INFANT_SERIES = (
    procedure_codes.DTAP,
    procedure_codes.POLIO,
    procedure_codes.HIB,
    procedure_codes.PNEUMOCOCCUS_7,
    procedure_codes.ROTAVIRUS,
)
CHILDHOOD: tuple[tuple[float, tuple[Concept, ...]], ...] = (
    (0.08, (procedure_codes.HEPATITIS_B,)),
    (0.16, (procedure_codes.HEPATITIS_B, *_INFANT_SERIES)),
    (0.33, _INFANT_SERIES),
    (0.49, (procedure_codes.DTAP, procedure_codes.PNEUMOCOCCUS_7, procedure_codes.HEPATITIS_B, procedure_codes.POLIO)),
    (0.99, (procedure_codes.MMR, procedure_codes.VARICELLA, procedure_codes.HEPATITIS_A)),
    (1.24, (procedure_codes.DTAP, procedure_codes.HIB, procedure_codes.PNEUMOCOCCUS_7)),
    (1.49, (procedure_codes.HEPATITIS_A,)),
    (4.0, (procedure_codes.DTAP, procedure_codes.POLIO, procedure_codes.MMR, procedure_codes.VARICELLA)),
    (11.0, (procedure_codes.TDAP, procedure_codes.HPV, procedure_codes.MENINGOCOCCUS)),
    (11.9, (procedure_codes.HPV,)),
    (16.0, (procedure_codes.MENINGOCOCCUS,)),
)
"""Age in years from which vaccines are due, and the vaccines."""

ADULT: tuple[tuple[float, int, Concept], ...] = (
    (19, 2021, procedure_codes.COVID_1),
    (19, 2021, procedure_codes.COVID_1),
    (65, 2023, procedure_codes.COVID_1),
    (27, 2022, procedure_codes.TD),
    (50, 2021, procedure_codes.SHINGLES),
    (50, 2022, procedure_codes.SHINGLES),
    (65, 2022, procedure_codes.PNEUMOCOCCUS_20),
)
"""Age in years and calendar year from which a vaccine is due, and the vaccine."""

_SUCCESSORS: Mapping[Concept, tuple[tuple[datetime.date, Concept], ...]] = {
    procedure_codes.PNEUMOCOCCUS_7: (
        (datetime.date(2010, 4, 1), procedure_codes.PNEUMOCOCCUS_13),
        (datetime.date(2024, 1, 1), procedure_codes.PNEUMOCOCCUS_20),
    ),
    procedure_codes.INFLUENZA_3: (
        (datetime.date(2013, 7, 1), procedure_codes.INFLUENZA_4),
        (datetime.date(2024, 7, 1), procedure_codes.INFLUENZA_3),
    ),
    procedure_codes.COVID_1: (
        (datetime.date(2023, 4, 18), procedure_codes.COVID_BIVALENT),
        (datetime.date(2023, 9, 12), procedure_codes.COVID_2),
    ),
}
"""Products that replaced a vaccine in the United States, each with the first day of its use."""


_REFUSALS_FROM = datetime.date(2024, 9, 1)
"""The day from which refusals of the influenza vaccine are recorded."""


def product_on_day(vaccine: Concept, day: datetime.date) -> Concept:
    """Returns the product that was given on this day."""
    return next((successor for since, successor in reversed(_SUCCESSORS.get(vaccine, ())) if day >= since), vaccine)


class Immunizations(Story):
    """Vaccinations. willing: accepts adult vaccines, and influenza vaccine every autumn; other adults refuse the latter
    once."""

    def __init__(self, person: Person, rng: SeededRandom) -> None:
        self.person = person
        self.willing = rng.chance(0.6)
        self.autumn = 0
        schedule_complete = person.born.year >= 2009
        self.due = list(
            CHILDHOOD if schedule_complete else [entry for entry in CHILDHOOD if entry[0] > 2021.2 - person.born.year]
        )
        self.adult = list(ADULT) if self.willing else []

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        age = self.person.age(visit.day)
        if age > 0.5 and visit.day.month >= 9 and visit.day.year > self.autumn and self.willing:
            self.autumn = visit.day.year
            chart.vaccinate(product_on_day(procedure_codes.INFLUENZA_3, visit.day), visit)
        if not self.willing and not self.autumn and age >= 19 and visit.day >= _REFUSALS_FROM and visit.day.month >= 9:
            self.autumn = visit.day.year
            chart.refuse(procedure_codes.INFLUENZA_3, visit)
        if visit.kind not in (problems.CHECK_UP, problems.WELL_CHILD):
            return
        if self.due and age >= self.due[0][0]:
            for vaccine in self.due.pop(0)[1]:
                chart.vaccinate(product_on_day(vaccine, visit.day), visit)
        due = {entry[2]: entry for entry in reversed(self.adult) if age >= entry[0] and visit.day.year >= entry[1]}
        for vaccine, entry in list(due.items())[:2]:
            self.adult.remove(entry)
            chart.vaccinate(product_on_day(vaccine, visit.day), visit)
