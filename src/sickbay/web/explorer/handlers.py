"""The FHIR explorer over HTTP: finds what an address asks for, and which page shows it. Its requests are all GETs."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from sickbay.fhir.search.parameters import known_types
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import viewers
from sickbay.services.context import Tenant
from sickbay.storage.interface import ResourceSpace
from sickbay.web import html_response, http_request
from sickbay.web.explorer import from_exchange, history_page, resource_page, search_page, types_page
from sickbay.web.explorer.asking import NotReading, send_request
from sickbay.web.explorer.choosing import choose_viewer
from sickbay.web.explorer.page import ExplorerPage
from sickbay.web.explorer.place import COMPARE, FORM, HOME, PICK, URL_CHARACTERS, ExplorerPlace, read_place
from sickbay.web.explorer.search_form import read_form
from sickbay.web.fhir.context import fhir_base
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link
from sickbay.web.population_pending import wait_until_filled
from sickbay.web.redirects import redirect_to


async def show_home(request: Request, sandbox: Sandbox) -> Response:
    """Redirect to the explorer of a hospital: the chosen one, or the hospital of an exchange.

    GET hospital, fhir, viewer, path: as in the bar. patient: a record of the hospital. exchange: the id of one.
    """
    sent = http_request.query_of(request.scope)
    if id := sent.get("exchange"):
        place = await from_exchange.find_place(sandbox, id)
        if place is None:
            return _show_notice(request, sandbox, NOT_EXPLORABLE, 404)
        place = place if place.viewer else place._replace(viewer=await choose_viewer(request, sandbox, place.tenant))
        return redirect_to(place.at(place.path, place.query))
    tenant = sandbox.runtime.tenants.get(sent.get("hospital") or "") or next(iter(sandbox.runtime.tenants.values()))
    viewer, version = await _choose_viewer(request, sandbox, tenant, sent.get("viewer") or "", sent.get("fhir") or "")
    if not viewer:
        return _show_notice(request, sandbox, NO_USERS, 404)
    place = ExplorerPlace(tenant, version, viewer)
    path, _, query = (sent.get("path") or "").partition("?")
    if patient := sent.get("patient"):
        path, query = f"Patient/{patient}", ""
    return redirect_to(place.at(quote(path, safe="/$*%"), quote(query, safe="/?&=%:+,;@!$'()*~-._")))


async def _choose_viewer(request: Request, sandbox: Sandbox, tenant: Tenant, key: str, version: str) -> tuple[str, str]:
    """The viewer and the version: the chosen ones, if the hospital has them. A token is only for one version."""
    versions = tenant.dialect.fhir
    version = version if version in versions else "r4" if "r4" in versions else versions[0]
    viewer = await viewers.load_viewer(sandbox.runtime, tenant, version, key) if key else None
    if viewer is None:
        return await choose_viewer(request, sandbox, tenant), version
    token = viewer.context.token
    return viewer.key, (tenant.version_of(token.base) if token else "") or version


async def explore(request: Request, sandbox: Sandbox) -> Response:
    """Everything below /developer/explorer/HOSPITAL/VERSION/VIEWER/."""
    place = read_place(sandbox, request.scope)
    if place is None:
        return html_response.respond_not_found(request, sandbox)
    viewer = await viewers.load_viewer(sandbox.runtime, place.tenant, place.version, place.viewer)
    if viewer is None:
        return _show_notice(request, sandbox, _make_no_viewer(place), 404)
    if len(place.path) + len(place.query) > URL_CHARACTERS:
        return _show_notice(request, sandbox, TOO_LONG, 414)
    await wait_until_filled(request, sandbox, ResourceSpace(place.tenant.name, place.version))
    base = fhir_base(sandbox, place.tenant, place.version, request.app.state.documents)
    page = ExplorerPage(request, sandbox, base, place, viewer)
    try:
        return await _show_response(page)
    except NotReading:
        return _show_notice(request, sandbox, _make_not_reading(page), 422)


async def _show_response(page: ExplorerPage) -> Response:
    place = page.place
    first, _, last = place.path.rpartition("/")
    if not place.path:
        return await types_page.show_types(page)
    type = first.rpartition("/")[2]
    if last == FORM and type in known_types(place.version):
        pairs = read_form(http_request.query_of(page.request.scope), place.version, type)
        return search_page.apply_form(page, first, pairs) if pairs else await search_page.show_form(page, first)
    if last == PICK and first in known_types(place.version):
        return await search_page.show_pick(page, first)
    if last == COMPARE:
        return await history_page.show_comparison(page, first)
    asked = await send_request(page.base, page.sent_place(), page.viewer)
    return await PAGES.get(asked.route.interaction, search_page.show_search)(page, asked)


PAGES: Final = {
    "read": resource_page.show_resource,
    "vread": resource_page.show_resource,
    "history-instance": history_page.show_history,
    "history-type": history_page.show_history,
    "history-system": history_page.show_history,
}
"""The page of each interaction; a search's for all others."""


def _show_notice(request: Request, sandbox: Sandbox, view: NoticeView, status: int) -> Response:
    options = html_response.PageOptions(here="FHIR explorer")
    return html_response.render_page(request, sandbox, "notice", view, options, status)


START: Final = Link("Open the explorer", HOME)
NOT_EXPLORABLE: Final = NoticeView(
    title="This exchange can’t be opened in the explorer",
    text="The explorer opens reads, searches and histories of FHIR data. This exchange is another request, or it was deleted.",
    primary=START,
)
NO_USERS: Final = NoticeView(
    title="This hospital has no users",
    text="The explorer shows data as a user or with an app’s token. This hospital has no users, and no app has a token yet.",
    primary=Link("Go to the developer portal", "/developer"),
)
TOO_LONG: Final = NoticeView(
    title="This URL is too long for the explorer",
    text=f"The explorer sends FHIR URLs of up to {URL_CHARACTERS:,} characters. Apps may send longer ones.",
    primary=START,
)


def _make_no_viewer(place: ExplorerPlace) -> NoticeView:
    chosen = {"hospital": place.tenant.name, "fhir": place.version, "path": place.path}
    return NoticeView(
        title="This user or token isn’t there",
        text=f"The address names a user that {place.tenant.title} doesn’t have, or a token that isn’t among its newest "
        f"{viewers.NAMED_TOKENS}. A reset deletes tokens, and expired ones are deleted after a day.",
        primary=Link("Open the explorer with another view", f"{HOME}?{urlencode(chosen)}"),
    )


def _make_not_reading(page: ExplorerPage) -> NoticeView:
    return NoticeView(
        title="The explorer only reads",
        text="It sends reads, searches and histories. It sends no operations and no exports, because some of them write data.",
        primary=Link("List the resource types", page.place.at("")),
    )
