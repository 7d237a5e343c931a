"""The token endpoint: load what the request names, decide, and redeem or rotate in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sickbay.authorization import client_authentication, id_token, ordinary_scopes, refresh, scope_negotiation, script_token
from sickbay.authorization import token as stage
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, RevokedBy, Server, TokenFamily, User
from sickbay.authorization.refusals import refresh as refusals
from sickbay.authorization.refusals.token import PKCE_VERIFIER_MISMATCH
from sickbay.authorization.requests import TokenRequest, authorize_request
from sickbay.authorization.scope_negotiation import TokenSummary
from sickbay.diagnosis.stages import SCRIPT, TOKEN
from sickbay.protocol import jose, scopes
from sickbay.protocol.parameters import Parameters
from sickbay.services import backend_services, grants, id_token_keys, records, registration, sessions
from sickbay.services.authorize import StoredAuthorization
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, decide, refused
from sickbay.storage.interface import Conflict, Put, Record, Step, UseOnce

TokenDecision: TypeAlias = Decision[TokenRequest, TokenContext]


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class TokenResult:
    """response: the JSON of RFC 6749 5.1, None where it was refused."""

    decision: TokenDecision
    response: dict[str, Any] | None
    client_id: str = ""
    timeline: str = ""


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class _Loaded:
    known: TokenContext
    code_key: str = ""
    family_record: Record | None = None
    jti_revision: int = 0


async def token(runtime: Runtime, tenant: Tenant, request: TokenRequest, *, elsewhere: str = "") -> TokenResult:
    """One token request. What a second use of a code or refresh token must revoke is revoked before the answer.

    elsewhere: the tenant that the address names, if it is none of this server's.
    """
    for _ in range(5):
        loaded = await _load(runtime, tenant, request, elsewhere)
        tenant = _under(tenant, loaded.known)
        decision = await backend_services.decided(runtime, tenant, request, loaded.known, TOKEN, stage.checks(request))
        if any(one.name == PKCE_VERIFIER_MISMATCH.name for one in decision.examination.refusals):
            decision = await _beside_others(runtime, tenant, decision)
        try:
            return await _answer(runtime, tenant, decision, loaded)
        except Conflict:
            continue
    gone = refused(TOKEN, request, loaded.known, refusals.REFRESH_TOKEN_INVALID(reason="unknown"))
    return _refused(gone, loaded.known)


async def _beside_others(runtime: Runtime, tenant: Tenant, decision: TokenDecision) -> TokenDecision:
    """The same decision, made by somebody who knows the app's other attempts too: whose verifier it is."""
    known = decision.known
    if not isinstance(known.client, Client):
        return decision
    find, owner = runtime.store.find, known.client.client_id
    codes = [records.parse(AuthorizationCode, one.value).code_challenge for one in await find("code", owner=owner, limit=20)]
    waiting = [records.parse(StoredAuthorization, one.value) for one in await find("pending", owner=owner, limit=20)]
    codes += [authorize_request(one.text, one.method).parameters.get("code_challenge") for one in waiting]
    known = replace(known, attempts=tuple(one for one in codes if one))
    return await backend_services.decided(runtime, tenant, decision.request, known, TOKEN, stage.checks(decision.request))


def _under(tenant: Tenant, known: TokenContext) -> Tenant:
    return tenant.under(known.client) if isinstance(known.client, Client) else tenant


async def _answer(runtime: Runtime, tenant: Tenant, decision: TokenDecision, loaded: _Loaded) -> TokenResult:
    known, request = loaded.known, decision.request
    spent = backend_services.spent(runtime, request, known, decision.examination, loaded.jti_revision)
    if decision.refusal is not None:
        if stage.revokes(decision.examination):
            by: RevokedBy = "code" if isinstance(known.code, AuthorizationCode) else "refresh"
            spent += await grants.ended(runtime, tenant, _family_of(known), by)
        if spent:
            await runtime.store.transaction(spent)
        return _refused(decision, known)
    assert isinstance(known.client, Client)
    if request.parameters.get("grant_type") == "client_credentials":
        offered = backend_services.offered(tenant, request, known)
        response, timeline = await backend_services.grant(runtime, tenant, known.client, request, offered, spent)
        return _granted(decision, response, known.client, timeline, scope_negotiation.service(offered))
    if isinstance(known.code, AuthorizationCode):
        response = await _redeem(runtime, tenant, known.client, known.code, loaded.code_key, spent)
        given = _given(known.code, known.client, response)
        return _granted(decision, response, known.client, known.code.timeline, given)
    assert isinstance(known.family, TokenFamily)
    response = await _refresh(runtime, tenant, known.client, loaded, request, spent)
    given = scope_negotiation.refreshed(known.family.scope, response["scope"], "refresh_token" in response)
    return _granted(decision, response, known.client, known.family.timeline, given)


def _given(code: AuthorizationCode, client: Client, response: dict[str, Any]) -> TokenSummary:
    rows = [scope_negotiation.Negotiated(*one) for one in code.negotiated]
    return scope_negotiation.given(rows, code.scope, client, "refresh_token" in response)


def _granted(
    decision: TokenDecision, response: dict[str, Any], client: Client, timeline: str, given: TokenSummary
) -> TokenResult:
    """With what is told about the answer to whoever reads the exchange."""
    return TokenResult(replace(decision, given=given), response, client.client_id, timeline)


def _refused(decision: TokenDecision, known: TokenContext) -> TokenResult:
    client_id = known.client.client_id if isinstance(known.client, Client) else ""
    grant = known.code if isinstance(known.code, AuthorizationCode) else known.family
    timeline = grant.timeline if isinstance(grant, (AuthorizationCode, TokenFamily)) and grant.client_id == client_id else ""
    return TokenResult(decision, None, client_id, timeline)


async def _load(runtime: Runtime, tenant: Tenant, request: TokenRequest, elsewhere: str = "") -> _Loaded:
    client, live_at = await registration.live(runtime, client_authentication.claimed(request))
    if client is not None and client.tenant != tenant.name:
        client = None
    refreshing = stage.refreshing(request)
    sent = None if refreshing else request.parameters.get("code")
    key = records.digest(sent) if sent else ""
    server = tenant.under(client).server
    service = client if request.parameters.get("grant_type") == "client_credentials" else None
    neighbours = () if client else await registration.neighbours(runtime, tenant.name)
    known = TokenContext(
        now=runtime.now(),
        server=server,
        unusual_scopes=service is None or not ordinary_scopes.of_service(request, service, server),
        elsewhere=elsewhere,
        client=client,
        code=await _code(runtime, key) if key else None,
        family=None,
        jwks=None,
        live_at=live_at,
        others=tuple(one.client_id for one in neighbours),
        neighbours=neighbours,
    )
    known, revision = await backend_services.known_of(runtime, request, known)
    loaded = await _with_family(runtime, tenant, request, known) if refreshing else _Loaded(known, key)
    if not client or (sent and known.code is None):
        loaded.known = await _with_meant(runtime, tenant, request, loaded.known)
    return replace(loaded, jti_revision=revision) if revision else loaded


async def _with_meant(runtime: Runtime, tenant: Tenant, request: TokenRequest, known: TokenContext) -> TokenContext:
    """With what the request likely meant: whose grant it is where it names nobody, the code without what clings to it."""
    grant = known.code if isinstance(known.code, AuthorizationCode) else known.family
    named = client_authentication.claimed(request)
    owner = (
        await registration.by_id(runtime, grant.client_id)
        if isinstance(grant, AuthorizationCode | TokenFamily) and not named
        else None
    )
    sent = request.parameters.get("code") or ""
    bare = stage.bare_code(sent)
    code = await _code(runtime, records.digest(bare)) if known.code is None and bare != sent else known.bare
    return replace(known, owner=owner if owner and owner.tenant == tenant.name else None, bare=code)


async def _code(runtime: Runtime, key: str) -> AuthorizationCode | None:
    record = await runtime.store.get("code", key)
    if record is None:
        return None
    code = records.parse(AuthorizationCode, record.value)
    return code if record.used_at is None else replace(code, used_at=record.used_at)


async def _with_family(runtime: Runtime, tenant: Tenant, request: TokenRequest, base: TokenContext) -> _Loaded:
    read = refresh.read(runtime.keys.refresh, request.parameters.get("refresh_token") or "")
    record = await runtime.store.get("family", read[0]) if read else None
    if record is None or read is None or record.tenant != tenant.name:
        return _Loaded(base)
    family = records.parse(TokenFamily, record.value)
    ended = await sessions.ended(runtime, family.session)
    gone = family.user is not None and not await sessions.is_user(runtime, tenant, family.user)
    unusual = not _ordinary(request, base, family)
    repeats = refresh.decide(family, read[1], runtime.now()) == "repeat"
    known = replace(
        base,
        family=family,
        generation=read[1],
        session_ended=ended,
        user_gone=gone,
        may_repeat=repeats,
        unusual_scopes=unusual,
    )
    if repeats:
        text = refresh.access(runtime.keys.refresh, family.family, family.generation)
        known = replace(known, answer=await records.load(runtime, "token", records.digest(text), AccessToken))
    return _Loaded(known, family_record=record)


def _ordinary(request: TokenRequest, known: TokenContext, family: TokenFamily) -> bool:
    client, server = known.client, known.server
    if not isinstance(client, Client) or not isinstance(server, Server):
        return False
    return ordinary_scopes.of_refresh(request, client, server, family)


async def _redeem(
    runtime: Runtime, tenant: Tenant, client: Client, code: AuthorizationCode, key: str, spent: list[Step]
) -> dict[str, Any]:
    """Use up the code and put what it gives, or Conflict: then it was used, or its user signed out, in this moment."""
    now = runtime.now()
    family = stage.family(code, tenant.policy, now)
    text = refresh.access(runtime.keys.refresh, family.family, 0)
    seconds = stage.lifetime(client, tenant.policy)
    token = stage.access_token(family, code.scope, tenant.server.issuer, now, seconds)
    await runtime.store.transaction(
        [
            *spent,
            UseOnce("code", key, now),
            Put(records.family(family, tenant.name, now)),  # new, since its code is used once
            Put(records.token(records.digest(text), token, tenant.name)),
        ]
    )
    refreshes = stage.refreshes(family, client, tenant.policy)
    return stage.response(
        text,
        token,
        tenant.policy,
        code.context,
        refresh_token=refresh.make(runtime.keys.refresh, family.family, 0) if refreshes else None,
        id_token=await _id_token(runtime, tenant, code, client, now),
        extra=await _extra(runtime, tenant, code.user, token.patient, code.context),
    )


async def _id_token(runtime: Runtime, tenant: Tenant, code: AuthorizationCode, client: Client, now: int) -> str | None:
    if not id_token.is_due(code.scope) or code.user is None:
        return None
    user = await sessions.user(runtime, tenant, code.user)
    if user is None:
        return None
    claims = id_token.claims(
        issuer=tenant.server.issuer,
        client_id=client.client_id,
        user=user,
        base=code.base,
        scope=code.scope,
        now=now,
        nonce=code.nonce,
        auth_time=code.auth_time,
        lifetime=tenant.policy.id_token_lifetime,
    )
    words, held = _words(tenant, user), scopes.split(code.scope)
    own = {
        name: text.format(**words)
        for scope, said in tenant.dialect.id_token.items()
        if scope in held
        for name, text in said.items()
    }
    return jose.sign({**claims, **own}, await id_token_keys.signing(runtime))


async def _extra(
    runtime: Runtime, tenant: Tenant, username: str | None, patient: str | None, context: dict[str, Any]
) -> dict[str, Any]:
    """Members that a vendor adds to the token response: some with a launch from the EHR alone, which has a style."""
    templates = tenant.dialect.token_response
    if not templates or (tenant.policy.bare_without_launch and "smart_style_url" not in context):
        return {}
    user = await sessions.user(runtime, tenant, username) if username else None
    values = _words(tenant, user, patient)
    return {name: said for name, text in templates.items() if (said := text.format(**values))}


def _words(tenant: Tenant, user: User | None, patient: str | None = None) -> dict[str, str]:
    """What the templates of a dialect may say."""
    given, _, family = (user.name if user else "").removeprefix("Dr. ").rpartition(" ")
    return {
        "user_id": user.fhir_user.rpartition("/")[2] if user else "",
        "username": user.username if user else "",
        "tenant_id": tenant.dialect.tenant_id,
        "patient": patient or "",
        "name": f"{family}, {given}" if given else family,
    }


async def _refresh(
    runtime: Runtime, tenant: Tenant, client: Client, loaded: _Loaded, request: TokenRequest, spent: list[Step]
) -> dict[str, Any]:
    """Rotate, or repeat the identical answer of the rotation that this token had already."""
    known, record, now, policy = loaded.known, loaded.family_record, runtime.now(), tenant.policy
    family = known.family
    assert isinstance(family, TokenFamily)
    assert record is not None
    rotates = policy.rotate_refresh
    if known.may_repeat:
        if spent:
            await runtime.store.transaction(spent)
        return await _repeat(runtime, tenant, known)
    new = replace(
        family,
        generation=family.generation + (1 if rotates else 0),
        rotated_at=now,
        expires_at=now + policy.refresh_lifetime,
        asked=refresh.fingerprint(request, client),
    )
    text = refresh.access(runtime.keys.refresh, family.family, new.generation) if rotates else runtime.effects.token()
    scope = _narrowed(family, request.parameters.get("scope"), client, tenant, known.unusual_scopes)
    token = stage.access_token(new, scope, tenant.server.issuer, now, stage.lifetime(client, policy))
    steps: list[Step] = [
        *spent,
        Put(records.family(new, tenant.name, now), record.revision),
        Put(records.token(records.digest(text), token, tenant.name)),
    ]
    await runtime.store.transaction(steps)
    return await _refreshed(runtime, tenant, new, text, token)


def _narrowed(family: TokenFamily, asked: str | None, client: Client, tenant: Tenant, unusual: bool) -> str:
    if not unusual:
        return " ".join(scopes.split(asked or family.scope))
    return refresh.narrowed(family, asked, client, tenant.server)


async def _repeat(runtime: Runtime, tenant: Tenant, known: TokenContext) -> dict[str, Any]:
    family, token = known.family, known.answer
    assert isinstance(family, TokenFamily)
    assert isinstance(token, AccessToken)
    text = refresh.access(runtime.keys.refresh, family.family, family.generation)
    return await _refreshed(runtime, tenant, family, text, token)


async def _refreshed(runtime: Runtime, tenant: Tenant, family: TokenFamily, text: str, token: AccessToken) -> dict[str, Any]:
    rotates = tenant.policy.rotate_refresh
    again = refresh.make(runtime.keys.refresh, family.family, family.generation) if rotates else None
    extra = await _extra(runtime, tenant, family.user, token.patient, family.context)
    return stage.response(text, token, tenant.policy, family.context, refresh_token=again, extra=extra)


def examined_for_script(tenant: Tenant, client: Client, scope: str) -> TokenDecision:
    """Whether some flow of this hospital could give these scopes; that the app registered them is not asked."""
    request = TokenRequest(Parameters((("scope", scope),)))
    known = TokenContext(server=tenant.under(client).server, client=client)
    return decide(SCRIPT, tenant, script_token.CHECKS, request, known)


async def for_script(
    runtime: Runtime, tenant: Tenant, client: Client, scope: str, *, patient: str | None = None, user: str | None = None
) -> dict[str, Any]:
    """A token response without any flow, for the administrator, of scopes that `examined_for_script` accepts."""
    now, text = runtime.now(), runtime.effects.token()
    token = AccessToken(
        client_id=client.client_id,
        scope=scope,
        base=tenant.fhir_base(client.fhir),
        family=runtime.effects.token(12),
        expires_at=now + stage.lifetime(client, tenant.policy),
        timeline=runtime.effects.token(12),
        user=user,
        patient=patient,
        issuer=tenant.server.issuer,
        issued_at=now,
    )
    await runtime.store.transaction([Put(records.token(records.digest(text), token, tenant.name), 0)])
    return stage.response(text, token, tenant.policy, {})


def _family_of(known: TokenContext) -> str:
    """The grant that was used a second time."""
    if isinstance(known.code, AuthorizationCode):
        return known.code.family
    return known.family.family if isinstance(known.family, TokenFamily) else ""
