"""Exchanges and timelines over HTTP: as a page, as JSON, and as text for a ticket."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sickbay.diagnosis.corrections import insert_fresh_pkce
from sickbay.diagnosis.stages import FHIR_STAGES
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import registration
from sickbay.services.context import Tenant
from sickbay.services.empty_searches.completion import explain_exchange
from sickbay.services.journal import bodies, exchange_json, own_parameters
from sickbay.services.journal import read as journal_reader
from sickbay.services.journal.record import Exchange
from sickbay.services.redaction.redaction import RecordedResponse
from sickbay.web import error_responses, html_response, students
from sickbay.web.exchanges import markdown
from sickbay.web.exchanges.resend_view import Comparison, compare_exchanges
from sickbay.web.exchanges.shown_bodies import list_bodies
from sickbay.web.exchanges.timeline_steps import EVIDENCE
from sickbay.web.exchanges.views import ExchangeView, Probably, exchange_view, format_as_text, make_offer
from sickbay.web.explorer.from_exchange import find_link
from sickbay.web.html_response import Form, preferred_form
from sickbay.web.http_request import headers_of, mark_resent_exchange, state_of
from sickbay.web.middleware.cors import list_cors_headers
from sickbay.web.resending import find_start


def may_read_all(request: Request) -> bool:
    """Whether the request may read all facts: only the administrator's, who on loopback is the person at the keyboard."""
    return bool(request.app.state.guard.is_administrator(request.scope, headers_of(request.scope)))


def _may_read_bodies(request: Request) -> bool:
    """Whether the sender may read the bodies of FHIR requests: the administrator may, students may not."""
    return may_read_all(request) and not students.owner_of(request)


async def show_by_id(request: Request, sandbox: Sandbox, id: str) -> Response:
    """Show one exchange as a page, JSON or text; CORS without credentials."""
    entry = await journal_reader.read_exchange(sandbox.runtime, sandbox.journal, id, full=may_read_all(request))
    entry = await _add_search_explanation(request, sandbox, entry) if entry is not None else None
    form = _requested_form(request)
    if entry is None:
        response = _respond_not_found(request, sandbox, form)
    elif form == "json":
        complete = await bodies.add_bodies(sandbox.runtime, entry) if _may_read_bodies(request) else entry
        response = error_responses.respond_json(exchange_json.select_members(complete))
    elif form == "markdown":
        response = html_response.markdown_response(markdown.format_markdown(sandbox, entry), more=error_responses.NO_STORE)
    elif form == "text":
        view = exchange_view(_add_pkce_pair(entry), **await load_names(sandbox, entry, full=may_read_all(request)))
        response = PlainTextResponse(format_as_text(view, f"{sandbox.runtime.base}/exchanges/{id}"))
    else:
        response = await show_exchange(request, sandbox, entry)
    for name, value in list_cors_headers(request.headers.get("origin")):
        response.headers[name.decode()] = value.decode()
    response.headers["vary"] = "Accept, Origin"
    response.headers["cache-control"] = "no-store"
    return response


async def show_exchange(
    request: Request, sandbox: Sandbox, entry: Mapping[str, Any], *, notes: Sequence[str] = (), body: str = ""
) -> Response:
    """The page of an exchange. notes, body: those of a request that was just sent again."""
    administers = may_read_all(request)
    view = exchange_view(_add_pkce_pair(entry), **await load_names(sandbox, entry, full=administers))
    if administers:
        view = replace(
            view,
            probably=await _probable_launch(sandbox, entry["id"]),
            resend=None if students.owner_of(request) else make_offer(entry, find_start(sandbox, entry)),
            comparison=await _compare_with_original(sandbox, entry, notes, body),
            explorer="" if students.owner_of(request) else find_link(entry),
        )
        view = await _add_bodies(sandbox, entry, view) if _may_read_bodies(request) else view
    return html_response.render_page(request, sandbox, "exchange", view, await _page_options(request, sandbox))


async def _add_bodies(sandbox: Sandbox, entry: Mapping[str, Any], view: ExchangeView) -> ExchangeView:
    kept = sandbox.runtime.kept_bodies
    if kept is None or entry.get("stage") not in FHIR_STAGES:
        return view
    shown = list_bodies(await bodies.add_bodies(sandbox.runtime, dict(entry)), kept.find(entry["id"]))
    return replace(view, bodies=shown, bodies_dropped=not shown)


async def _compare_with_original(
    sandbox: Sandbox, entry: Mapping[str, Any], notes: Sequence[str], body: str
) -> Comparison | None:
    """Returns the comparison with the exchange that was sent again; None if there is none, or if it was deleted."""
    id = entry.get("resent_from")
    original = await journal_reader.read_exchange(sandbox.runtime, sandbox.journal, id, full=True) if id else None
    return compare_exchanges(original, entry, notes, body) if original else None


async def _add_search_explanation(request: Request, sandbox: Sandbox, entry: dict[str, Any]) -> dict[str, Any]:
    """Add why a search found nothing, for the administrator and for a token of the same app, user and patient. For the
    administrator, also add what is stored with the authorization code.
    """
    runtime, administers = sandbox.runtime, may_read_all(request)
    entry = await own_parameters.restore_parameters(runtime, entry) if administers else entry
    return await explain_exchange(runtime, entry, None if administers else request.headers.get("authorization", ""))


async def _probable_launch(sandbox: Sandbox, id: str) -> Probably | None:
    """The launch that an exchange probably belongs to although it doesn't name it."""
    found = await journal_reader.guess_launch(sandbox.runtime, id)
    client = await registration.find_by_id(sandbox.runtime, found.app) if found else None
    if found is None or client is None:
        return None
    return Probably(client.name, f"/developer/apps/{client.app_id}", f"/timelines/{found.launch}", EVIDENCE[found.evidence])


def _add_pkce_pair(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add a new PKCE pair to the corrected request. It is made for this page and not stored."""
    return insert_fresh_pkce(entry, secrets.token_urlsafe(32))


def _requested_form(request: Request) -> Form:
    """The requested form, from ?as= or the Accept header."""
    wanted = request.query_params.get("as", "")
    return NAMED_FORMS.get(wanted) or preferred_form(request.headers.get("accept", ""))


def _respond_not_found(request: Request, sandbox: Sandbox, form: Form) -> Response:
    if form == "html":
        return html_response.respond_not_found(request, sandbox)
    return error_responses.respond_problem(404, "No exchange has this id, or it was deleted")


async def load_names(sandbox: Sandbox, entry: Mapping[str, Any], *, full: bool = True) -> dict[str, Any]:
    """Returns names to show instead of ids. Only the administrator sees the registration."""
    client = await registration.find_by_id(sandbox.runtime, entry.get("app")) if full else None
    tenant = sandbox.runtime.tenants.get(entry.get("tenant") or "")
    hospital = tenant.title if tenant else ""
    if client is None:
        return {"app": "", "app_href": "", "hospital": hospital, "app_id": ""}
    href = f"/developer/apps/{client.app_id}"
    names = {"app": client.name, "app_href": href, "hospital": hospital, "app_id": client.app_id}
    return names | {"is_service": client.type == "system"}


NAMED_FORMS: dict[str, Form] = {"json": "json", "text": "text", "markdown": "markdown"}
"""By the value of ?as=."""
CONTENT_TYPES: dict[Form, str] = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
}


async def record_and_show(request: Request, sandbox: Sandbox, exchange: Exchange) -> Response:
    """Record a refusal, and respond with what was recorded: a page for a browser, JSON or text for a client that accepts only
    that. The response of the exchange has its status; the headers are added here.
    """
    form, status = preferred_form(request.headers.get("accept", "")), exchange.response.status
    headers = {"cache-control": "no-store", "content-type": CONTENT_TYPES[form]}
    exchange = mark_resent_exchange(
        state_of(request.scope), structs.replace(exchange, response=RecordedResponse(status, headers))
    )
    recorded = await sandbox.journal.record(exchange)
    administers = may_read_all(request)
    full = administers or students.is_started_by_student(request, recorded)
    entry = await exchange_json.read_fresh(sandbox.runtime, recorded, full=full)
    if form == "json":
        return error_responses.respond_json(exchange_json.select_members(entry), status)
    if form == "markdown":
        return html_response.markdown_response(markdown.format_markdown(sandbox, entry), status, error_responses.NO_STORE)
    tenant: Tenant = sandbox.runtime.tenants[entry["tenant"]]
    view = exchange_view(_add_pkce_pair(entry), hospital=tenant.title)
    if administers:
        offered = make_offer(entry, find_start(sandbox, entry))
        view = replace(view, resend=replace(offered, sends=False) if offered else None)  # this page has no form
    if form == "text":
        text = format_as_text(view, f"{sandbox.runtime.base}/exchanges/{entry['id']}")
        return PlainTextResponse(text, status, error_responses.NO_STORE)
    options = html_response.PageOptions(framed=True, here="Exchanges")
    return html_response.render_page(request, sandbox, "exchange", view, options, status)


async def _page_options(request: Request, sandbox: Sandbox) -> html_response.PageOptions:
    return await html_response.page_options(request, sandbox, here="Exchanges")
