"""Authenticates clients: counts guesses, loads what the checks of an assertion need, and uses up the assertion."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct, structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client
from sickbay.authorization.refusals import client_authentication as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import client_assertion as stage
from sickbay.kernel.checks import Examination
from sickbay.protocol.jose import Jwt
from sickbay.services import failed_attempts, records
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision
from sickbay.services.key_sets import KeySet
from sickbay.services.throttle import ThrottleKey
from sickbay.storage.interface import Put, Record, Step

GUESSES = frozenset((refusals.CLIENT_SECRET_WRONG.name, refusals.ASSERTION_SIGNATURE_INVALID.name))
"""Refusals that point to guessing. Codes and tokens aren't counted, because they are too long to guess."""
TokenDecision: TypeAlias = Decision[TokenRequest, TokenContext]


class TokenResult(Struct, frozen=True):
    """response: the JSON of the response (RFC 6749 5.1, RFC 7662 2.2); None if the request was refused."""

    decision: TokenDecision
    response: dict[str, Any] | None
    client_id: str = ""
    timeline: str = ""


async def context_of(runtime: Runtime, request: TokenRequest, context: TokenContext) -> tuple[TokenContext, int]:
    """Adds the keys of the client that the assertion names, and whether this assertion was sent before.

    Also returns the revision of the record of its jti: 0 if there is none, more if an expired one is still stored.
    """
    if request.stand_in is not None and isinstance(context.client, Client):
        context = structs.replace(context, client=request.stand_in.replace_credentials(context.client))
    assertion, client = request.assertion, context.client
    if assertion is None or not isinstance(client, Client) or client.client != "asymmetric":
        return context, 0
    keys = await _load_keys(runtime, client, assertion, request.direct)
    jti = assertion.claims.get("jti")
    record = await runtime.store.get("jti", _assertion_key(client, assertion))
    seen = record is not None and isinstance(jti, str) and (record.expires_at or 0) > runtime.now()
    seen_jti: tuple[str, ...] = (str(jti),) if seen else ()
    with_keys = structs.replace(context, jwks=keys.document, jwks_fault=keys.fault, seen_jti=seen_jti)
    return with_keys, record.revision if record else 0


async def _load_keys(runtime: Runtime, client: Client, assertion: Jwt, direct: bool) -> KeySet:
    """The registered key set or the one at jwks_uri. direct: the request came from this machine, so loopback may be allowed."""
    if client.jwks is not None or not client.jwks_uri:
        return KeySet(client.jwks)
    kid, loopback = assertion.header.get("kid"), runtime.loopback and direct
    return await runtime.key_sets.get(runtime.effects, client.jwks_uri, kid, loopback=loopback)


def _assertion_key(client: Client, assertion: Jwt) -> str:
    """Includes the client_id, because two apps may choose the same jti."""
    return records.digest(f"{client.client_id}\0{assertion.claims.get('jti')}")


async def limit_guesses(runtime: Runtime, tenant: Tenant, request: TokenRequest, address: str) -> None:
    """Raises Throttled if too many requests of this app and sender looked like guesses."""
    if runtime.throttle.until and runtime.throttle.is_active(runtime.now()):
        await failed_attempts.check_throttle(runtime, _throttle_key(tenant, request, address))


async def count_guess(runtime: Runtime, tenant: Tenant, decision: TokenDecision, address: str) -> None:
    """Counts a failure if the request looks like a guess. Raises Throttled if there are now too many."""
    if decision.refusal is not None and decision.refusal.name in GUESSES:
        await failed_attempts.count_failure(runtime, _throttle_key(tenant, decision.request, address))


def _throttle_key(tenant: Tenant, request: TokenRequest, address: str) -> ThrottleKey:
    return ThrottleKey("client", tenant.name, request.claimed or "", address)


def spend_assertion(
    runtime: Runtime, request: TokenRequest, context: TokenContext, examination: Examination, revision: int
) -> list[Step]:
    """Returns the steps that mark a verified assertion as used on every worker. A second request with it gets a Conflict.

    After another assertion, the keys of the client aren't fetched again at once.
    """
    assertion, client = request.assertion, context.client
    if assertion is None or not isinstance(client, Client):
        return []
    if not stage.is_proven(examination):
        if client.jwks_uri:
            runtime.key_sets.doubt(client.jwks_uri, loopback=runtime.loopback and request.direct)
        return []
    until = int(assertion.claims["exp"]) + stage.LEEWAY + 1
    record = Record(
        "jti", _assertion_key(client, assertion), b"{}", client.tenant, client.client_id, at=runtime.now(), expires_at=until
    )
    return [Put(record, revision)]
