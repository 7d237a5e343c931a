"""Which origins may send requests with credentials to a hospital, and the exchange of a preflight that asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.authorization.contexts import AnswerContext
from sickbay.authorization.origin import may_send_credentials, registered
from sickbay.authorization.requests import HttpExchange
from sickbay.diagnosis.stages import BROWSER
from sickbay.services import registration
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import decide
from sickbay.services.journal.journal import Exchange, Journal, RecordedRequest, RecordedResponse

ADVICE = "cors-credentials-not-allowed"
"""Other advice on browsers is about requests that never arrive; this one did."""


async def credentialed(runtime: Runtime, tenant: Tenant, origin: str | None) -> bool:
    """Nothing is looked up while the policy is off, which it is by default."""
    if origin is None or not tenant.policy.credentialed_cors:
        return False
    return may_send_credentials(tenant.policy, origin, await _own(runtime, tenant))


async def _own(runtime: Runtime, tenant: Tenant) -> frozenset[str]:
    stamp, cached = runtime.store.stamp(), runtime.origins.get(tenant.name)
    if cached is not None and cached[0] == stamp:
        return cached[1]
    every = await registration.every(runtime, tenant.name)
    found = frozenset(one for client in every for one in registered(client))
    if stamp is not None:
        runtime.origins[tenant.name] = stamp, found
    return found


def hold(
    journal: Journal, tenant: Tenant, id: str, wire: RecordedRequest, status: int, answered: Sequence[tuple[bytes, bytes]]
) -> None:
    """A preflight in the journal. The request that it asks for may never come, so its advice stands here."""
    runtime = journal.runtime
    sent = {name.decode(): value.decode() for name, value in answered}
    request = HttpExchange(wire.method, wire.url, wire.headers, status, sent)
    decision = decide(BROWSER, tenant, (), request, AnswerContext(now=runtime.now(), server=tenant.server))
    at, answer = runtime.effects.now(), RecordedResponse(status, sent)
    found = decision.explained()
    advice = found._replace(findings=tuple(one for one in found.findings if one.id == ADVICE))
    journal.hold(Exchange(id, at, tenant.name, "browser", "", "", wire, answer, decision, advice))
