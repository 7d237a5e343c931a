"""Which origins may send requests with credentials to a hospital, and the exchange of a preflight that asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.authorization.known import AnswerKnown
from sickbay.authorization.origin import may_send_credentials, registered
from sickbay.authorization.requests import HttpExchange
from sickbay.diagnosis.stages import BROWSER
from sickbay.operations import registration
from sickbay.operations.context import Tenant, World
from sickbay.operations.decision import decide
from sickbay.operations.journal import Answered, Exchange, Journal, Wire

ADVICE = "cors-credentials-not-allowed"
"""Other advice on browsers is about requests that never arrive; this one did."""


async def credentialed(world: World, tenant: Tenant, origin: str | None) -> bool:
    """Nothing is looked up while the policy is off, which it is by default."""
    if origin is None or not tenant.policy.credentialed_cors:
        return False
    return may_send_credentials(tenant.policy, origin, await _own(world, tenant))


async def _own(world: World, tenant: Tenant) -> frozenset[str]:
    stamp, cached = world.store.stamp(), world.origins.get(tenant.name)
    if cached is not None and cached[0] == stamp:
        return cached[1]
    every = await registration.every(world, tenant.name)
    found = frozenset(one for client in every for one in registered(client))
    if stamp is not None:
        world.origins[tenant.name] = stamp, found
    return found


def hold(journal: Journal, tenant: Tenant, id: str, wire: Wire, status: int, answered: Sequence[tuple[bytes, bytes]]) -> None:
    """A preflight in the journal. The request that it asks for may never come, so its advice stands here."""
    world = journal.world
    sent = {name.decode(): value.decode() for name, value in answered}
    request = HttpExchange(wire.method, wire.url, wire.headers, status, sent)
    decision = decide(BROWSER, tenant, (), request, AnswerKnown(now=world.now(), server=tenant.server))
    at, answer = world.effects.now(), Answered(status, sent)
    found = decision.explained()
    advice = found._replace(findings=tuple(one for one in found.findings if one.id == ADVICE))
    journal.hold(Exchange(id, at, tenant.name, "browser", "", "", wire, answer, decision, advice))
