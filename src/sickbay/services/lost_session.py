"""A request that waits for a person, in a browser that did not bring our cookie back: a frame, mostly."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.authorization.known import LoginKnown
from sickbay.authorization.refusals import login as refusals
from sickbay.authorization.requests import LoginRequest, authorize_request
from sickbay.authorization.values import Client, Launch
from sickbay.diagnosis.stages import LOGIN
from sickbay.operations import launch as launches
from sickbay.operations import records, registration
from sickbay.operations.authorize import Pending
from sickbay.operations.context import Tenant, World
from sickbay.operations.decision import Decision, refused


class Lost(NamedTuple):
    """again: endpoint?parameters of the request that waited, without its launch code."""

    decision: Decision[LoginRequest, LoginKnown]
    client: Client
    timeline: str
    again: str
    launch: Launch | None = None


async def lost(world: World, tenant: Tenant, id: str) -> Lost | None:
    """What waits under this id, for whichever browser; None where nothing does."""
    record = await world.store.get("pending", id) if id else None
    if record is None or record.tenant != tenant.name or (record.expires_at or 0) <= world.now():
        return None
    kept = records.parse(Pending, record.value)
    client = await registration.by_id(world, kept.client_id)
    if client is None:
        return None
    request, launch = authorize_request(kept.text, kept.method), await launches.by_key(world, tenant, kept.launch_key)
    known = LoginKnown(server=tenant.server, client=client, request=request, launch=launch)
    refusal = refusals.COOKIE_SAMESITE_IFRAME(received=None)
    decision = refused(LOGIN, LoginRequest(request.parameters), known, refusal)
    return Lost(decision, client, kept.timeline, kept.text, launch)
