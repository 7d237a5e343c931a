"""The schedule of a day, made from appointments and patients (R4 or DSTU2, as dicts)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sickbay.kernel import english
from sickbay.kernel.english import count
from sickbay.web.ehr.chart import SEXES, concept_text, name_of
from sickbay.web.ehr.views import AppointmentRow, DayView, PatientsView, State

Resource = Mapping[str, Any]

STATES: dict[str, tuple[State, str]] = {
    "fulfilled": ("done", "seen"),
    "arrived": ("here", "waiting now"),
    "checked-in": ("here", "waiting now"),
    "booked": ("booked", "booked"),
    "pending": ("booked", "not confirmed"),
    "proposed": ("booked", "proposed"),
    "cancelled": ("off", "cancelled"),
    "noshow": ("off", "no show"),
}


def day_view(
    day: date,
    appointments: Sequence[Resource],
    patients: Mapping[str, Resource],
    listed: PatientsView,
    *,
    ehr: str,
    to_do: Mapping[str, str] | None = None,
    now: datetime | None = None,
    previous: str = "",
    following: str = "",
    today: str = "",
) -> DayView:
    """patients: id -> Patient, as far as loaded. to_do: id -> the task that a clinician has to do in an app.

    now: None if `day` isn't today. Times are shown as the resources have them, without conversion.
    """
    ordered = sorted(appointments, key=lambda appointment: str(appointment.get("start")))
    visits = tuple(make_row(appointment, patients, ehr, day, to_do or {}) for appointment in ordered)
    clock = english.format_clock(now) if now else ""
    title = english.format_weekday(day) if now else f"{english.format_weekday(day)} {day.year}"
    return DayView(
        title=title,
        summary=summarise_visits(visits),
        visits=visits,
        patients=listed,
        now=clock,
        previous=previous,
        following=following,
        today=today,
        before=sum(visit.start < clock for visit in visits) if now else None,
    )


def make_row(
    appointment: Resource, patients: Mapping[str, Resource], ehr: str, today: date, to_do: Mapping[str, str]
) -> AppointmentRow:
    status = str(appointment.get("status") or "")
    state, word = STATES.get(status, ("booked", status))
    id, display = find_actor(appointment, "Patient")
    place = find_actor(appointment, "Location")[1] if state == "here" else ""
    patient = patients.get(id)
    family, given = name_of(patient) if patient else ("", display)
    start = english.parse_datetime(str(appointment["start"]))
    return AppointmentRow(
        english.format_clock(start),
        f"{_minutes_of_appointment(appointment)} min",
        state,
        ", ".join(part for part in (word, place) if part),
        f"{given} {family}".strip() or "Unknown patient",
        sex_and_age(patient, today),
        describe_reason(appointment),
        f"{ehr}/patients/{id}" if id and state != "off" else "",
        to_do.get(id, "") if state in ("here", "booked") else "",
    )


def sex_and_age(patient: Resource | None, today: date) -> str:
    """The sex and age, such as 'm, 65'."""
    if patient is None:
        return ""
    years = english.age_in_years(patient.get("birthDate"), today)
    parts = (SEXES.get(str(patient.get("gender")), ""), "" if years is None else str(years))
    return ", ".join(part for part in parts if part)


def find_actor(appointment: Resource, type: str) -> tuple[str, str]:
    """Id and display of the participant of this type; two empty strings if there is none."""
    for participant in appointment.get("participant") or ():
        reference = participant.get("actor") or {}
        if str(reference.get("reference", "")).startswith(f"{type}/"):
            return str(reference["reference"]).split("/")[1], str(reference.get("display") or "")
    return "", ""


def describe_reason(appointment: Resource) -> str:
    first = (appointment.get("reasonCode") or [None])[0] or appointment.get("reason")
    return str(appointment.get("description") or concept_text(first))


def _minutes_of_appointment(appointment: Resource) -> int:
    if appointment.get("minutesDuration"):
        return int(appointment["minutesDuration"])
    start, end = str(appointment["start"]), str(appointment.get("end") or appointment["start"])
    return int((english.parse_datetime(end) - english.parse_datetime(start)).total_seconds() // 60)


def summarise_visits(visits: Sequence[AppointmentRow]) -> str:
    """'9 appointments, 2 seen, 1 waiting now.'"""
    if not visits:
        return "No appointments."
    seen = sum(visit.state == "done" for visit in visits)
    here = sum(visit.state == "here" for visit in visits)
    parts = [count(len(visits), "appointment")]
    parts += [f"{seen} seen"] if seen else []
    parts += [f"{here} waiting now"] if here else []
    return ", ".join(parts) + "."
