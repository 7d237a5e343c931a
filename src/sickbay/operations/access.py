"""A FHIR request with a token: who it is, what was asked, and what it may see."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from sickbay.authorization import access as stage
from sickbay.authorization import search
from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.values import Client, Policy, Token, User
from sickbay.fhir.fault import Fault
from sickbay.fhir.search_parameters import compartment_types
from sickbay.fhir.visibility import NOTHING, Visibility
from sickbay.operations import records
from sickbay.operations.context import Tenant, World
from sickbay.operations.decision import Decision, decide


class Seen(NamedTuple):
    """visibility is NOTHING where the request was refused."""

    decision: Decision
    visibility: Visibility
    client_id: str = ""
    timeline: str = ""


async def access(
    world: World, tenant: Tenant, version: str, request: AccessRequest, faults: tuple[Fault, ...] = ()
) -> Seen:
    """Decide on what is asked. Token, app and user are read afresh each time: revocation is in force at once.

    faults: what fhir read wrong in address, Accept and search; one answer names them beside what is wrong with the token.
    """
    text = stage.bearer(request)
    token = await records.load(world, "token", records.digest(text), Token) if text else None
    client = await records.load(world, "app", token.client_id, Client) if token else None
    user = await records.load(world, "user", f"{tenant.name}/{token.user}", User) if token and token.user else None
    known = AccessKnown(
        now=world.now(), server=tenant.server, client=client, token=token, user=user, version=version, faults=faults
    )  # fmt: skip
    decision = decide("access", tenant, (*stage.CHECKS, *search.checks(request)), request, known)
    client_id, timeline = (token.client_id, token.timeline) if token else ("", "")
    if decision.refusal is not None or token is None:
        return Seen(decision, NOTHING, client_id, timeline)
    return Seen(decision, _visibility(token, user, tenant.policy, version), client_id, timeline)


def _visibility(token: Token, user: User | None, policy: Policy, version: str) -> Visibility:
    patients = user.patients if user else None
    return _compiled(token.scope, token.patient, patients, policy, version)


@lru_cache(maxsize=4096)
def _compiled(
    scope: str, patient: str | None, patients: tuple[str, ...] | str | None, policy: Policy, version: str
) -> Visibility:
    """A function of what it is given alone, so that nothing of it can be out of date."""
    token = Token("", scope, "", 0, "", patient=patient)
    user = None if patients is None else User("", "", "", patients=patients)  # type: ignore[arg-type]
    return stage.visibility(token, user, policy, frozenset(compartment_types(version)))
