"""The start page, the theme, and the response for unknown addresses over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from sickbay.authorization.access import bearer
from sickbay.kernel.english import count, format_time, join
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.journal import read as journal_reader
from sickbay.services.journal.outcomes import determine_outcome
from sickbay.web import address_hints, cookies, error_responses, html_response, http_request
from sickbay.web.admin_guard import LOOPBACK, is_own_path
from sickbay.web.exchanges.handlers import may_read_all
from sickbay.web.html_response import accepts_html, preferred_form
from sickbay.web.http_request import state_of
from sickbay.web.middleware.cors import ANY_ORIGIN_ROUTE, is_preflight, list_cors_headers, preflight_of_any_origin
from sickbay.web.oauth.authorize import refuse_misdirected_request
from sickbay.web.oauth.discovery import explain_metadata
from sickbay.web.oauth.login import allows_one_click
from sickbay.web.pages.notice import make_not_found, make_other_method
from sickbay.web.portal.developer_views import Address, FirstLaunch, HomeView, Hospital, RecentEvent, exchange_line
from sickbay.web.redirects import redirect_to

FIRST = "p-0017"
QUICK_PATIENTS = 100
"""Creating more patients than this takes longer than a few seconds."""
RECENT = 5
"""Number of exchanges under "Recent activity"."""


async def show_home(request: Request, sandbox: Sandbox) -> Response:
    """The start page. Recent activity is shown only to the administrator.

    The first launch is shown only under a loopback name, because the sample app has no other.
    """
    options = await html_response.page_options(request, sandbox, here="Hospitals")
    hospitals = tuple(
        Hospital(
            tenant.title,
            tenant.dialect.about,
            tuple(Address(version.upper(), tenant.fhir_base(version)) for version in tenant.dialect.fhir),
            f"/{name}/ehr",
            f"/{name}/ehr/sign-in",
        )
        for name, tenant in sandbox.runtime.tenants.items()
    )
    number = sandbox.filling.written.patients
    sees = may_read_all(request)
    exchanges = await journal_reader.list_exchanges(sandbox.runtime, sandbox.journal, limit=4 * RECENT) if sees else []
    launchable = number >= 17 and urlsplit(sandbox.runtime.base).hostname in LOOPBACK
    view = HomeView(
        hospitals=hospitals,
        people=f"{count(number, 'synthetic patient')} in each" if number else "no patients",
        first=replace(_show_first_steps(exchanges, number), one_click=allows_one_click(request)) if launchable else None,
        recent=tuple(_recent_event(sandbox, exchange) for exchange in leave_out_preflights(exchanges)[:RECENT]),
        shows_recent=sees,
    )
    return html_response.render_page(request, sandbox, "home", view, options)


def leave_out_preflights(exchanges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All but the preflights that passed. Browsers send them on their own, and they would fill half of the list."""
    return [exchange for exchange in exchanges if exchange["stage"] != "browser" or determine_outcome(exchange) != "passed"]


def _show_first_steps(exchanges: list[dict[str, Any]], patients: int) -> FirstLaunch:
    chart_path = f"/general/ehr/patients/{FIRST}"
    timeline = next((exchange["launch"] for exchange in exchanges if exchange["launch"]), None)
    return FirstLaunch(
        patient="Timothy Peters",
        text="Waiting for Dr. Okafor; treated for high blood pressure.",
        chart=chart_path,
        app="Sample app",
        launch=f"{chart_path}?app=sample-app-general",
        timeline=f"/timelines/{timeline}" if timeline else "",
        is_quick=patients <= QUICK_PATIENTS,
    )


def _recent_event(sandbox: Sandbox, exchange: dict[str, Any]) -> RecentEvent:
    line = exchange_line(exchange)
    tenant = sandbox.runtime.tenants.get(str(exchange["tenant"]))
    time = f"{format_time(float(str(exchange['at'])))} UTC"
    detail = ", ".join(part for part in (tenant.title if tenant else "", time) if part)
    text = f"{line.text}: {line.finding}" if line.finding else line.text
    return RecentEvent(line.kind, text, detail, line.href)


async def change_theme(request: Request, sandbox: Sandbox) -> Response:
    """Store the theme in a cookie, so that the server renders it and the page doesn't flash."""
    session = await cookies.find_session(request, sandbox)
    sent = parse(await http_request.read_body(request))
    back = sent.get("back") or "/"
    response = redirect_to(back if is_own_path(back) else "/")
    if cookies.is_own_form(request, session, sent.get("csrf")) and sent.get("theme") in ("light", "dark"):
        cookies.put_theme(request, response, str(sent.get("theme")))
    return response


async def respond_not_found(request: Request, sandbox: Sandbox) -> Response:
    """The response for unknown addresses and for unsupported methods (RFC 9110, 15.5.6)."""
    routes = _list_other_routes(request)
    is_open = all(route.name == ANY_ORIGIN_ROUTE for route in routes)
    if is_open and is_preflight(request.method, state_of(request.scope).headers):
        return preflight_of_any_origin(request)
    path, methods = http_request.raw_path(request.scope), sorted({method for route in routes for method in route.methods or ()})
    allowed = join(methods)
    if not allowed and (explained := await explain_metadata(request, sandbox)):
        return explained
    accept = request.headers.get("accept", "")
    hint = "" if allowed else address_hints.suggest_address(sandbox, path)
    near = () if allowed else address_hints.find_near_addresses(request, sandbox)
    oauth = error_responses.is_oauth_path(sandbox.runtime.tenants, path)
    changes = request.method not in ("GET", "HEAD")
    is_client = changes or oauth or bearer.token_of(request.headers.get("authorization", "")) is not None
    if preferred_form(accept) != "html" or (is_client and not accepts_html(accept)):
        title = f"This address supports {allowed}, not {request.method}" if allowed else "This address doesn't exist"
        fhir = None if allowed else await address_hints.redirect_to_fhir(request, sandbox)
        problem = error_responses.oauth_error if oauth else error_responses.respond_problem
        response = fhir or problem(405 if allowed else 404, title, detail=hint or (f"Did you mean {near[0]}?" if near else ""))
        response.raw_headers.extend(list_cors_headers(request.headers.get("origin")) if is_open else ())
        response = await address_hints.record_token_request(request, sandbox, response)
    elif not allowed and (tenant := address_hints.find_hospital(request, sandbox)):
        response = await refuse_misdirected_request(request, sandbox, tenant)
    else:
        view = make_other_method(path, request.method, allowed) if allowed else make_not_found(path, hint, near=near)
        response = html_response.render_page(request, sandbox, "notice", view, status=405 if allowed else 404)
    if allowed:
        response.headers["allow"] = ", ".join(methods)
    return response


def _list_other_routes(request: Request) -> list[Route]:
    """The other routes at this address. The catch-all route itself accepts all methods."""
    return [
        route for route in request.app.routes if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL
    ]
