"""Exchanges and timelines over HTTP: as a page, as JSON, and as text for a ticket."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from msgspec import structs
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sickbay.diagnosis.corrections import with_fresh_pkce
from sickbay.diagnosis.silence.declare import NOTHING
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import ask_app, launch_progress, patients, records, registration
from sickbay.services import launch as launches
from sickbay.services.context import Tenant
from sickbay.services.empty_searches import explain as empty_searches
from sickbay.services.journal import bodies, exchange_json
from sickbay.services.journal import read as journal_reader
from sickbay.services.journal.read import Timeline
from sickbay.services.journal.record import Exchange
from sickbay.services.launch_progress import LaunchProgress
from sickbay.services.redaction.redaction import RecordedResponse
from sickbay.web import cookies, error_responses, html_response, http_request
from sickbay.web.admin.session import refuse_stranger
from sickbay.web.ehr import chart
from sickbay.web.exchanges.resend_view import Comparison, compare, offer
from sickbay.web.exchanges.timeline_views import EVIDENCE, timeline_view
from sickbay.web.exchanges.views import Probably, as_text, exchange_view, list_bodies
from sickbay.web.html_response import Form, preferred_form
from sickbay.web.http_request import headers_of, mark_resent, raw_path, state_of
from sickbay.web.middleware.cors import cors
from sickbay.web.pages.notice import NoticeView, not_found
from sickbay.web.pages.parts import Link
from sickbay.web.resending import find_start


def may_read_all(request: Request) -> bool:
    """Whether the request may read all facts: only the administrator's, who on loopback is the person at the keyboard."""
    return bool(request.app.state.guard.administers(request.scope, headers_of(request.scope)))


async def exchange(request: Request, sandbox: Sandbox, id: str) -> Response:
    """Show one exchange as a page, JSON or text; CORS without credentials."""
    entry = await journal_reader.read(sandbox.runtime, sandbox.journal, id, full=may_read_all(request))
    entry = await _explain(request, sandbox, entry) if entry is not None else None
    form = _form(request)
    if entry is None:
        response = _respond_not_found(request, sandbox, form)
    elif form == "json":
        complete = await bodies.add(sandbox.runtime, entry) if may_read_all(request) else entry
        response = error_responses.json(exchange_json.select_members(complete))
    elif form == "text":
        view = exchange_view(_add_pkce_pair(entry), **await names(sandbox, entry, full=may_read_all(request)))
        response = PlainTextResponse(as_text(view, f"{sandbox.runtime.base}/exchanges/{id}"))
    else:
        response = await show_exchange(request, sandbox, entry)
    for name, value in cors(request.headers.get("origin")):
        response.headers[name.decode()] = value.decode()
    response.headers["vary"] = "Accept, Origin"
    return response


async def show_exchange(
    request: Request, sandbox: Sandbox, entry: Mapping[str, Any], *, notes: Sequence[str] = (), body: str = ""
) -> Response:
    """The page of an exchange. notes, body: of a request that was just sent again."""
    administers = may_read_all(request)
    view = exchange_view(_add_pkce_pair(entry), **await names(sandbox, entry, full=administers))
    if administers:
        view = replace(
            view,
            probably=await _probably(sandbox, entry["id"]),
            resend=offer(entry, find_start(sandbox, entry)),
            comparison=await _compare(sandbox, entry, notes, body),
            bodies=list_bodies(await bodies.add(sandbox.runtime, dict(entry))),
        )
    return html_response.page(request, sandbox, "exchange", view, await _page_options(request, sandbox))


async def _compare(sandbox: Sandbox, entry: Mapping[str, Any], notes: Sequence[str], body: str) -> Comparison | None:
    """The exchange next to the one whose request was sent again; None if a client sent it, or if that one was deleted."""
    id = entry.get("resent_from")
    original = await journal_reader.read(sandbox.runtime, sandbox.journal, id, full=True) if id else None
    return compare(original, entry, notes, body) if original else None


async def _explain(request: Request, sandbox: Sandbox, entry: dict[str, Any]) -> dict[str, Any]:
    """Add why a search found nothing, for the administrator and for a token of the same app, user and patient."""
    runtime, administers = sandbox.runtime, may_read_all(request)
    search, authorization = runtime.empty_searches.get(entry["id"]), request.headers.get("authorization", "")
    if search is None or not (administers or await empty_searches.may_read(runtime, search, authorization)):
        return entry
    await empty_searches.explain_search(runtime, search)
    changed = await empty_searches.changes(runtime, search) if administers else []
    return empty_searches.complete(entry, search) | ({"changed": changed} if changed else {})


async def _probably(sandbox: Sandbox, id: str) -> Probably | None:
    """The launch that an exchange probably belongs to although it doesn't name it."""
    found = await journal_reader.guess(sandbox.runtime, id)
    client = await registration.by_id(sandbox.runtime, found.app) if found else None
    if found is None or client is None:
        return None
    return Probably(client.name, f"/developer/apps/{client.app_id}", f"/timelines/{found.launch}", EVIDENCE[found.evidence])


def _add_pkce_pair(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add a new PKCE pair to the corrected request. It is made for this page and not stored."""
    return with_fresh_pkce(entry, secrets.token_urlsafe(32))


def _form(request: Request) -> Form:
    """The requested form, from ?as= or the Accept header."""
    form = request.query_params.get("as")
    if form == "json":
        return "json"
    return "text" if form == "text" else preferred_form(request.headers.get("accept", ""))


def _respond_not_found(request: Request, sandbox: Sandbox, form: Form) -> Response:
    if form == "html":
        return html_response.page(request, sandbox, "notice", not_found(raw_path(request.scope)), status=404)
    return error_responses.problem(404, "No exchange has this id, or it was deleted")


async def names(sandbox: Sandbox, entry: Mapping[str, Any], *, full: bool = True) -> dict[str, str]:
    """Names to show instead of ids. Other readers than the administrator see nothing of the registration."""
    client = await registration.by_id(sandbox.runtime, entry.get("app")) if full else None
    tenant = sandbox.tenants.get(entry.get("tenant") or "")
    hospital = tenant.title if tenant else ""
    if client is None:
        return {"app": "", "app_href": "", "hospital": hospital, "app_id": ""}
    href = f"/developer/apps/{client.app_id}"
    return {"app": client.name, "app_href": href, "hospital": hospital, "app_id": client.app_id}


async def _origin(sandbox: Sandbox, entry: Mapping[str, Any]) -> str:
    """Host and port of the app's launch URI, else of its first redirect URI."""
    client = await registration.by_id(sandbox.runtime, entry.get("app"))
    addresses = [client.launch_uri, *client.redirect_uris] if client else []
    return next((urlsplit(uri).netloc for uri in addresses if uri), "")


CONTENT_TYPES: dict[Form, str] = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
}


async def record_and_show(request: Request, sandbox: Sandbox, exchange: Exchange) -> Response:
    """Record a refusal, and respond with what was recorded: a page for a browser, JSON or text for a client that accepts only
    that. The response of the exchange has its status; the headers are added here.
    """
    form, status = preferred_form(request.headers.get("accept", "")), exchange.response.status
    headers = {"cache-control": "no-store", "content-type": CONTENT_TYPES[form]}
    exchange = mark_resent(state_of(request.scope), structs.replace(exchange, response=RecordedResponse(status, headers)))
    recorded = await sandbox.journal.record(exchange)
    entry = await exchange_json.read_fresh(sandbox.runtime, recorded, full=may_read_all(request))
    if form == "json":
        return error_responses.json(exchange_json.select_members(entry), status, error_responses.NO_STORE)
    tenant: Tenant = sandbox.tenants[entry["tenant"]]
    view = exchange_view(_add_pkce_pair(entry), hospital=tenant.title)
    if may_read_all(request):
        offered = offer(entry, find_start(sandbox, entry))
        view = replace(view, resend=replace(offered, sends=False) if offered else None)  # this page has no form
    if form == "text":
        text = as_text(view, f"{sandbox.runtime.base}/exchanges/{entry['id']}")
        return PlainTextResponse(text, status, error_responses.NO_STORE)
    options = html_response.PageOptions(framed=True, here="Exchanges")
    return html_response.page(request, sandbox, "exchange", view, options, status)


async def _page_options(request: Request, sandbox: Sandbox) -> html_response.PageOptions:
    return await html_response.page_options(request, sandbox, here="Exchanges")


NO_LAUNCH = NoticeView(
    title="Launch not found",
    text="Sickbay keeps the requests of a launch for at most a day, refused ones for a week. A new launch appears with its "
    "first request.",
    primary=Link("View all exchanges", "/exchanges"),
)


class Persons(NamedTuple):
    """The patient and the user of a launch from a chart; "" if unknown."""

    patient: str = ""
    user: str = ""


async def persons(sandbox: Sandbox, tenant: Tenant | None, timeline: str) -> Persons:
    launch = await launches.of_timeline(sandbox.runtime, timeline) if tenant else None
    if launch is None or tenant is None:
        return Persons()
    user = await records.load_user(sandbox.runtime, tenant, launch.user) if launch.user else None
    record = None
    if launch.patient:
        record = await patients.read(sandbox.runtime, tenant, launch.fhir, "Patient", launch.patient, None)
    name = " ".join(reversed(chart.name_of(record))).strip() if record else launch.patient or ""
    return Persons(name, user.name or user.username if user else launch.user or "")


async def timeline(request: Request, sandbox: Sandbox, id: str) -> Response:
    """GET shows a launch. POST asks the app's address whether anything answers there, and shows the launch with the answer."""
    full = may_read_all(request)
    found = await launch_progress.read(sandbox.runtime, sandbox.journal, id, full=full)
    if request.method == "POST":
        return await _ask(request, sandbox, id, found)
    form = preferred_form(request.headers.get("accept", ""))
    if form == "json":
        recorded = found.timeline if found else Timeline([])
        return error_responses.json(journal_reader.lines(id, recorded), 200 if found else 404)
    if found is None:
        return html_response.page(request, sandbox, "notice", NO_LAUNCH, await _page_options(request, sandbox), 404)
    return await _timeline_page(request, sandbox, found, full)


async def _ask(request: Request, sandbox: Sandbox, id: str, found: LaunchProgress | None) -> Response:
    if rejection := refuse_stranger(request, sandbox, acts=True):
        return rejection
    options = await _page_options(request, sandbox)
    sent = parse(await http_request.read_body(request))
    uri = ask_app.address_to_ask(sandbox.runtime, found) if found else ""
    if not uri or not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return Response(status_code=303, headers={"location": f"/timelines/{quote(id)}"})
    answer = await ask_app.ask(sandbox.runtime, uri)
    asked = await launch_progress.read(sandbox.runtime, sandbox.journal, id, full=True, answer=answer)
    assert asked is not None
    return await _timeline_page(request, sandbox, asked, True, answer)


def _say(answer: str) -> str:
    """What an address answered, for the page."""
    reason = answer.removeprefix(NOTHING)
    return answer if reason == answer else f"no answer ({reason})"


async def _timeline_page(
    request: Request, sandbox: Sandbox, found: LaunchProgress, all_facts: bool, answer: str = ""
) -> Response:
    """Show the timeline. Only the administrator sees the app's name and origin, the patient and the user."""
    recorded, client = found.timeline, found.client
    first: dict[str, Any] = dict(recorded.exchanges[0]) if recorded.exchanges else {}
    if client is not None:
        first |= {"app": client.client_id, "tenant": client.tenant}
    tenant = sandbox.tenants.get(first["tenant"])
    shown_names = await names(sandbox, first, full=all_facts)
    people = await persons(sandbox, tenant, found.id) if all_facts else Persons()
    view = timeline_view(
        found.id,
        recorded.exchanges,
        app=shown_names["app"],
        hospital=shown_names["hospital"],
        origin=await _origin(sandbox, first) if all_facts else "",
        patient=people.patient,
        user=people.user,
        left_out=recorded.left_out,
        probable=recorded.probable,
        trail=found.trail,
    )
    view = replace(view, ask=ask_app.address_to_ask(sandbox.runtime, found) if all_facts else "", answer=_say(answer))
    return html_response.page(request, sandbox, "timeline", view, await _page_options(request, sandbox))
