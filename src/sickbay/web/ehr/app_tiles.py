"""The apps next to a chart: the favourites of this browser first, and only a few if there are many, with a search."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.models import Client
from sickbay.fhir.versions import VERSIONS
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Tenant
from sickbay.web import cookies, http_request
from sickbay.web.admin_guard import is_own_path
from sickbay.web.ehr.views import Tile
from sickbay.web.pages.parts import Link
from sickbay.web.redirects import redirect_to

KEPT_FAVOURITES: Final = 20
"""Apps that a browser remembers as favourites. The newest are kept."""
SHOWN_TILES: Final = 8
FOUND_TILES: Final = 24
"""Maximum number of tiles without a search, and with one."""
SEARCH_CHARACTERS: Final = 100
_APP_ID: Final = re.compile(r"[\w-]{1,64}", re.ASCII)


class AppTiles(NamedTuple):
    """The apps of a chart. tiles: shown apps. samples: links to the sample app for other FHIR versions. total: of all that
    match."""

    tiles: tuple[Tile, ...]
    samples: tuple[Link, ...]
    total: int


class TileOptions(NamedTuple):
    """here: the path of the chart. version: its FHIR version. automatic: whether auto_approve applies to this browser."""

    here: str
    version: str
    automatic: bool
    favourites: Collection[str] = ()
    words: str = ""


def make_tiles(apps: Sequence[Client], chosen: Client | None, options: TileOptions) -> AppTiles:
    """Favourites first, then the sample app, then by name. The open app is always shown."""
    clients = sorted(apps, key=lambda app: (app.app_id not in options.favourites, not app.sample, app.name.lower()))
    foreign = [app for app in clients if app.sample and app.fhir != options.version]
    words = options.words[:SEARCH_CHARACTERS].lower()
    matching = [app for app in clients if words in app.name.lower() and (app not in foreign or app is chosen)]
    shown = matching[: FOUND_TILES if words else SHOWN_TILES]
    if chosen is not None and chosen not in shown:
        shown = [chosen, *shown[:-1]]
    foreign.sort(key=lambda app: VERSIONS[app.fhir].number)
    samples = () if words else tuple(Link(app.name, f"{options.here}?app={app.app_id}") for app in foreign)
    return AppTiles(tuple(_make_tile(app, app is chosen, options) for app in shown), samples, len(matching))


def _make_tile(app: Client, is_open: bool, options: TileOptions) -> Tile:
    automatic = app.auto_approve is not None and options.automatic
    note = "included with Sickbay" if app.sample else "approved automatically" if automatic else ""
    is_favourite = app.app_id in options.favourites
    return Tile(app.app_id, app.name, f"{options.here}?app={app.app_id}", note, is_open, is_favourite=is_favourite)


def read_favourites(request: Request) -> tuple[str, ...]:
    """The app_ids that this browser sent. A cookie can contain anything."""
    sent = (cookies.read_cookie(request, cookies.FAVOURITES) or "")[: KEPT_FAVOURITES * 65].split(".")
    return tuple(id for id in sent if _APP_ID.fullmatch(id))[:KEPT_FAVOURITES]


async def change_favourite(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """POST: csrf, app, back. Adds the app to this browser's favourites, or removes it."""
    session = await cookies.find_session(request, sandbox)
    sent = parse(await http_request.read_body(request))
    app, back, home = sent.get("app") or "", sent.get("back") or "", f"/{tenant.name}/ehr"
    response = redirect_to(back if is_own_path(back) else home)
    if cookies.is_own_form(request, session, sent.get("csrf")) and _APP_ID.fullmatch(app):
        others = [id for id in read_favourites(request) if id != app]
        kept = others if len(others) < len(read_favourites(request)) else [app, *others][:KEPT_FAVOURITES]
        cookies.put_favourites(request, response, ".".join(kept))
    return response
