"""Issues tokens to backend services (RFC 6749 4.4; SMART 2.2, Backend Services)."""

from __future__ import annotations

from typing import Any, TypeAlias

from sickbay.authorization.bases import target_of
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AccessToken, Client
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.authorization.token import backend_scopes, client_credentials
from sickbay.authorization.token import response as token_response
from sickbay.protocol import scopes
from sickbay.services import app_removal, records
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Put, Step

Offered: TypeAlias = tuple[tuple[str, bool, str], ...]
"""For each scope: its text, whether it is granted, and why not."""


def negotiate(tenant: Tenant, request: TokenRequest, context: TokenContext) -> Offered:
    """The result for each requested scope of a granted request."""
    client = context.client
    assert isinstance(client, Client)
    requested = scopes.split_at(request.parameters.get("scope") or "", tenant.policy.scope_separators)
    if not context.unusual_scopes and not tenant.policy.grants_registered:
        return tuple((scope, True, "") for scope in requested)
    types = requested_scopes.types_of(backend_scopes.bases_of(request, context), tenant.server)
    return backend_scopes.negotiate(requested, client, tenant.policy, types)


def _requested_base(tenant: Tenant, client: Client, request: TokenRequest) -> str:
    """The server that the resource indicator names, otherwise the FHIR base that the app is registered for."""
    resource = request.parameters.get("resource")
    return (target_of(resource, tenant.server) if resource else None) or tenant.fhir_base(client.fhir)


async def issue_token(
    runtime: Runtime, tenant: Tenant, client: Client, request: TokenRequest, offered: Offered, steps: list[Step]
) -> tuple[dict[str, Any], str]:
    """Issues a token without a user or refresh token (RFC 6749 4.4; SMART 2.2, Backend Services). Also returns its timeline.

    Raises AppRemoved.
    """
    now, text, family = runtime.now(), runtime.effects.token(), runtime.effects.token(12)
    scope = " ".join(name for name, granted, _ in offered if granted)
    token = AccessToken(
        client_id=client.client_id,
        scope=scope,
        base=_requested_base(tenant, client, request),
        family=family,
        timeline=family,
        expires_at=now + client_credentials.determine_lifetime(client),
        issuer=tenant.server.issuer,
        issued_at=now,
    )
    await runtime.store.transaction([*steps, Put(records.make_token_record(records.digest(text), token, tenant.name), 0)])
    await app_removal.undo_if_removed(runtime, client.client_id)
    response = token_response.build_response(text, token, tenant.policy, {})
    return {**response, "expires_in": token.expires_at - token.issued_at}, family
