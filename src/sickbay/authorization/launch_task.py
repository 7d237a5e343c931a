"""A launch requested by a Task (SMART 2.2, Task profiles for requesting SMART launch) or by the link of a CDS Hooks card.

Both identify the app by its launch URL, and pass an appContext to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sickbay.authorization import launch_context
from sickbay.authorization.models import Client
from sickbay.kernel.english import join
from sickbay.protocol import urls

OPEN = ("requested", "received", "accepted", "ready", "in-progress")
"""Statuses of an open Task."""
CODES = ("launch-app-ehr", "launch-app-standalone")
APPLICATION, APP_CONTEXT = "smartonfhir-application", "smartonfhir-appcontext"


class LaunchTaskRequest(NamedTuple):
    """url: the app's launch URL. patient, encounter: ids or None. intent: from the other codings of the Task's code.

    about: items of fhirContext: the Task itself and its focus.
    """

    url: str
    app_context: str | None = None
    patient: str | None = None
    encounter: str | None = None
    standalone: bool = False
    intent: str | None = None
    about: tuple[dict[str, str], ...] = ()

    def context(self) -> dict[str, Any]:
        """The members that the launch adds to the token response."""
        told = {"appContext": self.app_context, "intent": self.intent, "fhirContext": list(self.about) or None}
        return {name: value for name, value in told.items() if value is not None}


def of_task(task: Mapping[str, Any]) -> LaunchTaskRequest | str:
    """The launch that the Task asks for, or a sentence that says why it asks for none."""
    codes = _codes(task.get("code"))
    code = next((one for one in codes if one in CODES), None)
    if code is None:
        return f"Task.code has neither {join(CODES, 'nor')}"
    url = _input(task, APPLICATION, "valueUrl", "valueUri")
    if not url:
        return f"Task.input has no {APPLICATION} with a valueUrl"
    return LaunchTaskRequest(
        url,
        _input(task, APP_CONTEXT, "valueString"),
        _id(task.get("for"), "Patient"),
        _id(task.get("encounter") or task.get("context"), "Encounter"),
        code == "launch-app-standalone",
        next((one for one in codes if one not in CODES), None),
        _about(task),
    )


def _about(task: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    """Without items that have their own member in the token response, or that fhirContext may not contain."""
    focus = task.get("focus")
    named = [f"Task/{task['id']}"] if task.get("id") else []
    named += [str(focus.get("reference") or "")] if isinstance(focus, Mapping) else []
    items = [{"reference": one} for one in named]
    return tuple(one for one in items if not launch_context.faults([one]))


def of_link(link: Mapping[str, Any]) -> LaunchTaskRequest | str:
    """The launch that a card's link asks for (CDS Hooks 2.0, Link), or a sentence that says why it asks for none."""
    if link.get("type") != "smart":
        return "A link that launches an app must have the type smart"
    url, context = link.get("url"), link.get("appContext")
    if not isinstance(url, str) or not isinstance(context, str | None):
        return "A link must have a url, and its appContext must be a string"
    return LaunchTaskRequest(url, context)


def app_of(wanted: LaunchTaskRequest, every: Sequence[Client], version: str = "") -> Client | None:
    """The app with this launch URI, apart from its query. version: preferred if several apps match."""
    found = (
        [one for one in every if one.launch_uri == wanted.url]
        or [one for one in every if _bare(one.launch_uri) == _bare(wanted.url)]
        or [one for one in every if one.sample and _place(wanted.url) and _place(one.launch_uri) == _place(wanted.url)]
    )
    return next((one for one in found if one.fhir == version), next(iter(found), None))


def _bare(url: str | None) -> str:
    return (url or "").partition("?")[0]


def _place(url: str | None) -> str:
    """Only the path of a loopback URL: the sample app's port can change."""
    return urls.split(url or "").path if urls.is_loopback(url or "") else ""


def _codes(concept: Any) -> list[str]:
    codings = _list(concept.get("coding")) if isinstance(concept, Mapping) else []
    return [str(one["code"]) for one in codings if isinstance(one, Mapping) and one.get("code")]


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _input(task: Mapping[str, Any], kind: str, *members: str) -> str | None:
    for one in _list(task.get("input")):
        if isinstance(one, Mapping) and kind in _codes(one.get("type")):
            return next((str(one[name]) for name in members if one.get(name)), None)
    return None


def _id(reference: Any, type: str) -> str | None:
    text = str(reference.get("reference") or "") if isinstance(reference, Mapping) else ""
    kind, _, id = text.rpartition("/")
    return id if kind.rpartition("/")[2] == type else None
