"""The panel of an app's page that injects faults into the app's requests, and ends them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.models import Client
from sickbay.faults.fault import Fault
from sickbay.faults.kinds import list_presets
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import registration
from sickbay.services.class_mode import clearing
from sickbay.services.context import Runtime
from sickbay.services.injection import setting
from sickbay.web import cookies, html_response, http_request, students
from sickbay.web.portal.apps import TOO_LATE, app_page
from sickbay.web.portal.views import FaultForm
from sickbay.web.redirects import redirect_to

FAULTS_PER_APP: Final = 3
"""Faults or presets that a student may inject into an app at the same time."""
FAULTS_PER_STUDENT: Final = 20
"""Maximum number of active faults of a student's apps, so that no student uses up the limit of the class."""
FOR_EVERYONE: Final = frozenset(("rotate-keys",))
"""Kinds that also affect other apps, although a request of one app causes them."""


async def change(request: Request, sandbox: Sandbox, id: str) -> Response:
    """Inject a fault or end one. POST: csrf, and kind, members and times, or end."""
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    sent = parse(await http_request.read_body(request))
    client = await registration.find_unambiguous_app(sandbox.runtime, id)
    if client is None:
        return redirect_to("/developer")
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return await app_page(request, sandbox, client, options, status=403, fault=TOO_LATE)
    student = students.owner_of(request)
    if student and (reason := _refuse_student(sandbox.runtime, client, sent)):
        return await app_page(request, sandbox, client, options, status=422, fault=reason)
    if fault := sent.get("end"):
        await setting.remove_faults(sandbox.runtime, fault)
        return _return_to_app(client)
    filters: dict[str, Any] = {"app": client.client_id, "tenant": client.tenant}
    typed = FaultForm(*((sent.get(name) or "").strip() for name in FaultForm._fields))
    try:
        wanted = read_form(typed, filters)
        await setting.add_faults(sandbox.runtime, wanted, await _limit_of_student(sandbox.runtime, client) if student else None)
    except setting.WrongFault as error:
        message = f"No fault was injected: {error}"
        return await app_page(request, sandbox, client, options, status=422, fault=message, typed=typed)
    return _return_to_app(client)


def read_form(typed: FaultForm, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The faults of the form, each with these filters. Raises setting.WrongFault."""
    if typed.times and not typed.times.isdecimal():
        raise setting.WrongFault(["How many times must be a whole number, or empty."])
    limits = {**filters, **({"times": int(typed.times)} if typed.times else {})}
    if typed.kind not in list_presets():
        return [{"kind": typed.kind, **read_members(typed.members), **limits}]
    if typed.members:
        raise setting.WrongFault(["A preset takes no values. Leave them empty, or choose a single fault."])
    return setting.apply_preset(typed.kind, limits)


def _refuse_student(runtime: Runtime, client: Client, sent: Parameters) -> str:
    """Returns why a student can't change the faults in this way, as a sentence; "" if the change is allowed."""
    if end := sent.get("end"):
        is_own = any(fault.id == end and _is_of(fault, client) for fault in runtime.faults)
        return "" if is_own else "This fault isn’t only for this app, so only the teacher can end it."
    if sent.get("kind") in FOR_EVERYONE:
        return f"The fault {sent.get('kind')} changes the apps of others too, so only the teacher can inject it."
    return ""


def _is_of(fault: Fault, client: Client) -> bool:
    return (fault.app, fault.tenant) == (client.client_id, client.tenant)


async def _limit_of_student(runtime: Runtime, client: Client) -> setting.FaultLimit:
    """The limits of an app and of all apps of its student. They are compared with the faults that the new ones are added to."""
    apps = {app.client_id for app in await clearing.list_apps(runtime, client.student)}

    def find_excess(faults: Sequence[Fault], added: int) -> str:
        if sum(_is_of(fault, client) for fault in faults) >= FAULTS_PER_APP:
            return f"This app already has {FAULTS_PER_APP} faults. End one first."
        total = sum(fault.app in apps for fault in faults) + added
        return (
            ""
            if total <= FAULTS_PER_STUDENT
            else f"Your apps may have at most {FAULTS_PER_STUDENT} faults together. End some first."
        )

    return find_excess


def _return_to_app(client: Client) -> Response:
    return redirect_to(f"/developer/apps/{client.app_id}#h-faults")


def read_members(text: str) -> dict[str, Any]:
    """Members as in sickbay.toml, one per line; a word needs no quotes. Raises setting.WrongFault."""
    members: dict[str, Any] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise setting.WrongFault([f"Write each value as a name, = and the value, such as status = 503, not {line}."])
        try:
            members |= tomllib.loads(f"{name} = {value}")
        except tomllib.TOMLDecodeError as error:
            if not name.isidentifier():
                raise setting.WrongFault([f"{line} isn’t valid TOML: {error}."]) from None
            members[name] = None if value == "null" else value
    return members
