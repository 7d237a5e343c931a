"""Appointments and slots around a day, and their states.

A booking depends on the seed, the number of patients and its own day; only its state depends on today's date. Today's states
are those at `population.TOUR_TIME`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from sickbay.population import data_quality
from sickbay.population.patient_history import Person
from sickbay.population.people import TIMOTHY, make_person
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.staff import PRACTITIONERS, Practitioner
from sickbay.population.stories import STORIES, story_names

UTC = datetime.timezone.utc  # noqa: UP017 - as in chart.py
DAYS = (-2, -1, 0, 1, 2, 3)
TIMOTHY_TIME = "10:30"
"""The time of Timothy Peters's appointment today. Other days have no slot at this time, so a slot keeps what was recorded for
it.
"""

_OKAFOR = (
    ("08:30", 20),
    ("09:00", 30),
    ("09:45", 15),
    (TIMOTHY_TIME, 30),
    ("11:15", 20),
    ("11:45", 15),
    ("13:30", 30),
    ("14:15", 20),
    ("15:00", 20),
)
_REYES = (("08:45", 20), ("09:30", 20), ("10:15", 30), ("11:00", 20), ("13:45", 20), ("14:30", 20))
_FREE = (("15:45", 20), ("16:15", 20), ("16:40", 20))


class Clinic(NamedTuple):
    """A clinician's hours: when each appointment starts and how many minutes it takes, and the id of the room."""

    practitioner: Practitioner
    times: tuple[tuple[str, int], ...]
    room: str


CLINICS = (Clinic(PRACTITIONERS[0], _OKAFOR, "loc-room-4"), Clinic(PRACTITIONERS[1], _REYES, "loc-room-2"))

_ADULT_REASONS = ("Yearly check-up", "Cough for two weeks", "Travel vaccination", "Back pain", "Sleeping badly")
_CHILD_REASONS = ("Well child visit", "Cough for two weeks", "Ear pain", "School form", "Rash on the arms")


class Slot(Struct, frozen=True):
    """A period of a clinician's day; it is free unless it has a booking."""

    id: str
    practitioner: str
    start: datetime.datetime
    minutes: int
    busy: bool

    @property
    def end(self) -> datetime.datetime:
        return self.start + datetime.timedelta(minutes=self.minutes)


class Booking(Struct, frozen=True):
    """An appointment. `state` is a status of R4: booked, arrived, checked-in, fulfilled, cancelled or noshow."""

    id: str
    slot: Slot
    patient: Person
    room: str
    reason: str
    state: str
    created: datetime.date


def plan_bookings(
    seed: int, patients: int, today: datetime.date, messiness: float = 0.0
) -> Iterator[tuple[Slot, Booking | None]]:
    """Yields the slots of the days around today, each with its booking if it has one."""
    for shift in DAYS if patients > 0 else ():
        day = today + datetime.timedelta(days=shift)
        taken: set[int] = set()
        for clinic in CLINICS:
            for clock, minutes in clinic.times:
                patient_number = _pick_patient(seed, patients, day, clinic.practitioner, clock, taken)
                if clock != TIMOTHY_TIME or shift == 0:
                    yield _book_slot(seed, clinic, day, clock, minutes, patient_number, shift, messiness)
            for clock, minutes in _FREE:
                yield _build_slot(clinic.practitioner, day, clock, minutes, busy=False), None


def _random_for_slot(seed: int, practitioner: Practitioner, day: datetime.date, clock: str, what: str) -> SeededRandom:
    return SeededRandom(seed, "booking", practitioner.id, day.isoformat(), clock, what)


def _book_slot(
    seed: int,
    clinic: Clinic,
    day: datetime.date,
    clock: str,
    minutes: int,
    patient_number: int | None,
    shift: int,
    messiness: float,
) -> tuple[Slot, Booking | None]:
    rng = _random_for_slot(seed, clinic.practitioner, day, clock, "state")
    state = _draw_state(rng, shift, clock)
    slot = _build_slot(clinic.practitioner, day, clock, minutes, busy=patient_number is not None and state != "cancelled")
    if patient_number is None:
        return slot, None
    created = day - datetime.timedelta(days=rng.pick_integer(4, 40))
    patient = data_quality.add_person_errors(make_person(seed, patient_number), seed, messiness)
    reason = "Hypertension, yearly review" if patient_number == TIMOTHY else _draw_reason(seed, rng, patient_number, day)
    return slot, Booking(f"ap-{slot.id[5:]}", slot, patient, clinic.room, reason, state, created)


def _build_slot(practitioner: Practitioner, day: datetime.date, clock: str, minutes: int, busy: bool) -> Slot:
    start = datetime.datetime.combine(day, datetime.time.fromisoformat(clock), tzinfo=UTC)
    return Slot(f"slot-{day:%Y%m%d}-{practitioner.id}-{clock.replace(':', '')}", practitioner.id, start, minutes, busy)


def _pick_patient(
    seed: int, patients: int, day: datetime.date, practitioner: Practitioner, clock: str, taken: set[int]
) -> int | None:
    """Returns a patient of the right age who was already born and is not yet booked that day; None after 40 failed attempts."""
    if clock == TIMOTHY_TIME and patients >= TIMOTHY:
        return TIMOTHY
    rng = _random_for_slot(seed, practitioner, day, clock, "who")
    children = practitioner.title == "Paediatrics"
    for _ in range(40):
        number = rng.pick_integer(1, patients)
        candidate = make_person(seed, number)
        age = candidate.age(day)
        if candidate.died and candidate.died <= day:
            continue
        if number not in taken and number != TIMOTHY and age >= 0 and (age < 18) == children:
            taken.add(number)
            return number
    return None


def _draw_reason(seed: int, rng: SeededRandom, number: int, day: datetime.date) -> str:
    reasons = [reason for story in story_names(seed, number) if story in STORIES for reason in STORIES[story].asks]
    if reasons and rng.chance(0.75):
        return rng.pick(reasons)
    return rng.pick(_CHILD_REASONS if make_person(seed, number).age(day) < 18 else _ADULT_REASONS)


def _draw_state(rng: SeededRandom, shift: int, clock: str) -> str:
    missed = rng.chance(0.07)
    if shift < 0:
        return "noshow" if missed else "fulfilled"
    if shift > 0:
        return "cancelled" if missed else "booked"
    if clock == "09:45":
        return "cancelled"
    if clock < "10:00":
        return "fulfilled"
    return {"10:15": "checked-in", TIMOTHY_TIME: "arrived"}.get(clock, "booked")
