"""UserInfo: the person behind a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sickbay.authorization import access
from sickbay.authorization import userinfo as stage
from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.stages import USERINFO
from sickbay.operations import subject
from sickbay.operations.context import Tenant, World
from sickbay.operations.decision import Decision, decide


@dataclass(frozen=True, slots=True)
class Told:
    """claims: None where it was refused."""

    decision: Decision[AccessRequest, AccessKnown]
    claims: dict[str, Any] | None
    client_id: str = ""
    timeline: str = ""


async def userinfo(world: World, tenant: Tenant, request: AccessRequest) -> Told:
    token = await subject.access_token(world, tenant, access.bearer(request))
    client, user = await subject.owner(world, token), await subject.person(world, tenant, token)
    known = AccessKnown(now=world.now(), server=tenant.server, client=client, token=token, user=user)
    decision = decide(USERINFO, tenant, stage.CHECKS, request, known)
    client_id, timeline = (token.client_id, token.timeline) if token else ("", "")
    if decision.refusal is not None or token is None or user is None:
        return Told(decision, None, client_id, timeline)
    return Told(decision, stage.answer(token, user), client_id, timeline)
