"""Finds the place in the explorer that shows the data of a recorded FHIR request, with a token of the same app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sickbay.diagnosis.stages import FHIR_STAGES
from sickbay.fhir.routing import route
from sickbay.protocol.parameters import encode, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import viewers
from sickbay.services.context import Tenant
from sickbay.services.journal import read as journal_reader
from sickbay.web.exchanges.code_samples import is_masked
from sickbay.web.explorer.asking import READING
from sickbay.web.explorer.place import HOME, ExplorerPlace

LOOKED_AT_TOKENS = 20


def find_link(entry: Mapping[str, Any]) -> str:
    """The address that opens an exchange in the explorer; "" if it isn't a request for FHIR data."""
    request = entry.get("request") or {}
    is_reading = entry.get("stage") in FHIR_STAGES and request.get("method") == "GET"
    return f"{HOME}?exchange={entry['id']}" if is_reading else ""


async def find_place(sandbox: Sandbox, id: str) -> ExplorerPlace | None:
    """None if there is no such exchange, or if the explorer doesn't send such requests. viewer: "" if the app has no token."""
    entry = await journal_reader.read_exchange(sandbox.runtime, sandbox.journal, id, full=True)
    tenant = sandbox.runtime.tenants.get(entry.get("tenant") or "") if entry else None
    if entry is None or tenant is None or not find_link(entry):
        return None
    url = urlsplit(entry["request"]["url"])
    for version in tenant.dialect.fhir:
        place = ExplorerPlace(tenant, version, "")
        base = next((base for base in place.bases if f"{url.scheme}://{url.netloc}{url.path}/".startswith(f"{base}/")), None)
        if base is not None:
            path = url.path[len(urlsplit(base).path) :].lstrip("/")
            return await _add_viewer(sandbox, place._replace(path=path, query=_drop_masked_values(url.query)), tenant, entry)
    return None


async def _add_viewer(sandbox: Sandbox, place: ExplorerPlace, tenant: Tenant, entry: Mapping[str, Any]) -> ExplorerPlace | None:
    """The place with the newest token of the app for this base, if possible one of the same launch."""
    if route(place.version, "GET", f"/{place.path}" if place.path else "").interaction not in READING:
        return None
    app = str(entry.get("app") or "")
    tokens = await viewers.list_tokens(sandbox.runtime, tenant, LOOKED_AT_TOKENS, app) if app else []
    own = [choice for choice in tokens if choice.token.base == tenant.fhir_base(place.version)]
    same = [choice for choice in own if choice.token.timeline and choice.token.timeline == entry.get("launch")]
    chosen = next(iter((*same, *own)), None)
    return place._replace(viewer=f"token:{chosen.handle}" if chosen else "")


def _drop_masked_values(query: str) -> str:
    """The query without the values that the journal masks."""
    return encode([(name, value) for name, value in parse(query).pairs if not is_masked(value)])
