"""A FHIR request with a token: who it is, what was asked, and what it may see."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from sickbay.authorization import access as stage
from sickbay.authorization import operations, search, writes
from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.values import Client, Server, Token, User
from sickbay.fhir.body import Body
from sickbay.fhir.fault import Fault
from sickbay.fhir.visibility import NOTHING, Visibility
from sickbay.kernel.compiled_checks import CompiledChecks, compile
from sickbay.kernel.refusal import UNKNOWN, Check, Unknown
from sickbay.operations import records
from sickbay.operations.context import Holders, Tenant, World
from sickbay.operations.decision import Decision, decide
from sickbay.protocol.headers import Headers

Asked: TypeAlias = tuple[int, bytes, bytes]
"""Which headers, by their id; path and query as they came."""

CHECKS = (*stage.CHECKS, *search.CHECKS, *operations.CHECKS)
ASTRAY = (search.address_is_below_the_base, *stage.CHECKS)


class Seen(NamedTuple):
    """visibility is NOTHING where the request was refused."""

    decision: Decision
    visibility: Visibility
    client_id: str = ""
    timeline: str = ""


async def access(
    world: World,
    tenant: Tenant,
    version: str,
    request: AccessRequest,
    faults: tuple[Fault, ...] = (),
    body: Body | Unknown = UNKNOWN,
    ignored: tuple[tuple[str, str | None], ...] = (),
    *,
    unread: bool = False,
) -> Seen:
    """Decide on what is asked. Token, app and user are read afresh each time: revocation is in force at once.

    body: of a create or update, read. faults: what fhir read wrong in address, Accept and search; one answer names them
    beside what is wrong with the token. ignored: what the search leaves out, each with the nearest known name. unread: the body
    is still to come, so nothing is said of it.
    """
    kept = current(world).kept
    text = stage.bearer(request)
    holder = NOBODY if text is None else await _holder(world, kept, tenant, version, text)
    token = holder.token
    known = AccessKnown(world.now(), tenant.server, holder.client, token, holder.user, version, faults, ignored, body)
    ready = _plan(request.interaction, () if unread else writes.checks(request), holder.server is tenant.server)
    decision = decide("access", tenant, ready, request, known)
    if token is None:
        if text is None:
            decision.meant = await _meant(world, tenant, version, request)
        return Seen(decision, NOTHING)
    shown = holder.visibility if decision.refusal is None else NOTHING
    return Seen(decision, shown, token.client_id, token.timeline)


async def _meant(world: World, tenant: Tenant, version: str, request: AccessRequest) -> AccessKnown | None:
    """What is known of the token that was sent where none is read, or so that it cannot be: for the corrected request alone."""
    text = stage.meant(request)
    if text is None:
        return None
    holder = await _loaded(world, tenant, version, text)
    return AccessKnown(token=holder.token, client=holder.client, user=holder.user)


async def giver_of(world: World, request: AccessRequest) -> Tenant | None:
    """The hospital that gave the token of this request."""
    text = stage.bearer(request)
    record = await world.store.get("token", records.digest(text)) if text else None
    return world.tenants.get(record.tenant) if record is not None else None


async def astray(world: World, tenant: Tenant, request: AccessRequest) -> tuple[str, Seen]:
    """A request outside of every base is refused, whatever else it is; version: of the base that was likely meant."""
    text, any_version = stage.bearer(request), tenant.version_of(tenant.server.fhir_bases[0])
    holder = await _loaded(world, tenant, any_version, text) if text else NOBODY
    token = holder.token
    version = tenant.version_of(search.base_meant(request.path, token, tenant.server))
    known = AccessKnown(world.now(), tenant.server, holder.client, token, holder.user, version)
    decision = decide("access", tenant, ASTRAY, request, known)
    return version, Seen(decision, NOTHING, token.client_id if token else "", token.timeline if token else "")


@lru_cache(maxsize=256)
def _plan(interaction: str, more: tuple[Check[Any, Any], ...], held: bool) -> CompiledChecks[Any, Any]:
    """held: by somebody who was found good, of whom no more is asked than what was."""
    return compile((*CHECKS, *more), interaction, stage.HOLDING if held else ())


class Granted(NamedTuple):
    """headers: nobody else's have their id as long as they are kept here. what: was asked for, as the door reads it."""

    headers: Headers
    server: Server
    expires_at: int
    seen: Seen
    what: Any


def again(world: World, tenant: Tenant, asked: Asked) -> Granted | None:
    """What was granted before and is asked for once more: by the same headers, while nobody has written anything, under the
    very same server, and as long as the token lives, since no other check looks at the clock.
    """
    found: Granted | None = current(world).granted.get(asked)
    if found is None or found.server is not tenant.server or found.expires_at <= world.now():
        return None
    return found


def remember(granted: dict[Any, Any], asked: Asked, headers: Headers, seen: Seen, what: Any) -> None:
    """granted: of the state of the store in which it was decided, that is `current` before it was."""
    known = seen.decision.known
    if len(granted) >= KEPT:
        granted.clear()
    granted[asked] = Granted(headers, known.server, known.token.expires_at, seen, what)


def current(world: World) -> Holders:
    """What is known of this state of the store: nothing, once anybody has written."""
    holders, stamp = world.holders, world.store.stamp()
    if stamp is None or stamp != holders.stamp:
        holders.forget(stamp)
    return holders


class Holder(NamedTuple):
    """Who holds a token, and what it shows. server: under which all is well with the token; None where it is not."""

    token: Token | None = None
    client: Client | None = None
    user: User | None = None
    visibility: Visibility = NOTHING
    server: Server | None = None


NOBODY = Holder()
KEPT = 4096


async def _holder(world: World, kept: dict[Any, Any], tenant: Tenant, version: str, text: str) -> Holder:
    """Read afresh whenever anything was written since, by any worker: revocation is in force at once."""
    key = (tenant.name, version, text)
    found: Holder | None = kept.get(key)
    if found is None:
        found = await _loaded(world, tenant, version, text)
        if found.token is not None and len(kept) < KEPT:
            kept[key] = found
    return found


async def _loaded(world: World, tenant: Tenant, version: str, text: str) -> Holder:
    token = await records.load(world, "token", records.digest(text), Token)
    if token is None:
        return NOBODY
    client = await records.load(world, "app", token.client_id, Client)
    user = await records.load(world, "user", f"{tenant.name}/{token.user}", User) if token.user else None
    known = AccessKnown(server=tenant.server, client=client, token=token, user=user)
    shown = stage.shown(token, user, tenant.policy, version)
    return Holder(token, client, user, shown, tenant.server if stage.holds(known) else None)
