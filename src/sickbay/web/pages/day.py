"""From appointments and patients (R4 or DSTU2, as dicts) to the day: who comes when, who waits now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sickbay.web.pages import times
from sickbay.web.pages.chart import SEXES, name_of, said
from sickbay.web.pages.parts import count
from sickbay.web.pages.ward import DayView, PatientsView, State, Visit

Resource = Mapping[str, Any]

STATES: dict[str, tuple[State, str]] = {
    "fulfilled": ("done", "seen"),
    "arrived": ("here", "waiting now"),
    "checked-in": ("here", "waiting now"),
    "booked": ("booked", "booked"),
    "pending": ("booked", "not confirmed"),
    "proposed": ("booked", "proposed"),
    "cancelled": ("off", "cancelled"),
    "noshow": ("off", "did not come"),
}


def day_view(
    day: date,
    appointments: Sequence[Resource],
    patients: Mapping[str, Resource],
    listed: PatientsView,
    *,
    ward: str,
    to_do: Mapping[str, str] | None = None,
    now: datetime | None = None,
    previous: str = "",
    following: str = "",
    today: str = "",
) -> DayView:
    """`patients`: id -> Patient, as far as loaded; `to_do`: id -> what is to be done with an app.

    `now`: None where `day` is not today; hours as they are written.
    """
    ordered = sorted(appointments, key=lambda one: str(one.get("start")))
    visits = tuple(visit(one, patients, ward, day, to_do or {}) for one in ordered)
    clock = times.clock(now) if now else ""
    title = times.weekday(day) if now else f"{times.weekday(day)} {day.year}"
    return DayView(
        title=title,
        summary=summary(visits),
        visits=visits,
        patients=listed,
        now=clock,
        previous=previous,
        following=following,
        today=today,
        before=sum(one.start < clock for one in visits) if now else None,
    )


def visit(one: Resource, patients: Mapping[str, Resource], ward: str, today: date, to_do: Mapping[str, str]) -> Visit:
    state, word = STATES.get(str(one.get("status")), ("booked", str(one.get("status") or "")))
    id, display = actor(one, "Patient")
    place = actor(one, "Location")[1] if state == "here" else ""
    patient = patients.get(id)
    family, given = name_of(patient) if patient else ("", display)
    start = times.instant(str(one["start"]))
    return Visit(
        times.clock(start),
        f"{_minutes(one)} min",
        state,
        ", ".join(part for part in (word, place) if part),
        f"{given} {family}".strip() or "Somebody",
        who(patient, today),
        reason(one),
        f"{ward}/patients/{id}" if id and state != "off" else "",
        to_do.get(id, "") if state in ("here", "booked") else "",
    )


def who(patient: Resource | None, today: date) -> str:
    """'m, 65'."""
    if patient is None:
        return ""
    years = times.age(patient.get("birthDate"), today)
    parts = (SEXES.get(str(patient.get("gender")), ""), "" if years is None else str(years))
    return ", ".join(part for part in parts if part)


def actor(one: Resource, type: str) -> tuple[str, str]:
    """Id and display of the participant of this type; empty where there is none."""
    for each in one.get("participant") or ():
        found = each.get("actor") or {}
        if str(found.get("reference", "")).startswith(f"{type}/"):
            return str(found["reference"]).split("/")[1], str(found.get("display") or "")
    return "", ""


def reason(one: Resource) -> str:
    first = (one.get("reasonCode") or [None])[0] or one.get("reason")
    return str(one.get("description") or said(first))


def _minutes(one: Resource) -> int:
    if one.get("minutesDuration"):
        return int(one["minutesDuration"])
    spent = times.instant(str(one.get("end") or one["start"])) - times.instant(str(one["start"]))
    return int(spent.total_seconds() // 60)


def summary(visits: Sequence[Visit]) -> str:
    """'Nine appointments, two seen, one waiting now.'"""
    if not visits:
        return "No appointments."
    number = count(len(visits), "appointment", "appointments")
    seen = sum(one.state == "done" for one in visits)
    here = sum(one.state == "here" for one in visits)
    parts = [number[0].upper() + number[1:]]
    parts += [count(seen, "seen", "seen")] if seen else []
    parts += [count(here, "waiting now", "waiting now")] if here else []
    return ", ".join(parts) + "."
