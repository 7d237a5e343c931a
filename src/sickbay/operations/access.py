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
from sickbay.kernel.refusal import UNKNOWN, Check, Plan, Unknown, plan
from sickbay.operations import records
from sickbay.operations.context import Tenant, World
from sickbay.operations.decision import Decision, decide
from sickbay.protocol.headers import Headers

Asked: TypeAlias = tuple[int, str, str | None, str, str]
"""Which headers, by their id; base, type, interaction and letters."""

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
    asked = (id(request.headers), request.base, request.type, request.interaction, request.letters)
    like = _granted(world, tenant, asked)
    granted = world.holders.granted  # of this state of the store: while the holder is loaded, another may begin
    if like is not None:
        holder, proven = like.holder, GRANTED
    else:
        text = stage.bearer(request)
        holder = NOBODY if text is None else await _holder(world, tenant, version, text)
        proven = GOOD if holder.server is tenant.server else NOT_PROVEN
    token = holder.token
    known = AccessKnown(world.now(), tenant.server, holder.client, token, holder.user, version, faults, ignored, body)
    ready = _plan(request.interaction, () if unread else writes.checks(request), proven)
    decision = decide("access", tenant, ready, request, known)
    if token is None:
        return Seen(decision, NOTHING)
    if decision.refusal is not None:
        return Seen(decision, NOTHING, token.client_id, token.timeline)
    if proven == GOOD and request.type is not None and decision.examination is ready.passed:
        _remember(granted, asked, request, holder)
    return Seen(decision, holder.visibility, token.client_id, token.timeline)


class Granted(NamedTuple):
    """Who was granted something, and by which headers: nobody else's have their id as long as they are kept here."""

    holder: Holder
    headers: Headers


NOT_PROVEN, GOOD, GRANTED = range(3)
PROVEN = ((), stage.HOLDING, (*stage.HOLDING, *stage.ASKING))
"""What need not be asked: nothing; of a holder who was found good; of one who was granted the like."""


@lru_cache(maxsize=256)
def _plan(interaction: str, more: tuple[Check[Any, Any], ...], proven: int) -> Plan[Any, Any]:
    return plan((*CHECKS, *more), interaction, PROVEN[proven])


def _granted(world: World, tenant: Tenant, asked: Asked) -> Granted | None:
    """Who was granted the like before: as long as the server is the very one, and nothing was written since."""
    holders = world.holders
    stamp = world.store.stamp()
    if stamp is None or stamp != holders.stamp:
        holders.forget(stamp)
        return None
    found: Granted | None = holders.granted.get(asked)
    return found if found is not None and found.holder.server is tenant.server else None


def _remember(granted: dict[Any, Any], asked: Asked, request: AccessRequest, holder: Holder) -> None:
    """Where the door knows these headers again."""
    if isinstance(request.headers, Headers):
        if len(granted) >= KEPT:
            granted.clear()
        granted[asked] = Granted(holder, request.headers)


class Holder(NamedTuple):
    """Who holds a token, and what it shows. server: under which all is well with the token; None where it is not."""

    token: Token | None = None
    client: Client | None = None
    user: User | None = None
    visibility: Visibility = NOTHING
    server: Server | None = None


NOBODY = Holder()
KEPT = 4096


async def _holder(world: World, tenant: Tenant, version: str, text: str) -> Holder:
    """Read afresh whenever anything was written since, by any worker: revocation is in force at once."""
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
    known = AccessKnown(server=tenant.server, client=client, token=token, user=user)
    shown = stage.shown(token, user, tenant.policy, version)
    return Holder(token, client, user, shown, tenant.server if stage.holds(known) else None)
