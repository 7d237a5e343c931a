"""The search in the header over HTTP: one result opens at once, several are listed in groups."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.doctor import causes
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import lookup as services
from sickbay.services.lookup import TypedSearch
from sickbay.web import error_responses, html_response, http_request, students
from sickbay.web.admin_guard import is_own_path
from sickbay.web.exchanges.handlers import may_read_all
from sickbay.web.exchanges.list_view import shorten_address
from sickbay.web.portal.lookup_view import LookupResults, LookupView, find_topics, group_results

PATH = "/developer/search"
PAGES = ("/developer", "/doctor", "/docs", "/exchanges", "/rules", "/timelines")
"""Beginnings of the addresses that a search opens, besides the pages of hospitals."""


async def look_up(request: Request, sandbox: Sandbox) -> Response:
    """Neither GET nor POST changes anything. A POST with a text that is harmless in an address is repeated with GET."""
    sent = parse(await http_request.read_body(request)) if request.method == "POST" else http_request.query_of(request.scope)
    search = services.read_search(sent.get("q") or "", request.app.state.guard.origins)
    full = may_read_all(request)
    if target := await _find_only_page(sandbox, search, full):
        return _redirect(target)
    if request.method == "POST" and services.may_stand_in_an_address(search.text):
        return _redirect(shorten_address(PATH, q=search.text) if search.text else PATH)
    found = await _find_results(sandbox, search, full, students.owner_of(request))
    groups = group_results(found)
    rows = [row for group in groups for row in group.rows]
    exact = [client for client in found.apps if services.is_exact(client, search)]
    if len(exact) == 1:
        return _redirect(f"/developer/apps/{exact[0].app_id}")
    if len(rows) == 1:
        return _redirect(rows[0].href)
    view = LookupView(
        text=search.text,
        groups=groups,
        explains=bool(search.text) and not search.path,
        full=full,
        sign_in="/developer/sign-in" if request.app.state.guard.has_token and not full else "",
    )
    return html_response.render_page(request, sandbox, "lookup", view, await html_response.page_options(request, sandbox))


async def _find_only_page(sandbox: Sandbox, search: TypedSearch, full: bool) -> str:
    """The page that the search names: by the ID of an exchange, launch, rule or cause, or by its address."""
    if not search.text:
        return ""
    if path := await services.find_page_by_id(sandbox.runtime, sandbox.journal, search, full=full):
        return path
    id = search.text.strip("`").lower()
    if id in BY_ID or causes.find_page(id) is not None:
        return f"/rules/{id}"
    return search.path if _is_page(sandbox, search.path) else ""


def _is_page(sandbox: Sandbox, path: str) -> bool:
    hospitals = (f"/{name}/ehr" for name in sandbox.runtime.tenants)
    is_known = path == "/" or any(path == page or path.startswith(f"{page}/") for page in (*PAGES, *hospitals))
    return is_known and is_own_path(path) and path != PATH


async def _find_results(sandbox: Sandbox, search: TypedSearch, full: bool, student: str) -> LookupResults:
    if not search.text:
        return LookupResults()
    found = await asyncio.to_thread(find_topics, search)
    names = {name: tenant.title for name, tenant in sandbox.runtime.tenants.items()}
    if not full:
        return LookupResults(topics=found, names=names)
    exchanges = await services.find_exchanges(sandbox.runtime, sandbox.journal, search, student)
    return LookupResults(await services.find_apps(sandbox.runtime, search, student), exchanges, found, names)


def _redirect(target: str) -> Response:
    return Response(status_code=303, headers={"location": quote(target, safe="/?=&%#:+*"), **error_responses.NO_STORE})
