"""Chronic kidney disease stage 3: the filtration rate starts around 50 and falls by about one a year."""

from __future__ import annotations

import datetime
import math

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import make_target
from sickbay.population.patient_history import Drug, Person
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Kidney(Lasting):
    """Chronic kidney disease. other_drug: whether the person takes lisinopril, and therefore no losartan."""

    chronic = True
    concept = problems.KIDNEY_3
    no_nsaid = True
    tests = (*measures.METABOLIC, measures.ALBUMIN_RATIO)
    ladder: tuple[Drug, ...] = (drugs.LOSARTAN,)
    replaces = (False,)
    care = (procedure_codes.SALT, procedure_codes.EDUCATION)
    goals = (make_target("Filtration rate above 30", measures.EGFR, 30.0, None),)

    def __init__(self, onset: datetime.date, rng: SeededRandom, person: Person, other_drug: bool) -> None:
        super().__init__(onset)
        self.person = person
        self.start = rng.draw_uniform(46, 56)
        if other_drug:
            self.ladder = ()

    def adjust(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            years = (day - self.onset).days / 365
            rate = max(self.start - years * 0.9, 34)
            body["creatinine"] = _creatinine_for_rate(rate, self.person.age(day), self.person.sex)
            body["urea"] = 26.0
            body["potassium"] += 0.4
            body["albumin_ratio"] += 55
            body["hemoglobin"] -= 0.9


def _creatinine_for_rate(rate: float, age: float, sex: str) -> float:
    """Returns the creatinine (mg/dL) that gives this filtration rate by CKD-EPI 2021, above the threshold of its formula."""
    woman = sex == "female"
    ratio = math.pow(142 * math.pow(0.9938, age) * (1.012 if woman else 1.0) / rate, 1 / 1.2)
    return ratio * (0.7 if woman else 0.9)


def _define_story(name: str, with_hypertension: bool) -> StoryDefinition:
    return StoryDefinition(
        name,
        lambda patient, rng: Kidney(draw_onset(patient, rng, 58), rng, patient, other_drug=with_hypertension),
        ages=(60, 120),
        women=0.0001 if with_hypertension else 0.15,
        men=0.0001 if with_hypertension else 0.15,
        after={"hypertension": 1600.0} if with_hypertension else {},
        never=frozenset() if with_hypertension else frozenset({"hypertension"}),
        asks=("Kidney function review",),
    )


STORY = _define_story("kidney", with_hypertension=True)
WITHOUT_HYPERTENSION = _define_story("kidney alone", with_hypertension=False)
