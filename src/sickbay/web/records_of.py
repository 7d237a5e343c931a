"""What the ward's pages read of a record, and the views they make of it."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sickbay.authorization.values import Client, User
from sickbay.web.pages import chart as pages
from sickbay.web.pages import day
from sickbay.web.pages.frame import Link
from sickbay.web.pages.ward import ChartView, OpenApp, Tile

Json = dict[str, Any]
Found = Callable[..., Awaitable[list[Json]]]


def own_patient(user: User | None) -> str | None:
    """The id of the patient who is signed in."""
    type, _, id = (user.fhir_user if user else "").rpartition("/")
    return id if type.rpartition("/")[2] == "Patient" else None


async def chart(
    found: Found, patient: Json, today: datetime.date, apps: Sequence[Client], chosen: Client | None,
    opened: OpenApp | None, here: str,
) -> ChartView:  # fmt: skip
    """The whole chart of one patient; `found` reads with the eyes of the person who is signed in."""
    whose = ("patient", str(patient["id"]))
    allergies = pages.allergies(await found("AllergyIntolerance", whose, ("_count", "100")))
    observations = await found("Observation", whose, ("_count", "500"), ("_sort", "-date"))
    visit, detail = _visit(await found("Appointment", whose, ("date", today.isoformat())))
    labs, labs_day = pages.labs(observations)
    return ChartView(
        banner=pages.banner(patient, today, allergies, visit, detail),
        tiles=tuple(_tile(one, here, one is chosen) for one in sorted(apps, key=lambda one: (not one.sample, one.name))),
        register=Link("Register an app", "/developer/register"), open=opened, pressure=pages.pressure(observations),
        signs=pages.signs(observations), problems=pages.problems(await found("Condition", whose, ("_count", "200"))),
        medications=pages.medications(await found("MedicationRequest", whose, ("_count", "200"))), allergies=allergies,
        labs=labs, labs_day=labs_day,
    )  # fmt: skip


def _visit(appointments: list[Json]) -> tuple[str, str]:
    """Today's visit: when, and why."""
    if not appointments:
        return "", ""
    first = min(appointments, key=lambda one: str(one.get("start")))
    return f"Today {str(first.get('start'))[11:16]}", day.reason(first)


def _tile(app: Client, here: str, is_open: bool) -> Tile:
    note = "comes with Sickbay" if app.sample else "approves itself" if app.auto_approve else ""
    return Tile(app.app_id, app.name, f"{here}?app={app.app_id}", note, is_open)
