"""Counts failed client authentication at every endpoint where clients authenticate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from sickbay.authorization.refusals import client_authentication as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.services.context import Runtime, Tenant
from sickbay.services.throttle import ThrottleKey
from sickbay.services.token import TokenResult

GUESSES = frozenset((refusals.CLIENT_SECRET_WRONG.name, refusals.ASSERTION_SIGNATURE_INVALID.name))
"""Refusals that point to guessing. Codes and tokens aren't counted, because they are too long to guess."""
Operation: TypeAlias = Callable[[Runtime, Tenant, TokenRequest], Awaitable[TokenResult]]


async def watched(runtime: Runtime, tenant: Tenant, request: TokenRequest, address: str, answer: Operation) -> TokenResult:
    """Runs the operation and counts it as a failure if it looks like a guess. Raises Throttled before the operation runs."""
    key = ThrottleKey("client", tenant.name, (request.claimed or "")[:200], address)
    runtime.throttle.check(key, runtime.now())
    result = await answer(runtime, tenant, request)
    refusal = result.decision.refusal
    if refusal is not None and refusal.name in GUESSES:
        runtime.throttle.failed(key, runtime.now())
    return result
