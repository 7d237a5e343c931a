"""Immunizations: the schedule of childhood by age, and those of adults, each at the first visit at which it is due."""

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

_FIRST = (
    procedure_codes.DTAP,
    procedure_codes.POLIO,
    procedure_codes.HIB,
    procedure_codes.PNEUMOCOCCUS_7,
    procedure_codes.ROTAVIRUS,
)
CHILDHOOD: tuple[tuple[float, tuple[Concept, ...]], ...] = (
    (0.08, (procedure_codes.HEPATITIS_B,)),
    (0.16, (procedure_codes.HEPATITIS_B, *_FIRST)),
    (0.33, _FIRST),
    (0.49, (procedure_codes.DTAP, procedure_codes.PNEUMOCOCCUS_7, procedure_codes.HEPATITIS_B, procedure_codes.POLIO)),
    (0.99, (procedure_codes.MMR, procedure_codes.VARICELLA, procedure_codes.HEPATITIS_A)),
    (1.24, (procedure_codes.DTAP, procedure_codes.HIB, procedure_codes.PNEUMOCOCCUS_7)),
    (1.49, (procedure_codes.HEPATITIS_A,)),
    (4.0, (procedure_codes.DTAP, procedure_codes.POLIO, procedure_codes.MMR, procedure_codes.VARICELLA)),
    (11.0, (procedure_codes.TDAP, procedure_codes.HPV, procedure_codes.MENINGOCOCCUS)),
    (11.9, (procedure_codes.HPV,)),
    (16.0, (procedure_codes.MENINGOCOCCUS,)),
)
"""Age in years from which it is due, and what."""

ADULT: tuple[tuple[float, int, Concept], ...] = (
    (19, 2021, procedure_codes.COVID_1),
    (19, 2021, procedure_codes.COVID_1),
    (65, 2023, procedure_codes.COVID_1),
    (27, 2022, procedure_codes.TD),
    (50, 2021, procedure_codes.SHINGLES),
    (50, 2022, procedure_codes.SHINGLES),
    (65, 2022, procedure_codes.PNEUMOCOCCUS_20),
)
"""Age and year from which it is due, and what."""

_LATER: Mapping[Concept, tuple[tuple[datetime.date, Concept], ...]] = {
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
"""From when on another product was given in its place in the United States."""


_ASKED = datetime.date(2024, 9, 1)
"""Since when it is written down that somebody did not want to be vaccinated against influenza."""


def of_its_day(vaccine: Concept, day: datetime.date) -> Concept:
    """The product that was given against it on a day."""
    return next((later for since, later in reversed(_LATER.get(vaccine, ())) if day >= since), vaccine)


class Immunizations(Story):
    """willing: who lets himself be vaccinated as an adult, and against influenza each autumn; others refuse it once."""

    def __init__(self, who: Person, dice: SeededRandom) -> None:
        self.who = who
        self.willing = dice.chance(0.6)
        self.autumn = 0
        begun = who.born.year >= 2009
        self.due = list(CHILDHOOD if begun else [each for each in CHILDHOOD if each[0] > 2021.2 - who.born.year])
        self.adult = list(ADULT) if self.willing else []

    def decide(self, chart: Chart, visit: Visit, seen: Body) -> None:
        age = self.who.age(visit.day)
        if age > 0.5 and visit.day.month >= 9 and visit.day.year > self.autumn and self.willing:
            self.autumn = visit.day.year
            chart.vaccinate(of_its_day(procedure_codes.INFLUENZA_3, visit.day), visit)
        if not self.willing and not self.autumn and age >= 19 and visit.day >= _ASKED and visit.day.month >= 9:
            self.autumn = visit.day.year
            chart.refuse(procedure_codes.INFLUENZA_3, visit)
        if visit.kind not in (problems.CHECK_UP, problems.WELL_CHILD):
            return
        if self.due and age >= self.due[0][0]:
            for vaccine in self.due.pop(0)[1]:
                chart.vaccinate(of_its_day(vaccine, visit.day), visit)
        due = {one[2]: one for one in reversed(self.adult) if age >= one[0] and visit.day.year >= one[1]}
        for vaccine, each in list(due.items())[:2]:
            self.adult.remove(each)
            chart.vaccinate(of_its_day(vaccine, visit.day), visit)
