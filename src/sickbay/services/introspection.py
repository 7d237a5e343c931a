"""Introspection: what a token is, for a resource server that was shown it."""

from __future__ import annotations

from sickbay.authorization import introspection as stage
from sickbay.authorization.known import SubjectKnown
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.values import Client, Family, Token
from sickbay.diagnosis.stages import INTROSPECTION
from sickbay.operations import backend, records, subject
from sickbay.operations.context import Tenant, World
from sickbay.operations.token import Answered
from sickbay.storage.store import Conflict

INACTIVE: dict[str, object] = {"active": False}


async def introspect(world: World, tenant: Tenant, request: TokenRequest) -> Answered:
    """A token that is not good, or not for this caller to know of, is inactive, and nothing more is said of it."""
    while True:
        known, revision = await subject.known_of(world, tenant, request)
        decision = await backend.decided(world, tenant, request, known, INTROSPECTION, stage.checks(request))
        try:
            spent = backend.spent(world, request, known, decision.examination, revision)
            if spent:
                await world.store.transaction(spent)
            break
        except Conflict:  # the same assertion in the same moment: now it was seen
            continue
    caller = known.client.client_id if isinstance(known.client, Client) else ""
    if decision.refusal is not None:
        return Answered(decision, None, caller)
    return Answered(decision, await _said(world, tenant, known), caller)


async def _said(world: World, tenant: Tenant, known: SubjectKnown) -> dict[str, object]:
    one = known.subject
    if not isinstance(one, Token | Family):
        return INACTIVE
    person = await subject.person(world, tenant, one)
    if not stage.active(known, await subject.owner(world, one), person):
        return INACTIVE
    family = one if isinstance(one, Family) else await records.load(world, "family", one.family, Family)
    return stage.answer(known, family, person, tenant.server.issuer)
