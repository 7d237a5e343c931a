"""The token endpoint: loads what the request names, decides, and redeems a code or rotates a refresh token."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct, structs

from sickbay.authorization import token as stage
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, Policy, RevokedBy, Server, TokenFamily
from sickbay.authorization.refusals import refresh as refusals
from sickbay.authorization.refusals.token import PKCE_VERIFIER_MISMATCH
from sickbay.authorization.requests import TokenRequest, authorize_request
from sickbay.authorization.scopes import negotiation as scope_negotiation
from sickbay.authorization.scopes import ordinary as ordinary_scopes
from sickbay.authorization.scopes.negotiation import TokenSummary
from sickbay.authorization.token import code as token_code
from sickbay.authorization.token import less_than_asked, refresh
from sickbay.authorization.token import request as token_request
from sickbay.authorization.token import response as token_response
from sickbay.authorization.token import script as script_token
from sickbay.diagnosis.stages import SCRIPT, TOKEN
from sickbay.protocol import scopes
from sickbay.protocol.parameters import Parameters
from sickbay.services import (
    app_removal,
    client_authentication,
    client_credentials,
    grants,
    id_token,
    records,
    registration,
    sessions,
)
from sickbay.services.client_authentication import TokenDecision, TokenResult
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Negotiation, decide, decide_in_turn, refuse
from sickbay.services.pending_authorization import StoredAuthorization
from sickbay.services.request_metrics import METRICS
from sickbay.storage.interface import Conflict, Put, Record, Step, UseOnce


class _Loaded(Struct, frozen=True):
    """tenant: with this app's overrides. now: when it was loaded, and when the tokens are issued."""

    tenant: Tenant
    now: int
    context: TokenContext
    code_key: str
    family_record: Record | None
    jti_revision: int


class _StoredFamily(NamedTuple):
    """The token family that a refresh token names, with its record. The other fields are those of TokenContext."""

    record: Record | None = None
    family: TokenFamily | None = None
    generation: int | None = None
    session_ended: bool = False
    user_gone: bool = False
    may_repeat: bool = True
    answer: AccessToken | None = None


_NO_FAMILY = _StoredFamily()


async def issue_token(runtime: Runtime, tenant: Tenant, request: TokenRequest, *, elsewhere: str = "") -> TokenResult:
    """Handles a token request. If a code or refresh token is used twice, its grant is revoked before the response.

    elsewhere: the tenant in the address, if this server doesn't have it.
    """
    for _ in range(5):
        loaded = await _load_grant(runtime, tenant, request, elsewhere)
        checks = stage.compiled_checks(request)
        decision = await decide_in_turn(runtime, TOKEN, loaded.tenant, checks, request, loaded.context)
        if decision.refusal is not None:
            decision = await _add_attempts(runtime, loaded.tenant, decision)
        try:
            return await _answer_request(runtime, decision, loaded)
        except (Conflict, registration.AppRemoved):
            continue
    unresolved = refuse(TOKEN, request, loaded.context, refusals.REFRESH_TOKEN_INVALID(reason="unknown"))
    return _refused_result(unresolved, loaded.context)


async def _add_attempts(runtime: Runtime, tenant: Tenant, decision: TokenDecision) -> TokenDecision:
    """If the verifier doesn't match, decides again with the app's other attempts, so that the explanation can name its own."""
    context = decision.context
    mismatch = any(refusal.name == PKCE_VERIFIER_MISMATCH.name for refusal in decision.examination.refusals)
    if not mismatch or not isinstance(context.client, Client):
        return decision
    find, owner = runtime.store.find, context.client.client_id
    codes = [
        records.parse(AuthorizationCode, record.value).code_challenge for record in await find("code", owner=owner, limit=20)
    ]
    waiting = [records.parse(StoredAuthorization, record.value) for record in await find("pending", owner=owner, limit=20)]
    codes += [authorize_request(pending.text, pending.method).parameters.get("code_challenge") for pending in waiting]
    context = structs.replace(context, attempts=tuple(challenge for challenge in codes if challenge))
    checks = stage.compiled_checks(decision.request)
    return await decide_in_turn(runtime, TOKEN, tenant, checks, decision.request, context)


async def _answer_request(runtime: Runtime, decision: TokenDecision, loaded: _Loaded) -> TokenResult:
    tenant, context, request = loaded.tenant, loaded.context, decision.request
    spent = client_authentication.spend_assertion(runtime, request, context, decision.examination, loaded.jti_revision)
    if decision.refusal is not None:
        if token_response.is_revoking(decision.examination):
            by: RevokedBy = "code" if isinstance(context.code, AuthorizationCode) else "refresh"
            spent += await grants.end_grant(runtime, tenant, _family_of(context), by)
        if spent:
            await runtime.store.transaction(spent)
        return _refused_result(decision, context)
    assert isinstance(context.client, Client)
    if request.parameters.get("grant_type") == "client_credentials":
        offered = client_credentials.negotiate(tenant, request, context)
        response, timeline = await client_credentials.issue_token(runtime, tenant, context.client, request, offered, spent)
        return _granted_result(
            decision, response, context.client, timeline, partial(scope_negotiation.summarise_service, offered)
        )
    if isinstance(context.code, AuthorizationCode):
        response = await _redeem_code(runtime, loaded, context.client, context.code, spent)
        negotiation = partial(_summarise_grant, context.code, context.client, tenant.policy, frozenset(response))
        return _granted_result(decision, response, context.client, context.code.timeline, negotiation)
    assert isinstance(context.family, TokenFamily)
    response = await _refresh_grant(runtime, loaded, context.client, request, spent)
    before, now = context.family.scope, response["scope"]
    negotiation = partial(scope_negotiation.summarise_refresh, before, now, "refresh_token" in response)
    return _granted_result(decision, response, context.client, context.family.timeline, negotiation)


def _summarise_grant(code: AuthorizationCode, client: Client, policy: Policy, members: frozenset[str]) -> TokenSummary:
    """members: those of the token response."""
    rows = [scope_negotiation.Negotiated(*row) for row in code.negotiated]
    lacks = less_than_asked.list_missing_members(rows, code, client, policy, members)
    other_patient = less_than_asked.explain_other_patient(code, client) if "patient" in members else ""
    return scope_negotiation.summarise_grant(rows, code.scope, client, "refresh_token" in members, lacks, other_patient)


def _granted_result(
    decision: TokenDecision, response: dict[str, Any], client: Client, timeline: str, negotiation: Negotiation
) -> TokenResult:
    """negotiation: summarises what was granted, for the page of the exchange."""
    return TokenResult(structs.replace(decision, negotiation=negotiation), response, client.client_id, timeline)


def _refused_result(decision: TokenDecision, context: TokenContext) -> TokenResult:
    client_id = context.client.client_id if isinstance(context.client, Client) else ""
    grant = context.code if isinstance(context.code, AuthorizationCode) else context.family
    is_named = isinstance(grant, AuthorizationCode) and grant.client_id == decision.request.claimed  # also of another hospital
    is_own = isinstance(grant, (AuthorizationCode, TokenFamily)) and grant.client_id == client_id
    timeline = grant.timeline if isinstance(grant, (AuthorizationCode, TokenFamily)) and (is_named or is_own) else ""
    return TokenResult(decision, None, client_id, timeline)


async def _load_grant(runtime: Runtime, tenant: Tenant, request: TokenRequest, elsewhere: str = "") -> _Loaded:
    client, live_at = await records.load_live_client(runtime, request.claimed)
    if client is not None and not tenant.has_client(client):
        client = None
    refreshing = token_request.is_refresh(request)
    code_text = None if refreshing else request.parameters.get("code")
    key = records.digest(code_text) if code_text else ""
    tenant, now = tenant.override_for_app(client), runtime.now()
    stored = await _stored_family(runtime, tenant, request, now) if refreshing else _NO_FAMILY
    newest_clients = () if client else await registration.newest_clients(runtime, tenant.name)
    context = TokenContext(
        now=now,
        server=tenant.server,
        unusual_scopes=_has_unusual_scopes(request, client, tenant.server, stored.family),
        elsewhere=elsewhere,
        client=client,
        code=await _load_code(runtime, key) if key else None,
        family=stored.family,
        generation=stored.generation,
        session_ended=stored.session_ended,
        user_gone=stored.user_gone,
        may_repeat=stored.may_repeat,
        answer=stored.answer,
        jwks=None,
        live_at=live_at,
        others=tuple([client.client_id for client in newest_clients]),
        newest_clients=newest_clients,
        from_page="origin" in request.headers,
    )
    context, revision = await client_authentication.context_of(runtime, request, context)
    if not client or (code_text and context.code is None):
        context = await _add_intended_grant(runtime, tenant, request, context)
    return _Loaded(tenant, now, context, key, stored.record, revision)


async def _add_intended_grant(runtime: Runtime, tenant: Tenant, request: TokenRequest, context: TokenContext) -> TokenContext:
    """Adds what the request probably meant: the owner of the grant if client_id is missing, the code without extra text."""
    grant = context.code if isinstance(context.code, AuthorizationCode) else context.family
    claimed_id = request.claimed
    owner = (
        await registration.find_by_id(runtime, grant.client_id)
        if isinstance(grant, AuthorizationCode | TokenFamily) and not claimed_id
        else None
    )
    code_text = request.parameters.get("code") or ""
    bare = token_code.bare_code(code_text)
    code = await _load_code(runtime, records.digest(bare)) if context.code is None and bare != code_text else context.bare
    return structs.replace(context, owner=owner if owner and owner.tenant == tenant.name else None, bare=code)


async def _load_code(runtime: Runtime, key: str) -> AuthorizationCode | None:
    record = await runtime.store.get("code", key)
    if record is None:
        return None
    code = records.parse(AuthorizationCode, record.value)
    return code if record.used_at is None else structs.replace(code, used_at=record.used_at)


async def _stored_family(runtime: Runtime, tenant: Tenant, request: TokenRequest, now: int) -> _StoredFamily:
    parsed = refresh.read_token(runtime.keys.refresh, request.parameters.get("refresh_token") or "")
    record = await runtime.store.get("family", parsed[0]) if parsed else None
    if record is None or parsed is None or record.tenant != tenant.name:
        return _NO_FAMILY
    family = records.parse(TokenFamily, record.value)
    ended = family.session is not None and await sessions.has_ended(runtime, family.session)
    user_gone = family.user is not None and not await sessions.is_user(runtime, tenant, family.user)
    if refresh.judge_refresh_token(family, parsed[1], now) != "repeat":
        return _StoredFamily(record, family, parsed[1], ended, user_gone, False)
    text = refresh.make_access_token(runtime.keys.refresh, family.family, family.generation)
    answer = await records.load(runtime, "token", records.digest(text), AccessToken)
    return _StoredFamily(record, family, parsed[1], ended, user_gone, True, answer)


def _has_unusual_scopes(request: TokenRequest, client: Client | None, server: Server, family: TokenFamily | None) -> bool:
    if client is None:
        return True
    if family is not None:
        return not ordinary_scopes.is_ordinary_refresh(request, client, server, family)
    is_service = request.parameters.get("grant_type") == "client_credentials"
    return not (is_service and ordinary_scopes.is_ordinary_service(request, client, server))


async def _redeem_code(
    runtime: Runtime, loaded: _Loaded, client: Client, code: AuthorizationCode, spent: list[Step]
) -> dict[str, Any]:
    """Uses up the code and stores its tokens. Raises Conflict if it was just used or its user just signed out."""
    tenant, now = loaded.tenant, loaded.now
    family = token_response.build_family(code, tenant.policy, now)
    text = refresh.make_access_token(runtime.keys.refresh, family.family, 0)
    seconds = token_response.determine_lifetime(client, tenant.policy)
    token = token_response.make_token_record(family, code.scope, tenant.server.issuer, now, seconds)
    await runtime.store.transaction(
        [
            *spent,
            UseOnce("code", loaded.code_key, now),
            Put(records.make_family_record(family, tenant.name, now)),  # new, since its code is used once
            Put(records.make_token_record(records.digest(text), token, tenant.name)),
        ]
    )
    refreshes = token_response.has_refresh_token(family, client, tenant.policy)
    return token_response.build_response(
        text,
        token,
        tenant.policy,
        code.context,
        refresh_token=refresh.make_token(runtime.keys.refresh, family.family, 0) if refreshes else None,
        id_token=await id_token.sign(runtime, tenant, code, client, now),
        extra=await _extra_members(runtime, tenant, code.user, token.patient, code.context),
    )


async def _extra_members(
    runtime: Runtime, tenant: Tenant, username: str | None, patient: str | None, context: dict[str, Any]
) -> dict[str, Any]:
    """Members that a vendor adds to the token response. With `bare_without_launch`, only after an EHR launch."""
    templates = tenant.dialect.token_response
    if not templates or (tenant.policy.bare_without_launch and "smart_style_url" not in context):
        return {}
    user = await records.load_user(runtime, tenant, username) if username else None
    values = id_token.template_values(tenant, user, patient)
    return {name: value for name, template in templates.items() if (value := template.format(**values))}


async def _refresh_grant(
    runtime: Runtime, loaded: _Loaded, client: Client, request: TokenRequest, spent: list[Step]
) -> dict[str, Any]:
    """Rotates the refresh token, or repeats the response of a rotation that this token already had."""
    tenant, context, record, now = loaded.tenant, loaded.context, loaded.family_record, loaded.now
    policy = tenant.policy
    family = context.family
    assert isinstance(family, TokenFamily)
    assert record is not None
    rotates = policy.rotate_refresh
    if context.may_repeat:
        if spent:
            await runtime.store.transaction(spent)
        return await _repeated_response(runtime, tenant, context)
    new = structs.replace(
        family,
        generation=family.generation + (1 if rotates else 0),
        rotated_at=now,
        expires_at=now + policy.refresh_lifetime,
        asked=refresh.hash_refresh_request(request, client),
    )
    text = (
        refresh.make_access_token(runtime.keys.refresh, family.family, new.generation) if rotates else runtime.effects.token()
    )
    scope = _narrowed_scope(family, request.parameters.get("scope"), client, tenant, context.unusual_scopes)
    token = token_response.make_token_record(
        new, scope, tenant.server.issuer, now, token_response.determine_lifetime(client, policy)
    )
    steps: list[Step] = [
        *spent,
        Put(records.make_family_record(new, tenant.name, now), record.revision),
        Put(records.make_token_record(records.digest(text), token, tenant.name)),
    ]
    await runtime.store.transaction(steps)
    return await _refresh_response(runtime, tenant, new, text, token)


def _narrowed_scope(family: TokenFamily, requested: str | None, client: Client, tenant: Tenant, unusual: bool) -> str:
    if not unusual:
        return " ".join(scopes.split(requested or family.scope))
    return refresh.narrow_scope(family, requested, client, tenant.server)


async def _repeated_response(runtime: Runtime, tenant: Tenant, context: TokenContext) -> dict[str, Any]:
    family, token = context.family, context.answer
    assert isinstance(family, TokenFamily)
    assert isinstance(token, AccessToken)
    text = refresh.make_access_token(runtime.keys.refresh, family.family, family.generation)
    return await _refresh_response(runtime, tenant, family, text, token)


async def _refresh_response(
    runtime: Runtime, tenant: Tenant, family: TokenFamily, text: str, token: AccessToken
) -> dict[str, Any]:
    rotates = tenant.policy.rotate_refresh
    refresh_token = refresh.make_token(runtime.keys.refresh, family.family, family.generation) if rotates else None
    extra = await _extra_members(runtime, tenant, family.user, token.patient, family.context)
    return token_response.build_response(text, token, tenant.policy, family.context, refresh_token=refresh_token, extra=extra)


def examine_for_script(tenant: Tenant, client: Client, scope: str) -> TokenDecision:
    """Decides whether some flow of this hospital could grant these scopes, even if they aren't registered for the app."""
    request = TokenRequest(Parameters((("scope", scope),)))
    context = TokenContext(server=tenant.override_for_app(client).server, client=client)
    return decide(SCRIPT, tenant, script_token.CHECKS, request, context)


async def issue_token_for_script(
    runtime: Runtime, tenant: Tenant, client: Client, scope: str, *, patient: str | None = None, user: str | None = None
) -> dict[str, Any]:
    """A token response without a flow, for the administrator, with `warnings` if a flow of the app would give no such token.

    The scopes must have passed `examine_for_script`. Raises AppRemoved.
    """
    now, text = runtime.now(), runtime.effects.token()
    token = AccessToken(
        client_id=client.client_id,
        scope=scope,
        base=tenant.fhir_base(client.fhir),
        family=runtime.effects.token(12),
        expires_at=now + token_response.determine_lifetime(client, tenant.policy),
        timeline=runtime.effects.token(12),
        user=user,
        patient=patient,
        issuer=tenant.server.issuer,
        issued_at=now,
    )
    await runtime.store.transaction([Put(records.make_token_record(records.digest(text), token, tenant.name), 0)])
    await app_removal.undo_if_removed(runtime, client.client_id)
    METRICS.count_token("admin")
    warnings = script_token.list_warnings(client, scope, patient, user)
    return token_response.build_response(text, token, tenant.policy, {}) | ({"warnings": warnings} if warnings else {})


def _family_of(context: TokenContext) -> str:
    """The grant that was used a second time."""
    if isinstance(context.code, AuthorizationCode):
        return context.code.family
    return context.family.family if isinstance(context.family, TokenFamily) else ""
