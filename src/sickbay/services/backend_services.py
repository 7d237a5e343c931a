"""Apps that sign with a key: loads what the checks of their assertions need, and issues tokens to backend services."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

from msgspec import structs

from sickbay.authorization import backend_scopes, client_credentials, requested_scopes
from sickbay.authorization import client_assertion as stage
from sickbay.authorization import token as tokens
from sickbay.authorization.authorize.parameters import base_here
from sickbay.authorization.client_authentication import TokenCheck
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AccessToken, Client
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis.stages import Stage
from sickbay.kernel.checks import Examination
from sickbay.protocol import scopes
from sickbay.protocol.jose import Jwt
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, decide
from sickbay.services.key_sets import KeySet
from sickbay.storage.interface import Put, Record, Step

T = TypeVar("T", bound=TokenContext)
Offered: TypeAlias = tuple[tuple[str, bool, str], ...]
"""For each scope: its text, whether it is granted, and why not."""


async def context_of(runtime: Runtime, request: TokenRequest, known: TokenContext) -> tuple[TokenContext, int]:
    """Adds the keys of the client that the assertion names, and whether this assertion was sent before.

    Also returns the revision of the record of its jti: 0 if there is none, more if an expired one is still stored.
    """
    assertion, client = request.assertion, known.client
    if assertion is None or not isinstance(client, Client) or client.client != "asymmetric":
        return known, 0
    keys = await _keys(runtime, client, assertion, request.direct)
    jti = assertion.claims.get("jti")
    record = await runtime.store.get("jti", _key(client, assertion))
    seen = record is not None and isinstance(jti, str) and (record.expires_at or 0) > runtime.now()
    seen_jti: tuple[str, ...] = (str(jti),) if seen else ()
    with_keys = structs.replace(known, jwks=keys.document, jwks_fault=keys.fault, seen_jti=seen_jti)
    return with_keys, record.revision if record else 0


async def _keys(runtime: Runtime, client: Client, assertion: Jwt, direct: bool) -> KeySet:
    """The registered key set or the one at jwks_uri. direct: the request came from this machine, so loopback may be allowed."""
    if client.jwks is not None or not client.jwks_uri:
        return KeySet(client.jwks)
    loopback = runtime.loopback and direct
    return await runtime.key_sets.get(runtime.effects, client.jwks_uri, assertion.header.get("kid"), loopback=loopback)


def _key(client: Client, assertion: Jwt) -> str:
    """Includes the client_id, because two apps may choose the same jti."""
    return records.digest(f"{client.client_id}\0{assertion.claims.get('jti')}")


async def decided(
    runtime: Runtime, tenant: Tenant, request: TokenRequest, known: T, of: Stage[TokenRequest, T], checks: Sequence[TokenCheck]
) -> Decision[TokenRequest, T]:
    """Decides on a request. ES384 signatures are verified one at a time, and other requests run in between.

    Verifying one takes half a millisecond and the library holds the interpreter lock, so a thread wouldn't help.
    """
    assertion = request.assertion
    if assertion is None or not str(assertion.header.get("alg")).startswith("ES"):
        return decide(of, tenant, checks, request, known)
    async with runtime.verifying:
        await asyncio.sleep(0)
        return decide(of, tenant, checks, request, known)


def spent(runtime: Runtime, request: TokenRequest, known: TokenContext, examination: Examination, revision: int) -> list[Step]:
    """The steps that use up a verified assertion on every worker. A second request with it gets a Conflict."""
    assertion, client = request.assertion, known.client
    if assertion is None or not isinstance(client, Client) or not stage.proven(examination):
        return []
    until = int(assertion.claims["exp"]) + stage.LEEWAY + 1
    record = Record("jti", _key(client, assertion), b"{}", client.tenant, client.client_id, at=runtime.now(), expires_at=until)
    return [Put(record, revision)]


def offered(tenant: Tenant, request: TokenRequest, known: TokenContext) -> Offered:
    """The result for each requested scope of a granted request."""
    client = known.client
    assert isinstance(client, Client)
    requested = scopes.split(request.parameters.get("scope") or "", tenant.policy.scope_separators)
    if not known.unusual_scopes and not tenant.policy.grants_registered:
        return tuple((scope, True, "") for scope in requested)
    types = requested_scopes.types_of(backend_scopes.bases_of(request, known), tenant.server)
    return backend_scopes.offered(requested, client, tenant.policy, types)


def _base(tenant: Tenant, client: Client, request: TokenRequest) -> str:
    """The FHIR base that the resource indicator names, otherwise the one that the app is registered for."""
    requested = base_here(request.parameters.get("resource") or "", tenant.server)
    return requested or tenant.fhir_base(client.fhir)


async def grant(
    runtime: Runtime, tenant: Tenant, client: Client, request: TokenRequest, offered: Offered, steps: list[Step]
) -> tuple[dict[str, Any], str]:
    """Issues a token without a user or refresh token (RFC 6749 4.4; SMART 2.2, Backend Services). Also returns its timeline."""
    now, text, family = runtime.now(), runtime.effects.token(), runtime.effects.token(12)
    scope = " ".join(name for name, granted, _ in offered if granted)
    token = AccessToken(
        client_id=client.client_id,
        scope=scope,
        base=_base(tenant, client, request),
        family=family,
        timeline=family,
        expires_at=now + client_credentials.lifetime(client),
        issuer=tenant.server.issuer,
        issued_at=now,
    )
    await runtime.store.transaction([*steps, Put(records.token(records.digest(text), token, tenant.name), 0)])
    response = tokens.response(text, token, tenant.policy, {})
    return {**response, "expires_in": token.expires_at - token.issued_at}, family
