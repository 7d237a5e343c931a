"""Clients that guess their secrets are counted, at every endpoint where a client authenticates itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from sickbay.authorization.client_authentication import claimed
from sickbay.authorization.refusals import client_authentication as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.services.context import Runtime, Tenant
from sickbay.services.throttle import ThrottleKey
from sickbay.services.token import TokenResult

GUESSES = frozenset((refusals.CLIENT_SECRET_WRONG.name, refusals.ASSERTION_SIGNATURE_INVALID.name))
"""What only a guesser is refused for again and again; codes and tokens are too long to be guessed."""
Operation: TypeAlias = Callable[[Runtime, Tenant, TokenRequest], Awaitable[TokenResult]]


async def watched(runtime: Runtime, tenant: Tenant, request: TokenRequest, address: str, answer: Operation) -> TokenResult:
    """The answer to a client; a guess is counted. Raises Throttled, and then nothing was looked at."""
    key = ThrottleKey("client", tenant.name, (claimed(request) or "")[:200], address)
    runtime.throttle.check(key, runtime.now())
    given = await answer(runtime, tenant, request)
    refusal = given.decision.refusal
    if refusal is not None and refusal.name in GUESSES:
        runtime.throttle.failed(key, runtime.now())
    return given
