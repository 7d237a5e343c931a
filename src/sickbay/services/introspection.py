"""Introspection: describes a token to a resource server that received it."""

from __future__ import annotations

from sickbay.authorization import introspection as stage
from sickbay.authorization.contexts import SubjectContext
from sickbay.authorization.models import AccessToken, Client, TokenFamily
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis.stages import INTROSPECTION
from sickbay.services import client_authentication, records, token_lookup
from sickbay.services.client_authentication import TokenResult
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import decide_in_turn
from sickbay.storage.interface import Conflict

INACTIVE: dict[str, object] = {"active": False}


async def introspect(runtime: Runtime, tenant: Tenant, request: TokenRequest) -> TokenResult:
    """Returns only `active: false` for an invalid token and for one that the caller may not introspect."""
    while True:
        known, revision = await token_lookup.context_of(runtime, tenant, request)
        checks = stage.checks_for(request)
        decision = await decide_in_turn(runtime, INTROSPECTION, tenant, checks, request, known)
        try:
            spent = client_authentication.spend_assertion(runtime, request, known, decision.examination, revision)
            if spent:
                await runtime.store.transaction(spent)
            break
        except Conflict:  # the same assertion at the same moment: it counts as seen now
            continue
    caller = known.client.client_id if isinstance(known.client, Client) else ""
    if decision.refusal is not None:
        return TokenResult(decision, None, caller)
    return TokenResult(decision, await _describe_token(runtime, tenant, known), caller)


async def _describe_token(runtime: Runtime, tenant: Tenant, context: SubjectContext) -> dict[str, object]:
    subject = context.subject
    if not isinstance(subject, AccessToken | TokenFamily):
        return INACTIVE
    person = await token_lookup.user_of(runtime, tenant, subject)
    if not stage.is_active(context, await token_lookup.client_of(runtime, subject), person):
        return INACTIVE
    family = subject if isinstance(subject, TokenFamily) else await records.load(runtime, "family", subject.family, TokenFamily)
    return stage.describe_active_token(context, family, person, tenant.server)
