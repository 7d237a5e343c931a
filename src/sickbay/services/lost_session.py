"""A pending authorization that can't go on: why it ended, or whose browser didn't send our cookie back, mostly in a frame."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from sickbay.authorization.contexts import LoginContext
from sickbay.authorization.models import Client, Launch
from sickbay.authorization.refusals import login as refusals
from sickbay.authorization.requests import LoginRequest, authorize_request
from sickbay.diagnosis.stages import LOGIN
from sickbay.services import launch as launches
from sickbay.services import records, registration
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, refuse
from sickbay.services.pending_authorization import StoredAuthorization
from sickbay.services.sessions import Session

Ending: TypeAlias = Literal["unknown", "expired", "app-removed", "other-browser", "redirect-uri-removed"]


class LostSession(NamedTuple):
    """again: endpoint?parameters of the pending request, without its launch code."""

    decision: Decision[LoginRequest, LoginContext]
    client: Client
    timeline: str
    again: str
    launch: Launch | None = None


async def load_lost_session(runtime: Runtime, tenant: Tenant, id: str) -> LostSession | None:
    """The request pending under this id, whichever browser asks; None if there is none."""
    record = await runtime.store.get("pending", id) if id else None
    if record is None or record.tenant != tenant.name or (record.expires_at or 0) <= runtime.now():
        return None
    stored = records.parse(StoredAuthorization, record.value)
    client = await registration.find_by_id(runtime, stored.client_id)
    if client is None:
        return None
    request, launch = (
        authorize_request(stored.text, stored.method),
        await launches.find_by_key(runtime, tenant, stored.launch_key),
    )
    context = LoginContext(server=tenant.server, client=client, request=request, launch=launch)
    refusal = refusals.COOKIE_SAMESITE_IFRAME(received=None)
    decision = refuse(LOGIN, LoginRequest(request.parameters), context, refusal)
    return LostSession(decision, client, stored.timeline, stored.text, launch)


async def find_ending(runtime: Runtime, tenant: Tenant, id: str, session: Session | None) -> Ending:
    """Why `load_pending` found no request. "unknown": its record is gone, because it was answered or reset."""
    record = await runtime.store.get("pending", id) if id else None
    if record is None or record.tenant != tenant.name:
        return "unknown"
    if (record.expires_at or 0) <= runtime.now():
        return "expired"
    stored = records.parse(StoredAuthorization, record.value)
    if await registration.find_by_id(runtime, stored.client_id) is None:
        return "app-removed"
    return "other-browser" if session is None or stored.session != session.origin else "redirect-uri-removed"
