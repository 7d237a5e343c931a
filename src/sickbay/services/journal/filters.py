"""Reads a filter with the names that this Sickbay knows: its apps, hospitals and rules."""

from __future__ import annotations

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.services import registration
from sickbay.services.context import Runtime
from sickbay.services.journal import filter_language
from sickbay.services.journal.filter_language import FilterReading, KnownNames
from sickbay.services.journal.outcomes import condition_for_student
from sickbay.storage.exchange_filter import ColumnCondition, escape_wildcards


async def read_filter(runtime: Runtime, text: str, student: str = "") -> FilterReading:
    """Parse a filter. Removed apps can be named by the client_id of their exchanges. student: the student to whom the exchanges
    must belong. With one, the filter knows only the apps that the student may open.
    """
    own = (condition_for_student(student),) if student else ()
    words = [word for word in filter_language.split_filter(text[: filter_language.MAXIMUM_CHARACTERS]) if word.name == "app"]
    apps = await _list_apps(runtime, student) if words else {}
    for value in {value for word in words for value in word.values if value.lower() not in apps}:
        if await runtime.store.count_exchanges((ColumnCondition("owner", (escape_wildcards(value),)), *own), 1):
            apps[value.lower()] = (value,)
    reading = filter_language.parse_filter(text, KnownNames(apps, tuple(runtime.tenants), tuple(BY_ID)))
    return reading._replace(wanted=(*reading.wanted, *own))


async def _list_apps(runtime: Runtime, student: str) -> dict[str, tuple[str, ...]]:
    """The client_ids of all apps by name, app_id and client_id, in lower case. Several apps can have the same name."""
    apps: dict[str, tuple[str, ...]] = {}
    for client in await registration.list_clients(runtime):
        if student and client.student not in ("", student):
            continue
        for name in {text.lower() for text in (client.name, client.app_id, client.client_id) if text}:
            apps[name] = (*apps.get(name, ()), client.client_id)
    return apps
