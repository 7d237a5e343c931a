"""The form about habits and help at home that some patients complete before a visit."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from sickbay.population import measures
from sickbay.population.codings import LOINC, Coding, Concept, loinc, text_concept
from sickbay.population.patient_history import PatientHistory
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.staff import NURSES

ID, TITLE = "health-habits", "Health habits and help at home"
MINUTES = loinc(
    "68516-4", "On those days that you engage in moderate to strenuous exercise, how many minutes, on average, do you exercise"
)
DRINKS = loinc("68519-8", "How many standard drinks containing alcohol do you have on a typical day")
SIX_OR_MORE_DRINKS = loinc("68520-6", "How often do you have 6 or more drinks on 1 occasion")
ONE_OR_TWO = Concept((Coding(LOINC, "LA15694-5", "1 or 2"),), "1 or 2")
NEVER = Concept((Coding(LOINC, "LA6270-8", "Never"),), "Never")
YES = Concept((Coding(LOINC, "LA33-6", "Yes"),), "Yes")
NO = Concept((Coding(LOINC, "LA32-8", "No"),), "No")
AID = text_concept("Do you use a cane or a walker?")
WHICH = text_concept("Which one?")
REMARK = text_concept("Anything else that we should know?")
_REMARKS = ("Sleeps badly since the spring.", "Would like to talk about the drugs.", "Nothing else.")


class Intake(NamedTuple):
    """One completed form. readings: the numbers of the observations of its two scores. nurse: who completed it, or None for the
    patient.
    """

    visit: int
    at: datetime.datetime
    days: int
    drinks: int
    minutes: int
    aid: str | None
    remark: str
    readings: tuple[int, int]
    nurse: str | None


def fill_form(history: PatientHistory) -> Intake | None:
    """Returns the completed form, or None if the history has no observations of its scores."""
    scores = {reading.measure.key: reading for reading in history.readings if not reading.absent and reading.value is not None}
    exercise, alcohol = scores.get(measures.EXERCISE.key), scores.get(measures.ALCOHOL.key)
    if not exercise or not alcohol or exercise.visit is None:
        return None
    rng = SeededRandom(history.person.record_number, ID)
    old = history.person.age(exercise.at.date()) >= 65
    return Intake(
        exercise.visit,
        exercise.at,
        int(exercise.value or 0),
        int(alcohol.value or 0),
        rng.pick((15, 30, 45)),
        "A cane" if old else None,
        rng.pick(_REMARKS),
        (exercise.number, alcohol.number),
        NURSES[0].id if history.person.number % 16 == 3 else None,
    )
