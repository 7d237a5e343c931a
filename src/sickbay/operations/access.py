"""A FHIR request with a token: who it is, what was asked, and what it may see."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.authorization import access as stage
from sickbay.authorization import operations, search, writes
from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.values import Client, Token, User
from sickbay.fhir.body import Body
from sickbay.fhir.fault import Fault
from sickbay.fhir.visibility import NOTHING, Visibility
from sickbay.kernel.refusal import UNKNOWN, Unknown
from sickbay.operations import records
from sickbay.operations.context import Tenant, World
from sickbay.operations.decision import Decision, decide

CHECKS = (*stage.CHECKS, *search.CHECKS, *operations.CHECKS)


class Seen(NamedTuple):
    """visibility is NOTHING where the request was refused."""

    decision: Decision
    visibility: Visibility
    client_id: str = ""
    timeline: str = ""


async def access(
    world: World, tenant: Tenant, version: str, request: AccessRequest, faults: tuple[Fault, ...] = (),
    body: Body | Unknown = UNKNOWN, ignored: tuple[tuple[str, str | None], ...] = (), *, unread: bool = False,
) -> Seen:  # fmt: skip
    """Decide on what is asked. Token, app and user are read afresh each time: revocation is in force at once.

    body: of a create or update, read. faults: what fhir read wrong in address, Accept and search; one answer names them
    beside what is wrong with the token. ignored: what the search leaves out, each with the nearest known name. unread: the body
    is still to come, so nothing is said of it.
    """
    holder = await _holder(world, tenant, version, stage.bearer(request))
    token, client, user = holder.token, holder.client, holder.user
    known = AccessKnown(
        now=world.now(), server=tenant.server, client=client, token=token, user=user, version=version, faults=faults,
        body=body, ignored=ignored,
    )  # fmt: skip
    more = () if unread else writes.checks(request)
    decision = decide("access", tenant, (*CHECKS, *more) if more else CHECKS, request, known)
    client_id, timeline = (token.client_id, token.timeline) if token else ("", "")
    if decision.refusal is not None or token is None:
        return Seen(decision, NOTHING, client_id, timeline)
    return Seen(decision, holder.visibility, client_id, timeline)


class Holder(NamedTuple):
    """Who holds a token, and what it shows."""

    token: Token | None = None
    client: Client | None = None
    user: User | None = None
    visibility: Visibility = NOTHING


NOBODY = Holder()
KEPT = 4096


async def _holder(world: World, tenant: Tenant, version: str, text: str | None) -> Holder:
    """Read afresh whenever anything was written since, by any worker: revocation is in force at once."""
    if text is None:
        return NOBODY
    stamp = world.store.stamp()
    if stamp != world.holders.stamp or stamp is None:
        world.holders.forget(stamp)
    key = (tenant.name, version, text)
    kept = world.holders.kept
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
    return Holder(token, client, user, stage.shown(token, user, tenant.policy, version))
