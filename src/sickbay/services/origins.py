"""Which origins may send requests with credentials to a hospital, and how the preflight of such a request is recorded."""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.authorization.contexts import AnswerContext
from sickbay.authorization.origin import may_send_credentials
from sickbay.authorization.requests import HttpExchange
from sickbay.diagnosis.stages import BROWSER
from sickbay.services import registration
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import decide
from sickbay.services.journal.probable import ADVICE
from sickbay.services.journal.write import Exchange, Journal, RecordedRequest, RecordedResponse


async def allows_credentials(runtime: Runtime, tenant: Tenant, origin: str | None) -> bool:
    """Whether this origin may send credentials. Looks nothing up if the policy is off, which is the default."""
    if origin is None or not tenant.policy.credentialed_cors:
        return False
    return may_send_credentials(tenant.policy, origin, await registration.load_origins(runtime, tenant.name))


def record_preflight(
    journal: Journal,
    tenant: Tenant,
    id: str,
    recorded: RecordedRequest,
    status: int,
    response_headers: Sequence[tuple[bytes, bytes]],
) -> None:
    """Records a preflight. Its advice is recorded here because the actual request may never be sent; readers see it only then.

    Other advice about browsers is for requests that never arrived; the preflight did arrive.
    """
    runtime = journal.runtime
    sent = {name.decode(): value.decode() for name, value in response_headers}
    request = HttpExchange(recorded.method, recorded.url, recorded.headers, status, sent)
    decision = decide(BROWSER, tenant, (), request, AnswerContext(now=runtime.now(), server=tenant.server))
    at, response = runtime.effects.now(), RecordedResponse(status, sent)
    explanation = decision.explain()
    advice = explanation._replace(findings=tuple(finding for finding in explanation.findings if finding.id == ADVICE))
    journal.hold(Exchange(id, at, tenant.name, "browser", "", "", recorded, response, decision, advice))
