"""A launch requested by a Task (SMART 2.2, Task profiles for requesting SMART launch) or by the link of a CDS Hooks card.

Both identify the app by its launch URL, and pass it an appContext.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sickbay.authorization.launch import context as launch_context
from sickbay.authorization.models import Client
from sickbay.kernel.english import join
from sickbay.protocol import urls

OPEN = ("requested", "received", "accepted", "ready", "in-progress")
"""Statuses of an open Task."""
CODES = ("launch-app-ehr", "launch-app-standalone")
APPLICATION, APP_CONTEXT = "smartonfhir-application", "smartonfhir-appcontext"


class LaunchTaskRequest(NamedTuple):
    """url: the app's launch URL. patient, encounter: ids or None. intent: from the other codings of the Task's code.

    about: items of fhirContext: the Task and its focus.
    """

    url: str
    app_context: str | None = None
    patient: str | None = None
    encounter: str | None = None
    standalone: bool = False
    intent: str | None = None
    about: tuple[dict[str, str], ...] = ()

    def context(self) -> dict[str, Any]:
        """Returns the members that the launch adds to the token response."""
        members = {"appContext": self.app_context, "intent": self.intent, "fhirContext": list(self.about) or None}
        return {name: value for name, value in members.items() if value is not None}


def request_of_task(task: Mapping[str, Any]) -> LaunchTaskRequest | str:
    """Returns the launch that the Task requests, or a sentence that says why it requests none."""
    codes = _codes_of_concept(task.get("code"))
    code = next((code for code in codes if code in CODES), None)
    if code is None:
        return f"Task.code has neither {join(CODES, 'nor')}"
    url = _input_value(task, APPLICATION, "valueUrl", "valueUri")
    if not url:
        return f"Task.input has no {APPLICATION} with a valueUrl"
    return LaunchTaskRequest(
        url,
        _input_value(task, APP_CONTEXT, "valueString"),
        _id_of_reference(task.get("for"), "Patient"),
        _id_of_reference(task.get("encounter") or task.get("context"), "Encounter"),
        code == "launch-app-standalone",
        next((code for code in codes if code not in CODES), None),
        _list_context(task),
    )


def _list_context(task: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    """Leaves out items that have their own member in the token response, or that fhirContext can't contain."""
    focus = task.get("focus")
    references = [f"Task/{task['id']}"] if task.get("id") else []
    references += [str(focus.get("reference") or "")] if isinstance(focus, Mapping) else []
    items = [{"reference": reference} for reference in references]
    return tuple(item for item in items if not launch_context.find_problems([item]))


def request_of_link(link: Mapping[str, Any]) -> LaunchTaskRequest | str:
    """Returns the launch that a card's link requests (CDS Hooks 2.0, Link), or a sentence that says why it requests none."""
    if link.get("type") != "smart":
        return "A link that launches an app must have the type smart"
    url, context = link.get("url"), link.get("appContext")
    if not isinstance(url, str) or not isinstance(context, str | None):
        return "A link must have a url, and its appContext must be a string"
    return LaunchTaskRequest(url, context)


def app_of(request: LaunchTaskRequest, clients: Sequence[Client], version: str = "") -> Client | None:
    """Returns the app with this launch URI, ignoring its query. version: preferred if several apps match."""
    matches = (
        [client for client in clients if client.launch_uri == request.url]
        or [client for client in clients if _drop_query(client.launch_uri) == _drop_query(request.url)]
        or [
            client
            for client in clients
            if client.sample
            and _loopback_path(request.url)
            and _loopback_path(client.launch_uri) == _loopback_path(request.url)
        ]
    )
    return next((client for client in matches if client.fhir == version), next(iter(matches), None))


def _drop_query(url: str | None) -> str:
    return (url or "").partition("?")[0]


def _loopback_path(url: str | None) -> str:
    """Returns the path of a loopback URL, because the sample app's port can change; "" for other URLs."""
    return urls.split(url or "").path if urls.is_loopback(url or "") else ""


def _codes_of_concept(concept: Any) -> list[str]:
    codings = _list_or_empty(concept.get("coding")) if isinstance(concept, Mapping) else []
    return [str(coding["code"]) for coding in codings if isinstance(coding, Mapping) and coding.get("code")]


def _list_or_empty(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _input_value(task: Mapping[str, Any], kind: str, *members: str) -> str | None:
    for item in _list_or_empty(task.get("input")):
        if isinstance(item, Mapping) and kind in _codes_of_concept(item.get("type")):
            return next((str(item[name]) for name in members if item.get(name)), None)
    return None


def _id_of_reference(reference: Any, type: str) -> str | None:
    text = str(reference.get("reference") or "") if isinstance(reference, Mapping) else ""
    kind, _, id = text.rpartition("/")
    return id if kind.rpartition("/")[2] == type else None
