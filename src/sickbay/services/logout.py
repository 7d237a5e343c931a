"""Sign-out at the wish of an app: the sign-in at this hospital ends, and the online_access that lives by it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sickbay.authorization import logout as stage
from sickbay.authorization.known import LogoutKnown
from sickbay.authorization.requests import LogoutRequest
from sickbay.authorization.values import Client, User
from sickbay.diagnosis.stages import LOGOUT
from sickbay.operations import id_token_keys, registration, sessions
from sickbay.operations.context import Tenant, World
from sickbay.operations.decision import Decision, decide
from sickbay.operations.sessions import Session


@dataclass(frozen=True, slots=True)
class Asked:
    """user: who is signed in here, None: nobody. asks: that person has to be asked first."""

    decision: Decision[LogoutRequest, LogoutKnown]
    client: Client | None = None
    user: User | None = None
    asks: bool = False


async def logout(world: World, tenant: Tenant, request: LogoutRequest, session: Session | None) -> Asked:
    """Decides; nobody is signed out yet."""
    client = await registration.by_id(world, request.client_id)
    if client is not None and client.tenant != tenant.name:
        client = None
    known = LogoutKnown(server=tenant.server, client=client, keys=await id_token_keys.key_set(world))
    decision = decide(LOGOUT, tenant, stage.CHECKS, request, known)
    if decision.refusal is not None:
        hinted = await registration.by_id(world, stage.audience(request))
        return Asked(replace(decision, known=replace(known, hinted=hinted)), client)
    user = await sessions.signed_in(world, tenant, session)
    asks = user is not None and stage.asks_first(request, user.sub or user.username)
    return Asked(decision, client, user, asks)
