"""Sends a request to a hospital again, inside this process: without a connection, a cookie, or anyone's rights.

Only the addresses of a hospital's OAuth and FHIR servers can be reached, and a redirect isn't followed. The request carries a
mark (`http_request.ResendMark`) in the scope of its ASGI call. No client can set this mark. A
request with the mark never counts as the administrator's (`admin_guard`), and credentials that Sickbay made for it are accepted
instead of the app's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from contextvars import Context
from time import perf_counter
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

import orjson

from sickbay.kernel.english import join
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Runtime, Tenant
from sickbay.services.resend.edited import EditedRequest, WrongRequest
from sickbay.services.resend.fill import Filled, Filler
from sickbay.services.resend.fresh_grants import CannotIssue, delete_issued_grants, steps_to_delete
from sickbay.services.resend.originator import find_originator
from sickbay.services.resend.placeholders import values_to_type
from sickbay.services.resend.proposal import Proposal, add_credentials, propose_request, read_original
from sickbay.storage.interface import Delete, ResourceSpace, Step
from sickbay.storage.resets import OUTSIDE, begin
from sickbay.web.http_request import RequestState, ResendMark, read_headers
from sickbay.web.inner_exchange import InnerExchange
from sickbay.web.middleware.asked_requests import stage_of
from sickbay.web.middleware.fhir_bases import FhirBases

SENDER: Final = ("resent", 0)
"""The address of the client in the scope. It isn't one of this machine, so a resent request is never at the keyboard."""
WAIT_SECONDS: Final = 30.0
"""For the response. An injected fault may delay it for longer."""
KEPT_BYTES: Final = 200_000
"""Maximum number of bytes kept of the response's body, for the user who sent the request."""
TOO_MANY: Final = 429
BUSY_SECONDS: Final = 2
"""The value of Retry-After while `Runtime.resending` is used up."""


class ResendTarget(Protocol):
    """The parts of the application (`web.app`) that a resent request needs. bases: serves FHIR, and passes the rest to the
    pages."""

    sandbox: Sandbox
    bases: FhirBases


class SentAgain(NamedTuple):
    """exchange: the id of the new one. status: 0 if no response came. body: its beginning. size: its bytes."""

    exchange: str
    filled: Filled
    status: int = 0
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""
    size: int = 0


class CannotSend(Exception):
    """The request wasn't sent. Its text says why. names: the values that a person has to type first. status: of the answer."""

    def __init__(self, reason: str, names: tuple[str, ...] = (), status: int = 422) -> None:
        super().__init__(reason)
        self.names, self.status = names, status


async def send_again(application: ResendTarget, entry: Mapping[str, Any], proposal: Proposal, *, opens: bool) -> SentAgain:
    """Fill in what is missing and send the request. Raises CannotSend.

    entry: the recorded exchange. opens: whether the person may sign in without a password (`AdminGuard.opens`).
    """
    runtime = application.sandbox.runtime
    tenant = find_tenant(runtime, proposal.edited)
    if names := values_to_type(proposal.edited):
        raise CannotSend(f"Type {join(names)} first. The journal masks patient data and doesn’t keep bodies.", names)
    if runtime.resending.locked():
        raise CannotSend("Sickbay is already sending several requests again. Try again in a moment.", status=TOO_MANY)
    async with runtime.resending:
        return await _fill_and_send(application, tenant, entry, proposal, opens)


def find_start(sandbox: Sandbox, entry: Mapping[str, Any], *, original: bool = False) -> Proposal | None:
    """The request that is offered to be sent: the one that solves the problems, else the original one; None if neither can be.

    original: only the original one.
    """
    base = sandbox.runtime.base
    with suppress(WrongRequest, CannotSend):
        found = None if original else propose_request(base, entry)
        found = found or Proposal(read_original(base, entry), "original")
        find_tenant(sandbox.runtime, found.edited)
        return found
    return None


def find_tenant(runtime: Runtime, edited: EditedRequest) -> Tenant:
    """The hospital whose OAuth or FHIR server is addressed. Raises CannotSend for every other address."""
    path = unquote(edited.path)
    stage = stage_of(runtime, path)
    if stage == "registration":
        raise CannotSend("Only the administrator registers apps, and a resent request never has the administrator’s rights.")
    if not stage:
        raise CannotSend(f"{path[:200]} isn’t an address of a hospital’s OAuth or FHIR server. Only these get requests again.")
    return runtime.tenants[path.split("/")[1]]


async def _fill_and_send(
    application: ResendTarget, tenant: Tenant, entry: Mapping[str, Any], proposal: Proposal, opens: bool
) -> SentAgain:
    sandbox, edited = application.sandbox, proposal.edited
    runtime = sandbox.runtime
    originator = await find_originator(runtime, tenant, entry, edited)
    client = originator.client if originator else None
    if client is not None:
        await sandbox.filling.ensure(ResourceSpace(tenant.name, client.fhir))
        edited = add_credentials(edited, client) if proposal.new_credentials else edited
    filler = Filler(runtime, tenant.override_for_app(client), originator, opens, corrects=proposal.origin != "original")
    try:
        filled = await filler.fill(edited)
        sent = await _send_to_application(application, filled, str(entry["id"]))
        filler.later += _steps_after_request(sent)
        filler.later += await steps_to_delete(runtime, _response_members(sent).get("access_token"))
        return sent
    except CannotIssue as error:
        raise CannotSend(str(error)) from None
    finally:
        await delete_issued_grants(runtime, filler.later)


def _steps_after_request(sent: SentAgain) -> list[Step]:
    """The step that deletes an accepted authorization request: no browser will continue it."""
    address = urlsplit(sent.headers.get("location", ""))
    id = parse(address.query).get("request") if address.path.endswith("/oauth/continue") else None
    return [Delete("pending", id)] if id else []


def _response_members(sent: SentAgain) -> dict[str, Any]:
    """The members of a JSON response, such as the tokens of a token response. No one gets them, so they are deleted."""
    try:
        members = orjson.loads(sent.body)
    except orjson.JSONDecodeError:
        return {}
    return members if isinstance(members, dict) else {}


async def _send_to_application(application: ResendTarget, filled: Filled, original: str) -> SentAgain:
    """Call the application with the request, and collect its response. A redirect isn't followed."""
    request, effects = filled.request, application.sandbox.runtime.effects
    base = urlsplit(application.sandbox.runtime.base)
    body = request.body.encode("utf-8", "surrogatepass")
    headers = {"host": base.netloc, **request.headers, "content-length": str(len(body))}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    mark = ResendMark(original, filled.stand_in)
    headers_read, started = read_headers(raw), perf_counter()
    state = RequestState(effects.token(12), headers_read, started=started, resent=mark, resent_from=original)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": base.scheme,
        "method": request.method,
        "path": unquote(request.path),
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "root_path": "",
        "headers": raw,
        "client": SENDER,
        "server": (base.hostname, base.port),
        "app": application,
        "state": state,
    }
    exchange = InnerExchange(body, KEPT_BYTES)
    task = asyncio.get_running_loop().create_task(_call_application(application, scope, exchange), context=Context())
    with suppress(TimeoutError, ConnectionError):
        await asyncio.wait_for(task, WAIT_SECONDS)
    return SentAgain(state.exchange, filled, exchange.status, exchange.headers, bytes(exchange.body), exchange.size)


async def _call_application(application: ResendTarget, scope: dict[str, Any], exchange: InnerExchange) -> None:
    state: RequestState = scope["state"]
    begin(state)
    try:
        await application.bases(scope, exchange.receive, exchange.send)
    finally:
        state.revisions = OUTSIDE
