"""Fetches and caches the metadata documents of clients whose client_id is a URL.

Anyone can send such a client_id before signing in, so how often Sickbay fetches is limited: by sender, by host and in all.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from msgspec import structs

from sickbay.authorization import client_document as stage
from sickbay.authorization.models import Client, DocumentTimes
from sickbay.authorization.refusals import authorize as refusals
from sickbay.kernel.checks import Refusal
from sickbay.kernel.outbound import DEFAULT_PORTS, NotPublic, TooLong, Unreachable
from sickbay.protocol import urls
from sickbay.services import records, registration
from sickbay.services.context import Runtime, Tenant
from sickbay.services.fetched_documents import MAXIMUM_CACHED_DOCUMENTS
from sickbay.services.key_sets import read_lifetime
from sickbay.storage.interface import Delete, Put, Step

MAXIMUM_STORED_DOCUMENTS = 200
"""Maximum number of stored document clients. If there are more, the oldest one without tokens is removed."""
NO_PUBLIC_ADDRESS = "its host has no public address"
"""Used for unknown and private names alike, so that a sender can't find out which names exist in a private network."""
FAMILY = "document"
"""The family of the records of these clients."""


class DocumentSource(NamedTuple):
    """Who sends a request. address: counted together. direct: the person at the keyboard, so a loopback URL may be fetched.

    opened: a browser opened the URL, or the sender isn't a browser. A script or an embedded page doesn't cause a fetch.
    """

    address: str
    direct: bool
    opened: bool


async def load(
    runtime: Runtime, tenant: Tenant, url: str, stored: Client | None, source: DocumentSource | None
) -> Client | Refusal:
    """Returns the client whose document is at this URL. stored: its stored record. source: None if fetching isn't allowed."""
    now, documents = runtime.now(), runtime.client_documents
    if not tenant.policy.client_id_documents:
        return _refuse_document(url, "The hospital's policy `client_id_documents` doesn't allow it")
    if fault := stage.find_url_problem(url):
        return refusals.MCP_CIMD_URL_INVALID(received=url, reason=fault)
    for known in (documents.cached.get((tenant.name, url)), stored):
        if known is not None and known.document is not None and known.document.at <= now < known.document.until:
            return structs.replace(registration.copy_settings(known, stored), tenant=tenant.name)
    if reason := _find_obstacle(runtime, url, source):
        return _refuse_document(url, reason)
    assert source is not None
    key = (tenant.name, url)
    task = documents.running.get(key)
    if task is None:
        limit = documents.take_turn(runtime.effects.arrival() // 60_000_000, source.address, url)
        if limit:
            return _refuse_document(url, f"{limit}. Try again in a minute")
        task = asyncio.get_running_loop().create_task(_fetch_client(runtime, tenant, url, stored, source.direct))
        documents.running[key] = task
        task.add_done_callback(lambda _: documents.running.pop(key, None))
    return await asyncio.shield(task)


def _refuse_document(url: str, reason: str) -> Refusal:
    return refusals.MCP_CIMD_NOT_FETCHED(received=url, reason=reason)


def _find_obstacle(runtime: Runtime, url: str, source: DocumentSource | None) -> str:
    """Why this request may not cause a fetch; "" if it may."""
    if source is None:
        return "Sickbay fetches nothing for this request"
    if not source.opened:
        return "A script or an embedded page sent the request. Open the URL in a browser"
    own = [base for base in (runtime.base, runtime.sample_base) if base]
    is_own_port = urls.is_loopback(url) and _port_of_url(url) in map(_port_of_url, own)
    if is_own_port or urls.origin_of(url) in map(urls.origin_of, own):
        return "The URL is one of Sickbay's own"
    if not urls.is_loopback(url):
        return ""
    is_allowed = runtime.loopback and source.direct
    return "" if is_allowed else "A document on this machine is fetched only for the person who uses this machine"


def _port_of_url(url: str) -> int | None:
    parts = urls.split(url)
    return parts.port or DEFAULT_PORTS.get(parts.scheme)


async def _fetch_client(runtime: Runtime, tenant: Tenant, url: str, stored: Client | None, direct: bool) -> Client | Refusal:
    documents = runtime.client_documents
    cached = documents.cached  # after a reset, the result belongs to what was forgotten
    loopback = direct and runtime.loopback and urls.is_loopback(url)
    try:
        async with documents.slots:
            response = await runtime.effects.fetch(url, loopback=loopback, limit=stage.MAXIMUM_BYTES)
    except TooLong:
        return refusals.MCP_CIMD_TOO_BIG(received=url, limit=f"{stage.MAXIMUM_BYTES:,}")
    except NotPublic:
        return refusals.MCP_CIMD_UNREACHABLE(received=url, reason=NO_PUBLIC_ADDRESS, to="")
    except Unreachable as error:
        return refusals.MCP_CIMD_UNREACHABLE(received=url, reason=str(error), to="")
    metadata = stage.read_document(url, response.status, response.headers, response.body)
    if isinstance(metadata, Refusal):
        return metadata
    fields = stage.to_registration(url, metadata, tenant.name, tenant.policy)
    if fault := registration.settings_problem(runtime, fields):
        return refusals.MCP_CIMD_INVALID(received=url, reason=fault)
    now = runtime.now()
    client = registration.copy_settings(registration.build_client(runtime, fields), stored)
    decision = registration.advise_on_registration(runtime, client)
    if decision.refusal is not None:
        return refusals.MCP_CIMD_INVALID(received=url, reason=decision.explain().findings[0].title)
    client = structs.replace(client, document=DocumentTimes(now, now + read_lifetime(response)))
    if len(cached) >= MAXIMUM_CACHED_DOCUMENTS:
        del cached[next(iter(cached))]
    cached[tenant.name, url] = client
    return client


async def store(runtime: Runtime, client: Client, stored: Client | None) -> None:
    """Stores the client of an accepted request, so that every worker can finish it. If the document has other redirect URIs or
    keys than before, the users' consents end.
    """
    if stored is not None and stored.document == client.document:
        return
    steps: list[Step] = [Put(records.make_app_record(client))]
    if stored is None:
        steps += await _make_room(runtime)
    elif _identity_of_client(stored) != _identity_of_client(client):
        consents = await runtime.store.find("consent", owner=client.client_id, limit=10_000)
        steps += [Delete("consent", consent.key) for consent in consents]
    await runtime.store.transaction(steps)


def _identity_of_client(client: Client) -> tuple[object, ...]:
    return client.redirect_uris, client.auth_method, client.jwks_uri, client.jwks


async def _make_room(runtime: Runtime) -> list[Delete]:
    """Removes the oldest client of a document that has no tokens, if there are too many."""
    if await runtime.store.count_family("app", FAMILY, MAXIMUM_STORED_DOCUMENTS) < MAXIMUM_STORED_DOCUMENTS:
        return []
    for record in await runtime.store.find("app", family=FAMILY, limit=MAXIMUM_STORED_DOCUMENTS, oldest=True):
        if not await runtime.store.find("token", owner=record.key, limit=1):
            return [Delete("app", record.key)]
    return []
