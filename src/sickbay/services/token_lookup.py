"""Loads the token that an introspection or revocation request is about, and the app that sent the request."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization import introspection
from sickbay.authorization.access.bearer import read_bearer
from sickbay.authorization.contexts import SubjectContext, TokenContext
from sickbay.authorization.models import AccessToken, Client, TokenFamily, User
from sickbay.authorization.requests import AccessRequest, TokenRequest
from sickbay.authorization.token import refresh
from sickbay.services import client_authentication, records, registration, sessions
from sickbay.services.context import Runtime, Tenant


async def context_of(runtime: Runtime, tenant: Tenant, request: TokenRequest) -> tuple[SubjectContext, int]:
    """Everything that the checks need, and the revision of the record of the assertion's jti."""
    if introspection.is_authenticated_by_token(request):
        return await _add_subject(runtime, tenant, request, await _find_caller(runtime, tenant, request)), 0
    client, live_at = await records.load_live_client(runtime, request.claimed)
    if client is not None and not tenant.has_client(client):
        client = None
    base = TokenContext(now=runtime.now(), server=tenant.override_for_app(client).server, client=client, live_at=live_at)
    known, revision = await client_authentication.context_of(runtime, request, base)
    return await _add_subject(runtime, tenant, request, SubjectContext(**structs.asdict(known), caller=None)), revision


async def _find_caller(runtime: Runtime, tenant: Tenant, request: TokenRequest) -> SubjectContext:
    text = read_bearer(AccessRequest(request.method, "", "", headers=request.headers))
    token = await access_token(runtime, tenant, text)
    return SubjectContext(
        now=runtime.now(),
        server=tenant.server,
        caller=token,
        client=await client_of(runtime, token),
        user=await user_of(runtime, tenant, token),
    )


async def access_token(runtime: Runtime, tenant: Tenant, text: str | None) -> AccessToken | None:
    """The access token, if this tenant issued it."""
    record = await runtime.store.get("token", records.digest(text)) if text else None
    return records.parse(AccessToken, record.value) if record is not None and record.tenant == tenant.name else None


async def client_of(runtime: Runtime, grant: AccessToken | TokenFamily | None) -> Client | None:
    return await registration.find_by_id(runtime, grant.client_id) if grant else None


async def user_of(runtime: Runtime, tenant: Tenant, grant: AccessToken | TokenFamily | None) -> User | None:
    return await records.load_user(runtime, tenant, grant.user) if grant and grant.user else None


async def _add_subject(runtime: Runtime, tenant: Tenant, request: TokenRequest, context: SubjectContext) -> SubjectContext:
    """Adds the access token or refresh token. Their formats differ, so token_type_hint isn't needed."""
    text = request.parameters.get("token") or ""
    parsed = refresh.read_token(runtime.keys.refresh, text)
    if parsed is None:
        return structs.replace(context, subject=await access_token(runtime, tenant, text))
    record = await runtime.store.get("family", parsed[0])
    if record is None or record.tenant != tenant.name:
        return structs.replace(context, subject=None)
    family = records.parse(TokenFamily, record.value)
    ended = family.mode == "online" and await sessions.has_ended(runtime, family.session)
    return structs.replace(context, subject=family, generation=parsed[1], session_ended=ended)
