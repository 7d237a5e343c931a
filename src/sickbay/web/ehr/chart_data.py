"""Reads a patient's record for the pages of the EHR and makes their views."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sickbay.authorization.launch import card as launch_card
from sickbay.authorization.launch import task as launch_task
from sickbay.authorization.launch.task import LaunchTaskRequest
from sickbay.authorization.models import Client
from sickbay.web.ehr import chart as pages
from sickbay.web.ehr import schedule
from sickbay.web.ehr.allergies import summarise_allergies as all_allergies
from sickbay.web.ehr.app_tiles import SHOWN_TILES, TileOptions, make_tiles
from sickbay.web.ehr.views import ChartView, OpenApp, Suggestion, TaskLink
from sickbay.web.pages.parts import Link

Json = dict[str, Any]
Found = Callable[..., Awaitable[list[Json]]]
TO_DO = (("status", ",".join(launch_task.OPEN)), ("_count", "200"))
"""Search parameters for open Tasks."""
OBSERVATIONS = 500
"""The newest observations of a patient, which a chart is made from."""
GRAVE = tuple(reversed(launch_card.INDICATORS))


class ChartOptions(NamedTuple):
    """The parts of a chart next to the record.

    at_work: the "task" or "card" that opened the app. context: values for cards. version: the FHIR version of the chart.
    """

    apps: Sequence[Client]
    chosen: Client | None
    opened: OpenApp | None
    here: str
    at_work: Mapping[str, str]
    context: Mapping[str, str]
    version: str
    tiles: TileOptions


async def load_chart(search: Found, patient: Json, today: datetime.date, options: ChartOptions) -> ChartView:
    """The whole chart of one patient. search: returns only what the signed-in user may see."""
    of_patient = ("patient", str(patient["id"]))
    allergies = all_allergies(await search("AllergyIntolerance", of_patient, ("_count", "100")))
    observations = await search("Observation", of_patient, ("_count", str(OBSERVATIONS)), ("_sort", "-date"))
    tasks = await search("Task", of_patient, *TO_DO)
    visit, detail = _describe_visit(await search("Appointment", of_patient, ("date", today.isoformat())))
    labs, labs_day = pages.list_labs(observations)
    tiles = make_tiles(options.apps, options.chosen, options.tiles)
    return ChartView(
        banner=pages.make_banner(patient, today, allergies, visit, detail),
        tiles=tiles.tiles,
        others=tiles.samples,
        apps_total=tiles.total,
        apps_searched=options.tiles.words,
        has_many_apps=tiles.total > SHOWN_TILES or bool(options.tiles.words),
        register=Link("Register an app", "/developer/register"),
        suggestions=_card_suggestions(options),
        tasks=_task_links(tasks, options),
        open=options.opened,
        pressure=pages.list_pressures(observations),
        signs=pages.list_signs(observations),
        problems=pages.list_problems(await search("Condition", of_patient, ("_count", "200"))),
        medications=pages.list_medications(await search("MedicationRequest", of_patient, ("_count", "200"))),
        labs=labs,
        labs_day=labs_day,
        searched=f"the newest {OBSERVATIONS} observations" if len(observations) == OBSERVATIONS else "",
    )


def _card_suggestions(options: ChartOptions) -> tuple[Suggestion, ...]:
    """The cards of the apps on this chart, the most urgent ones first."""
    cards = [card for app in options.apps for card in app.cards if options.context]
    shown = (_suggestion_of_card(card, launch_card.fill_placeholders(card, options.context), options) for card in cards)
    return tuple(sorted(shown, key=lambda suggestion: GRAVE.index(suggestion.indicator)))


def _suggestion_of_card(card: Mapping[str, Any], filled: Mapping[str, Any], options: ChartOptions) -> Suggestion:
    links = [
        _link_task(link, launch_card.make_key(raw), options)
        for raw, link in zip(launch_card.list_links(card), launch_card.list_links(filled), strict=True)
    ]
    return Suggestion(
        filled["summary"], filled["indicator"], filled["source"]["label"], filled.get("detail") or "", tuple(links)
    )


def _link_task(link: Mapping[str, Any], key: str, options: ChartOptions) -> TaskLink:
    wanted = launch_task.request_of_link(link)
    if not isinstance(wanted, LaunchTaskRequest):
        return TaskLink(link["label"], link["url"], new_tab=True)
    app = launch_task.app_of(wanted, options.apps, options.version)
    if app is None:
        return TaskLink(link["label"], note=f"No app at this hospital has the launch URI {wanted.url}")
    return TaskLink(
        link["label"], f"{options.here}?app={app.app_id}&card={key}", app.name, open=options.at_work.get("card") == key
    )


def _task_links(tasks: Sequence[Json], options: ChartOptions) -> tuple[TaskLink, ...]:
    """Links for the Tasks that request an app, launched from this EHR or standalone (SMART 2.2, Task profiles)."""
    wanted = [(task, launch_task.request_of_task(task)) for task in tasks]
    return tuple(_task_link(task, launch, options) for task, launch in wanted if isinstance(launch, LaunchTaskRequest))


def list_tasks_of_patients(tasks: Sequence[Json]) -> dict[str, str]:
    """Patient id -> the task that a clinician has to do in an app."""
    requests = [(task, launch_task.request_of_task(task)) for task in tasks]
    wanted = [(task, launch) for task, launch in requests if isinstance(launch, LaunchTaskRequest) and launch.patient]
    return {str(launch.patient): str(task.get("description") or "Open an app") for task, launch in wanted}


def _task_link(task: Json, launch: LaunchTaskRequest, options: ChartOptions) -> TaskLink:
    app, id = launch_task.app_of(launch, options.apps, options.version), str(task["id"])
    title = str(task.get("description") or (f"Open {app.name}" if app else "Open an app"))
    if launch.standalone:
        web = launch.url.startswith(("https://", "http://"))
        return TaskLink(title, launch.url if web else "", "standalone" if web else "its URL isn’t a web address", new_tab=True)
    if app is None:
        return TaskLink(title, note=f"No app at this hospital has the launch URI {launch.url}")
    return TaskLink(title, f"{options.here}?app={app.app_id}&task={id}", app.name, open=options.at_work.get("task") == id)


def _describe_visit(appointments: list[Json]) -> tuple[str, str]:
    """The time and reason of today's visit."""
    if not appointments:
        return "", ""
    first = min(appointments, key=lambda appointment: str(appointment.get("start")))
    return f"Today {str(first.get('start'))[11:16]}", schedule.describe_reason(first)
