"""The UserInfo endpoint: claims about the user of a token."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from sickbay.authorization import userinfo as stage
from sickbay.authorization.access import bearer
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.token import id_token
from sickbay.diagnosis.stages import USERINFO
from sickbay.services import token_lookup
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, decide


class UserInfoResult(Struct, frozen=True):
    """claims: None if the request was refused."""

    decision: Decision[AccessRequest, AccessContext]
    claims: dict[str, Any] | None
    client_id: str = ""
    timeline: str = ""


async def read_userinfo(runtime: Runtime, tenant: Tenant, request: AccessRequest) -> UserInfoResult:
    token = await token_lookup.access_token(runtime, tenant, bearer.read_bearer(request))
    client, user = await token_lookup.client_of(runtime, token), await token_lookup.user_of(runtime, tenant, token)
    context = AccessContext(now=runtime.now(), server=tenant.server, client=client, token=token, user=user)
    decision = decide(USERINFO, tenant, stage.CHECKS, request, context)
    client_id, timeline = (token.client_id, token.timeline) if token else ("", "")
    if decision.refusal is not None or token is None or user is None:
        return UserInfoResult(decision, None, client_id, timeline)
    return UserInfoResult(
        decision, stage.list_claims(token, user, id_token.fhir_base(tenant.server, token.base)), client_id, timeline
    )
