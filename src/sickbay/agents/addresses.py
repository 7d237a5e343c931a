"""What an agent sends to name an exchange or an app, and Sickbay's own addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from sickbay.agents.api import NotRunning, RequestRefused, SickbayApi, ask, quote_segment

_ADDRESS: Final = re.compile(r"/(?:exchanges|timelines|instances)/([A-Za-z0-9_-]{8,64})(?![A-Za-z0-9_-])")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
NAMED_IDS: Final = 5
"""Maximum number of ids in a pasted text that are looked up."""


async def list_hospitals(api: SickbayApi) -> list[dict[str, Any]]:
    """Returns the hospitals with their addresses. Raises NotRunning."""
    return list(await ask(api, "GET", "/admin/hospitals"))


async def list_own_urls(api: SickbayApi) -> frozenset[str]:
    """Returns Sickbay's URLs that texts may contain: the base URL, and the issuer, endpoints and FHIR bases of each
    hospital."""
    try:
        hospitals = await list_hospitals(api)
    except (NotRunning, RequestRefused):
        return frozenset()
    return frozenset(url for hospital in hospitals for url in urls_of(hospital))


def urls_of(hospital: Mapping[str, Any]) -> Iterator[str]:
    """Returns Sickbay's URLs of a hospital, as described by GET /admin/hospitals."""
    yield str(hospital["ehr"]).removesuffix(f"/{hospital['name']}/ehr")
    yield from (str(hospital[name]) for name in ("issuer", "authorize", "token", "ehr"))
    for base in hospital["fhir"].values():
        yield from (base, f"{base}/metadata", f"{base}/.well-known/smart-configuration")


def find_ids(text: str) -> list[str]:
    """Returns the ids of exchanges and launches in a URL or another text, even if it is percent-encoded twice."""
    texts = (text, unquote(text), unquote(unquote(text)))
    return list(dict.fromkeys(id for each in texts for id in _ADDRESS.findall(each)))[:NAMED_IDS]


def read_id(text: str) -> str | None:
    """Returns the id in a URL, or the text itself if it can be an id."""
    return next(iter(find_ids(text)), text if _ID.fullmatch(text) else None)


async def find_app(api: SickbayApi, reference: str) -> dict[str, Any]:
    """Returns the app with this app_id, client_id or unique name. Raises RequestRefused and NotRunning."""
    return dict(await ask(api, "GET", f"/admin/apps/{quote_segment(reference)}"))


async def find_app_id(api: SickbayApi, client_id: Any) -> str | None:
    """Returns the app_id of a registered app; None if there is none."""
    if not isinstance(client_id, str) or not client_id:
        return None
    try:
        return str((await find_app(api, client_id))["app_id"])
    except RequestRefused:
        return None
