"""Sign-out requested by an app: ends the sign-in at this hospital and the online_access that depends on it."""

from __future__ import annotations

from msgspec import Struct, structs

from sickbay.authorization import logout as stage
from sickbay.authorization.contexts import LogoutContext
from sickbay.authorization.models import Client, User
from sickbay.authorization.requests import LogoutRequest
from sickbay.diagnosis.stages import LOGOUT
from sickbay.services import id_token, registration, sessions
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, decide
from sickbay.services.sessions import Session


class LogoutResult(Struct, frozen=True):
    """user: who is signed in here, None if no user is. asks: the user has to confirm first."""

    decision: Decision[LogoutRequest, LogoutContext]
    client: Client | None = None
    user: User | None = None
    asks: bool = False


async def end_session(runtime: Runtime, tenant: Tenant, request: LogoutRequest, session: Session | None) -> LogoutResult:
    """Decides on the request, without signing the user out yet."""
    client = await registration.find_by_id(runtime, request.client_id)
    if client is not None and not tenant.has_client(client):
        client = None
    keys = await id_token.key_set(runtime) if request.parameters.get("id_token_hint") else {}
    context = LogoutContext(server=tenant.server, client=client, keys=keys)
    decision = decide(LOGOUT, tenant, stage.CHECKS, request, context)
    if decision.refusal is not None:
        hinted = await registration.find_by_id(runtime, stage.read_audience(request))
        return LogoutResult(structs.replace(decision, context=structs.replace(context, hinted=hinted)), client)
    user = await sessions.load_signed_in_user(runtime, tenant, session)
    asks = user is not None and stage.needs_confirmation(request, user.sub or user.username)
    return LogoutResult(decision, client, user, asks)
