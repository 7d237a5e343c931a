"""Clients that guess their secrets are counted, at every endpoint where a client authenticates itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from sickbay.authorization.client_authentication import claimed
from sickbay.authorization.refusals import client_authentication as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.operations.context import Tenant, World
from sickbay.operations.throttle import Key
from sickbay.operations.token import Answered

GUESSES = frozenset((refusals.CLIENT_SECRET_WRONG.name, refusals.ASSERTION_SIGNATURE_INVALID.name))
"""What only a guesser is refused for again and again; codes and tokens are too long to be guessed."""
Operation: TypeAlias = Callable[[World, Tenant, TokenRequest], Awaitable[Answered]]


async def watched(world: World, tenant: Tenant, request: TokenRequest, address: str, answer: Operation) -> Answered:
    """The answer to a client; a guess is counted. Raises Throttled, and then nothing was looked at."""
    key = Key("client", tenant.name, (claimed(request) or "")[:200], address)
    world.throttle.check(key, world.now())
    given = await answer(world, tenant, request)
    refusal = given.decision.refusal
    if refusal is not None and refusal.name in GUESSES:
        world.throttle.failed(key, world.now())
    return given
