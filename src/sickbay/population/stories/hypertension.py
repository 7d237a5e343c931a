"""Hypertension: the pressure rises, and a ladder of drugs lowers it step by step."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import make_target
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Hypertension(Lasting):
    """Essential hypertension; the goal is a systolic pressure below 140."""

    chronic = True
    concept = problems.HYPERTENSION
    ladder = (drugs.LISINOPRIL_10, drugs.LISINOPRIL_20, drugs.AMLODIPINE, drugs.HYDROCHLOROTHIAZIDE)
    replaces = (False, True, False, False)
    relief = (9.0, 6.0, 8.0, 6.0)
    care = (procedure_codes.SALT, procedure_codes.EXERCISE)
    goals = (make_target("Upper blood pressure below 140", measures.SYSTOLIC, None, 140.0),)

    def __init__(self, onset: datetime.date, rng: SeededRandom) -> None:
        super().__init__(onset)
        self.rise = rng.draw_uniform(18, 36)

    def adjust(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            change = self.rise - sum(self.relief[: len(self.orders)])
            body["systolic"] += change
            body["diastolic"] += change * 0.4

    def needs_next_rung(self, measured: Body) -> bool:
        return measured.get("systolic", 0) >= 140


STORY = StoryDefinition(
    "hypertension",
    lambda person, rng: Hypertension(draw_onset(person, rng, 28), rng),
    ages=(30, 120),
    women=0.12,
    men=0.12,
    grows=0.014,
    asks=("Blood pressure follow-up", "Hypertension, yearly review"),
)
