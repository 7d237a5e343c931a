"""What the ward's pages read of a record, and the views they make of it."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sickbay.authorization import launch_task
from sickbay.authorization.values import Client
from sickbay.web.pages import chart as pages
from sickbay.web.pages import day
from sickbay.web.pages.frame import Link
from sickbay.web.pages.ward import ChartView, Errand, OpenApp, Tile

Json = dict[str, Any]
Found = Callable[..., Awaitable[list[Json]]]


async def chart(
    found: Found, patient: Json, today: datetime.date, apps: Sequence[Client], chosen: Client | None,
    opened: OpenApp | None, here: str, task: str = "",
) -> ChartView:  # fmt: skip
    """The whole chart of one patient; `found` reads with the eyes of the person who is signed in. task: the one at work."""
    whose = ("patient", str(patient["id"]))
    allergies = pages.allergies(await found("AllergyIntolerance", whose, ("_count", "100")))
    observations = await found("Observation", whose, ("_count", "500"), ("_sort", "-date"))
    tasks = await found("Task", whose, ("status", ",".join(launch_task.OPEN)), ("_count", "50"))
    visit, detail = _visit(await found("Appointment", whose, ("date", today.isoformat())))
    labs, labs_day = pages.labs(observations)
    return ChartView(
        banner=pages.banner(patient, today, allergies, visit, detail),
        tiles=tuple(_tile(one, here, one is chosen) for one in sorted(apps, key=lambda one: (not one.sample, one.name))),
        register=Link("Register an app", "/developer/register"), errands=_errands(tasks, apps, here, task),
        open=opened, pressure=pages.pressure(observations),
        signs=pages.signs(observations), problems=pages.problems(await found("Condition", whose, ("_count", "200"))),
        medications=pages.medications(await found("MedicationRequest", whose, ("_count", "200"))), allergies=allergies,
        labs=labs, labs_day=labs_day,
    )  # fmt: skip


def _errands(tasks: Sequence[Json], apps: Sequence[Client], here: str, at_work: str) -> tuple[Errand, ...]:
    """Of the Tasks those that ask for a launch (SMART 2.2, Task profiles): of an app that is registered here, or on its own."""
    wanted = [(one, launch_task.of_task(one)) for one in tasks]
    return tuple(
        _errand(one, asked, apps, here, at_work) for one, asked in wanted if isinstance(asked, launch_task.Wanted)
    )


def _errand(
    task: Json, asked: launch_task.Wanted, apps: Sequence[Client], here: str, at_work: str
) -> Errand:  # fmt: skip
    app, id = launch_task.app_of(asked, apps), str(task["id"])
    said = str(task.get("description") or (f"Open {app.name}" if app else "Open an app"))
    if asked.standalone:
        web = asked.url.startswith(("https://", "http://"))
        return Errand(
            said, asked.url if web else "", "on its own" if web else "its address is no web address", alone=True
        )
    if app is None:
        return Errand(said, note=f"No app here has the launch URL {asked.url}")
    return Errand(said, f"{here}?app={app.app_id}&task={id}", app.name, open=id == at_work)


def _visit(appointments: list[Json]) -> tuple[str, str]:
    """Today's visit: when, and why."""
    if not appointments:
        return "", ""
    first = min(appointments, key=lambda one: str(one.get("start")))
    return f"Today {str(first.get('start'))[11:16]}", day.reason(first)


def _tile(app: Client, here: str, is_open: bool) -> Tile:
    note = "comes with Sickbay" if app.sample else "approves itself" if app.auto_approve else ""
    return Tile(app.app_id, app.name, f"{here}?app={app.app_id}", note, is_open)
