"""Introspection: what a token is, for a resource server that was shown it."""

from __future__ import annotations

from sickbay.authorization import introspection as stage
from sickbay.authorization.contexts import SubjectContext
from sickbay.authorization.models import AccessToken, Client, TokenFamily
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis.stages import INTROSPECTION
from sickbay.services import backend_services, records, token_lookup
from sickbay.services.context import Runtime, Tenant
from sickbay.services.token import TokenResult
from sickbay.storage.interface import Conflict

INACTIVE: dict[str, object] = {"active": False}


async def introspect(runtime: Runtime, tenant: Tenant, request: TokenRequest) -> TokenResult:
    """A token that is not good, or not for this caller to know of, is inactive, and nothing more is said of it."""
    while True:
        known, revision = await token_lookup.known_of(runtime, tenant, request)
        decision = await backend_services.decided(runtime, tenant, request, known, INTROSPECTION, stage.checks(request))
        try:
            spent = backend_services.spent(runtime, request, known, decision.examination, revision)
            if spent:
                await runtime.store.transaction(spent)
            break
        except Conflict:  # the same assertion in the same moment: now it was seen
            continue
    caller = known.client.client_id if isinstance(known.client, Client) else ""
    if decision.refusal is not None:
        return TokenResult(decision, None, caller)
    return TokenResult(decision, await _said(runtime, tenant, known), caller)


async def _said(runtime: Runtime, tenant: Tenant, known: SubjectContext) -> dict[str, object]:
    one = known.subject
    if not isinstance(one, AccessToken | TokenFamily):
        return INACTIVE
    person = await token_lookup.person(runtime, tenant, one)
    if not stage.active(known, await token_lookup.owner(runtime, one), person):
        return INACTIVE
    family = one if isinstance(one, TokenFamily) else await records.load(runtime, "family", one.family, TokenFamily)
    return stage.answer(known, family, person, tenant.server.issuer)
