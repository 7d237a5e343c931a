"""What the ward's pages read of a record, and the views they make of it."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sickbay.authorization import launch_card, launch_task
from sickbay.authorization.values import Client
from sickbay.fhir.versions import VERSIONS
from sickbay.web.pages import chart as pages
from sickbay.web.pages import day
from sickbay.web.pages.frame import Link
from sickbay.web.pages.ward import ChartView, Errand, OpenApp, Suggestion, Tile

Json = dict[str, Any]
Found = Callable[..., Awaitable[list[Json]]]
TO_DO = (("status", ",".join(launch_task.OPEN)), ("_count", "200"))
"""Of a search of Tasks: those that are still to be done."""
GRAVE = tuple(reversed(launch_card.INDICATORS))


class Beside(NamedTuple):
    """What stands beside a record. at_work: the task or card that opened the app, by that word. context: what cards may name.

    version: of FHIR, in which the chart is read.
    """

    apps: Sequence[Client]
    chosen: Client | None
    opened: OpenApp | None
    here: str
    at_work: Mapping[str, str]
    context: Mapping[str, str]
    version: str


async def chart(found: Found, patient: Json, today: datetime.date, beside: Beside) -> ChartView:
    """The whole chart of one patient; `found` reads with the eyes of the person who is signed in."""
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
    """The apps, and quietly, by their versions, the sample apps that read other ones than this chart."""
    every = sorted(beside.apps, key=lambda one: (not one.sample, one.name))
    foreign = [one for one in every if one.sample and one.fhir != beside.version]
    foreign.sort(key=lambda one: VERSIONS[one.fhir].number)
    tiles = (_tile(one, beside) for one in every if one not in foreign or one is beside.chosen)
    return tuple(tiles), tuple(Link(one.name, f"{beside.here}?app={one.app_id}") for one in foreign)


def _suggestions(beside: Beside) -> tuple[Suggestion, ...]:
    """The cards of the apps that stand here, the grave ones first."""
    every = [card for app in beside.apps for card in app.cards if beside.context]
    shown = (_suggestion(card, launch_card.filled(card, beside.context), beside) for card in every)
    return tuple(sorted(shown, key=lambda one: GRAVE.index(one.indicator)))


def _suggestion(card: Mapping[str, Any], said: Mapping[str, Any], beside: Beside) -> Suggestion:
    links = [
        _link(one, launch_card.key(raw), beside)
        for raw, one in zip(launch_card.links(card), launch_card.links(said), strict=True)
    ]
    return Suggestion(said["summary"], said["indicator"], said["source"]["label"], said.get("detail") or "", tuple(links))


def _link(link: Mapping[str, Any], key: str, beside: Beside) -> Errand:
    wanted = launch_task.of_link(link)
    if not isinstance(wanted, launch_task.Wanted):
        return Errand(link["label"], link["url"], alone=True)
    app = launch_task.app_of(wanted, beside.apps, beside.version)
    if app is None:
        return Errand(link["label"], note=f"No app here has the launch URL {wanted.url}")
    return Errand(link["label"], f"{beside.here}?app={app.app_id}&card={key}", app.name, open=beside.at_work.get("card") == key)


def _errands(tasks: Sequence[Json], beside: Beside) -> tuple[Errand, ...]:
    """Of the Tasks those that ask for a launch (SMART 2.2, Task profiles): of an app that is registered here, or on its own."""
    wanted = [(one, launch_task.of_task(one)) for one in tasks]
    return tuple(_errand(one, asked, beside) for one, asked in wanted if isinstance(asked, launch_task.Wanted))


def to_do(tasks: Sequence[Json]) -> dict[str, str]:
    """Patient -> what is to be done with an app."""
    asked = [(one, launch_task.of_task(one)) for one in tasks]
    wanted = [(one, each) for one, each in asked if isinstance(each, launch_task.Wanted) and each.patient]
    return {str(each.patient): str(one.get("description") or "Open an app") for one, each in wanted}


def _errand(task: Json, asked: launch_task.Wanted, beside: Beside) -> Errand:
    app, id = launch_task.app_of(asked, beside.apps, beside.version), str(task["id"])
    said = str(task.get("description") or (f"Open {app.name}" if app else "Open an app"))
    if asked.standalone:
        web = asked.url.startswith(("https://", "http://"))
        return Errand(said, asked.url if web else "", "on its own" if web else "its address is no web address", alone=True)
    if app is None:
        return Errand(said, note=f"No app here has the launch URL {asked.url}")
    return Errand(said, f"{beside.here}?app={app.app_id}&task={id}", app.name, open=beside.at_work.get("task") == id)


def _visit(appointments: list[Json]) -> tuple[str, str]:
    """Today's visit: when, and why."""
    if not appointments:
        return "", ""
    first = min(appointments, key=lambda one: str(one.get("start")))
    return f"Today {str(first.get('start'))[11:16]}", day.reason(first)


def _tile(app: Client, beside: Beside) -> Tile:
    note = "comes with Sickbay" if app.sample else "approves itself" if app.auto_approve else ""
    return Tile(app.app_id, app.name, f"{beside.here}?app={app.app_id}", note, app is beside.chosen)
