"""Reads a patient's record for the pages of the EHR and makes their views."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sickbay.authorization import launch_card, launch_task
from sickbay.authorization.models import Client
from sickbay.fhir.versions import VERSIONS
from sickbay.web.ehr import chart as pages
from sickbay.web.ehr import schedule
from sickbay.web.ehr.views import ChartView, OpenApp, Suggestion, TaskLink, Tile
from sickbay.web.pages.layout import Link

Json = dict[str, Any]
Found = Callable[..., Awaitable[list[Json]]]
TO_DO = (("status", ",".join(launch_task.OPEN)), ("_count", "200"))
"""Search parameters for open Tasks."""
GRAVE = tuple(reversed(launch_card.INDICATORS))


class Beside(NamedTuple):
    """What a chart shows next to the record. at_work: the "task" or "card" that opened the app. context: values for cards.

    version: the FHIR version of the chart.
    """

    apps: Sequence[Client]
    chosen: Client | None
    opened: OpenApp | None
    here: str
    at_work: Mapping[str, str]
    context: Mapping[str, str]
    version: str


async def chart(found: Found, patient: Json, today: datetime.date, beside: Beside) -> ChartView:
    """The whole chart of one patient. `found` reads only what the signed-in user may see."""
    whose = ("patient", str(patient["id"]))
    allergies = pages.allergies(await found("AllergyIntolerance", whose, ("_count", "100")))
    observations = await found("Observation", whose, ("_count", "500"), ("_sort", "-date"))
    tasks = await found("Task", whose, *TO_DO)
    visit, detail = _visit(await found("Appointment", whose, ("date", today.isoformat())))
    labs, labs_day = pages.labs(observations)
    tiles, others = _tiles(beside)
    return ChartView(
        banner=pages.banner(patient, today, allergies, visit, detail),
        tiles=tiles,
        others=others,
        register=Link("Register an app", "/developer/register"),
        suggestions=_suggestions(beside),
        errands=_errands(tasks, beside),
        open=beside.opened,
        pressure=pages.pressure(observations),
        signs=pages.signs(observations),
        problems=pages.problems(await found("Condition", whose, ("_count", "200"))),
        medications=pages.medications(await found("MedicationRequest", whose, ("_count", "200"))),
        allergies=allergies,
        labs=labs,
        labs_day=labs_day,
    )


def _tiles(beside: Beside) -> tuple[tuple[Tile, ...], tuple[Link, ...]]:
    """The tiles of the apps, and small links to the sample apps for other FHIR versions."""
    every = sorted(beside.apps, key=lambda one: (not one.sample, one.name))
    foreign = [one for one in every if one.sample and one.fhir != beside.version]
    foreign.sort(key=lambda one: VERSIONS[one.fhir].number)
    tiles = (_tile(one, beside) for one in every if one not in foreign or one is beside.chosen)
    return tuple(tiles), tuple(Link(one.name, f"{beside.here}?app={one.app_id}") for one in foreign)


def _suggestions(beside: Beside) -> tuple[Suggestion, ...]:
    """The cards of the apps on this chart, the most urgent ones first."""
    every = [card for app in beside.apps for card in app.cards if beside.context]
    shown = (_suggestion(card, launch_card.filled(card, beside.context), beside) for card in every)
    return tuple(sorted(shown, key=lambda one: GRAVE.index(one.indicator)))


def _suggestion(card: Mapping[str, Any], said: Mapping[str, Any], beside: Beside) -> Suggestion:
    links = [
        _link(one, launch_card.key(raw), beside)
        for raw, one in zip(launch_card.links(card), launch_card.links(said), strict=True)
    ]
    return Suggestion(said["summary"], said["indicator"], said["source"]["label"], said.get("detail") or "", tuple(links))


def _link(link: Mapping[str, Any], key: str, beside: Beside) -> TaskLink:
    wanted = launch_task.of_link(link)
    if not isinstance(wanted, launch_task.LaunchTaskRequest):
        return TaskLink(link["label"], link["url"], alone=True)
    app = launch_task.app_of(wanted, beside.apps, beside.version)
    if app is None:
        return TaskLink(link["label"], note=f"No app at this hospital has the launch URI {wanted.url}")
    return TaskLink(
        link["label"], f"{beside.here}?app={app.app_id}&card={key}", app.name, open=beside.at_work.get("card") == key
    )


def _errands(tasks: Sequence[Json], beside: Beside) -> tuple[TaskLink, ...]:
    """The Tasks that ask for a launch (SMART 2.2, Task profiles), from this EHR or standalone."""
    wanted = [(one, launch_task.of_task(one)) for one in tasks]
    return tuple(_errand(one, asked, beside) for one, asked in wanted if isinstance(asked, launch_task.LaunchTaskRequest))


def to_do(tasks: Sequence[Json]) -> dict[str, str]:
    """Patient id -> what to do in an app."""
    asked = [(one, launch_task.of_task(one)) for one in tasks]
    wanted = [(one, each) for one, each in asked if isinstance(each, launch_task.LaunchTaskRequest) and each.patient]
    return {str(each.patient): str(one.get("description") or "Open an app") for one, each in wanted}


def _errand(task: Json, asked: launch_task.LaunchTaskRequest, beside: Beside) -> TaskLink:
    app, id = launch_task.app_of(asked, beside.apps, beside.version), str(task["id"])
    said = str(task.get("description") or (f"Open {app.name}" if app else "Open an app"))
    if asked.standalone:
        web = asked.url.startswith(("https://", "http://"))
        return TaskLink(said, asked.url if web else "", "standalone" if web else "its URL isn’t a web address", alone=True)
    if app is None:
        return TaskLink(said, note=f"No app at this hospital has the launch URI {asked.url}")
    return TaskLink(said, f"{beside.here}?app={app.app_id}&task={id}", app.name, open=beside.at_work.get("task") == id)


def _visit(appointments: list[Json]) -> tuple[str, str]:
    """Time and reason of today's visit."""
    if not appointments:
        return "", ""
    first = min(appointments, key=lambda one: str(one.get("start")))
    return f"Today {str(first.get('start'))[11:16]}", schedule.reason(first)


def _tile(app: Client, beside: Beside) -> Tile:
    note = "included with Sickbay" if app.sample else "approved automatically" if app.auto_approve else ""
    return Tile(app.app_id, app.name, f"{beside.here}?app={app.app_id}", note, app is beside.chosen)
