"""The token endpoint: load what the request names, decide, and redeem or rotate in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sickbay.authorization import (
    client_authentication,
    id_token,
    ordinary_scopes,
    refresh,
    script_token,
    token_negotiation,
)
from sickbay.authorization import token as stage
from sickbay.authorization.known import TokenKnown
from sickbay.authorization.refusals import refresh as refusals
from sickbay.authorization.refusals.token import PKCE_VERIFIER_MISMATCH
from sickbay.authorization.requests import TokenRequest, authorize_request
from sickbay.authorization.token_negotiation import Given
from sickbay.authorization.values import Client, Code, Family, RevokedBy, Server, Token, User
from sickbay.diagnosis.stages import SCRIPT, TOKEN
from sickbay.operations import backend, grants, id_token_keys, records, registration, sessions
from sickbay.operations.authorize import Pending
from sickbay.operations.context import Tenant, World
from sickbay.operations.decision import Decision, decide, refused
from sickbay.protocol import jose, scopes
from sickbay.protocol.parameters import Parameters
from sickbay.storage.store import Conflict, Put, Record, Step, UseOnce

TokenDecision: TypeAlias = Decision[TokenRequest, TokenKnown]


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class Answered:
    """response: the JSON of RFC 6749 5.1, None where it was refused."""

    decision: TokenDecision
    response: dict[str, Any] | None
    client_id: str = ""
    timeline: str = ""


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class _Loaded:
    known: TokenKnown
    code_key: str = ""
    family_record: Record | None = None
    jti_revision: int = 0


async def token(world: World, tenant: Tenant, request: TokenRequest, *, elsewhere: str = "") -> Answered:
    """One token request. What a second use of a code or refresh token must revoke is revoked before the answer.

    elsewhere: the tenant that the address names, if it is none of this server's.
    """
    for _ in range(5):
        loaded = await _load(world, tenant, request, elsewhere)
        tenant = _under(tenant, loaded.known)
        decision = await backend.decided(world, tenant, request, loaded.known, TOKEN, stage.checks(request))
        if any(one.name == PKCE_VERIFIER_MISMATCH.name for one in decision.examination.refusals):
            decision = await _beside_others(world, tenant, decision)
        try:
            return await _answer(world, tenant, decision, loaded)
        except Conflict:
            continue
    gone = refused(TOKEN, request, loaded.known, refusals.REFRESH_TOKEN_INVALID(reason="unknown"))
    return _refused(gone, loaded.known)


async def _beside_others(world: World, tenant: Tenant, decision: TokenDecision) -> TokenDecision:
    """The same decision, made by somebody who knows the app's other attempts too: whose verifier it is."""
    known = decision.known
    if not isinstance(known.client, Client):
        return decision
    find, owner = world.store.find, known.client.client_id
    codes = [records.parse(Code, one.value).code_challenge for one in await find("code", owner=owner, limit=20)]
    waiting = [records.parse(Pending, one.value) for one in await find("pending", owner=owner, limit=20)]
    codes += [authorize_request(one.text, one.method).parameters.get("code_challenge") for one in waiting]
    known = replace(known, attempts=tuple(one for one in codes if one))
    return await backend.decided(world, tenant, decision.request, known, TOKEN, stage.checks(decision.request))


def _under(tenant: Tenant, known: TokenKnown) -> Tenant:
    return tenant.under(known.client) if isinstance(known.client, Client) else tenant


async def _answer(world: World, tenant: Tenant, decision: TokenDecision, loaded: _Loaded) -> Answered:
    known, request = loaded.known, decision.request
    spent = backend.spent(world, request, known, decision.examination, loaded.jti_revision)
    if decision.refusal is not None:
        if stage.revokes(decision.examination):
            by: RevokedBy = "code" if isinstance(known.code, Code) else "refresh"
            spent += await grants.ended(world, tenant, _family_of(known), by)
        if spent:
            await world.store.transaction(spent)
        return _refused(decision, known)
    assert isinstance(known.client, Client)
    if request.parameters.get("grant_type") == "client_credentials":
        offered = backend.offered(tenant, request, known)
        response, timeline = await backend.grant(world, tenant, known.client, request, offered, spent)
        return _granted(decision, response, known.client, timeline, token_negotiation.service(offered))
    if isinstance(known.code, Code):
        response = await _redeem(world, tenant, known.client, known.code, loaded.code_key, spent)
        given = _given(known.code, known.client, response)
        return _granted(decision, response, known.client, known.code.timeline, given)
    assert isinstance(known.family, Family)
    response = await _refresh(world, tenant, known.client, loaded, request, spent)
    given = token_negotiation.refreshed(known.family.scope, response["scope"], "refresh_token" in response)
    return _granted(decision, response, known.client, known.family.timeline, given)


def _given(code: Code, client: Client, response: dict[str, Any]) -> Given:
    rows = [token_negotiation.Negotiated(*one) for one in code.negotiated]
    return token_negotiation.given(rows, code.scope, client, "refresh_token" in response)


def _granted(decision: TokenDecision, response: dict[str, Any], client: Client, timeline: str, given: Given) -> Answered:
    """With what is told about the answer to whoever reads the exchange."""
    return Answered(replace(decision, given=given), response, client.client_id, timeline)


def _refused(decision: TokenDecision, known: TokenKnown) -> Answered:
    client_id = known.client.client_id if isinstance(known.client, Client) else ""
    grant = known.code if isinstance(known.code, Code) else known.family
    timeline = grant.timeline if isinstance(grant, (Code, Family)) and grant.client_id == client_id else ""
    return Answered(decision, None, client_id, timeline)


async def _load(world: World, tenant: Tenant, request: TokenRequest, elsewhere: str = "") -> _Loaded:
    client, live_at = await registration.live(world, client_authentication.claimed(request))
    if client is not None and client.tenant != tenant.name:
        client = None
    refreshing = stage.refreshing(request)
    sent = None if refreshing else request.parameters.get("code")
    key = records.digest(sent) if sent else ""
    server = tenant.under(client).server
    service = client if request.parameters.get("grant_type") == "client_credentials" else None
    neighbours = () if client else await registration.neighbours(world, tenant.name)
    known = TokenKnown(
        now=world.now(),
        server=server,
        unusual_scopes=service is None or not ordinary_scopes.of_service(request, service, server),
        elsewhere=elsewhere,
        client=client,
        code=await _code(world, key) if key else None,
        family=None,
        jwks=None,
        live_at=live_at,
        others=tuple(one.client_id for one in neighbours),
        neighbours=neighbours,
    )
    known, revision = await backend.known_of(world, request, known)
    loaded = await _with_family(world, tenant, request, known) if refreshing else _Loaded(known, key)
    if not client or (sent and known.code is None):
        loaded.known = await _with_meant(world, tenant, request, loaded.known)
    return replace(loaded, jti_revision=revision) if revision else loaded


async def _with_meant(world: World, tenant: Tenant, request: TokenRequest, known: TokenKnown) -> TokenKnown:
    """With what the request likely meant: whose grant it is where it names nobody, the code without what clings to it."""
    grant = known.code if isinstance(known.code, Code) else known.family
    named = client_authentication.claimed(request)
    owner = await registration.by_id(world, grant.client_id) if isinstance(grant, Code | Family) and not named else None
    sent = request.parameters.get("code") or ""
    bare = stage.bare_code(sent)
    code = await _code(world, records.digest(bare)) if known.code is None and bare != sent else known.bare
    return replace(known, owner=owner if owner and owner.tenant == tenant.name else None, bare=code)


async def _code(world: World, key: str) -> Code | None:
    record = await world.store.get("code", key)
    if record is None:
        return None
    code = records.parse(Code, record.value)
    return code if record.used_at is None else replace(code, used_at=record.used_at)


async def _with_family(world: World, tenant: Tenant, request: TokenRequest, base: TokenKnown) -> _Loaded:
    read = refresh.read(world.keys.refresh, request.parameters.get("refresh_token") or "")
    record = await world.store.get("family", read[0]) if read else None
    if record is None or read is None or record.tenant != tenant.name:
        return _Loaded(base)
    family = records.parse(Family, record.value)
    ended = await sessions.ended(world, family.session)
    gone = family.user is not None and not await sessions.is_user(world, tenant, family.user)
    unusual = not _ordinary(request, base, family)
    known = replace(base, family=family, generation=read[1], session_ended=ended, user_gone=gone, unusual_scopes=unusual)
    if refresh.is_replay(known):
        text = refresh.access(world.keys.refresh, family.family, family.generation)
        known = replace(known, answer=await records.load(world, "token", records.digest(text), Token))
    return _Loaded(known, family_record=record)


def _ordinary(request: TokenRequest, known: TokenKnown, family: Family) -> bool:
    client, server = known.client, known.server
    if not isinstance(client, Client) or not isinstance(server, Server):
        return False
    return ordinary_scopes.of_refresh(request, client, server, family)


async def _redeem(world: World, tenant: Tenant, client: Client, code: Code, key: str, spent: list[Step]) -> dict[str, Any]:
    """Use up the code and put what it gives, or Conflict: then it was used, or its user signed out, in this moment."""
    now = world.now()
    family = stage.family(code, tenant.policy, now)
    text = refresh.access(world.keys.refresh, family.family, 0)
    seconds = stage.lifetime(client, tenant.policy)
    token = stage.access_token(family, code.scope, tenant.server.issuer, now, seconds)
    await world.store.transaction(
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
        refresh_token=refresh.make(world.keys.refresh, family.family, 0) if refreshes else None,
        id_token=await _id_token(world, tenant, code, client, now),
        extra=await _extra(world, tenant, code.user, token.patient, code.context),
    )


async def _id_token(world: World, tenant: Tenant, code: Code, client: Client, now: int) -> str | None:
    if not id_token.is_due(code.scope) or code.user is None:
        return None
    user = await sessions.user(world, tenant, code.user)
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
    return jose.sign({**claims, **own}, await id_token_keys.signing(world))


async def _extra(
    world: World, tenant: Tenant, username: str | None, patient: str | None, context: dict[str, Any]
) -> dict[str, Any]:
    """Members that a vendor adds to the token response: some with a launch from the EHR alone, which has a style."""
    templates = tenant.dialect.token_response
    if not templates or (tenant.policy.bare_without_launch and "smart_style_url" not in context):
        return {}
    user = await sessions.user(world, tenant, username) if username else None
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
    world: World, tenant: Tenant, client: Client, loaded: _Loaded, request: TokenRequest, spent: list[Step]
) -> dict[str, Any]:
    """Rotate, or repeat the identical answer of the rotation that this token had already."""
    known, record, now, policy = loaded.known, loaded.family_record, world.now(), tenant.policy
    family = known.family
    assert isinstance(family, Family)
    assert record is not None
    rotates = policy.rotate_refresh
    if refresh.is_replay(known):
        if spent:
            await world.store.transaction(spent)
        return await _repeat(world, tenant, known)
    new = replace(
        family,
        generation=family.generation + (1 if rotates else 0),
        rotated_at=now,
        expires_at=now + policy.refresh_lifetime,
        asked=refresh.fingerprint(request, client),
    )
    text = refresh.access(world.keys.refresh, family.family, new.generation) if rotates else world.effects.token()
    scope = _narrowed(family, request.parameters.get("scope"), client, tenant, known.unusual_scopes)
    token = stage.access_token(new, scope, tenant.server.issuer, now, stage.lifetime(client, policy))
    steps: list[Step] = [
        *spent,
        Put(records.family(new, tenant.name, now), record.revision),
        Put(records.token(records.digest(text), token, tenant.name)),
    ]
    await world.store.transaction(steps)
    return await _refreshed(world, tenant, new, text, token)


def _narrowed(family: Family, asked: str | None, client: Client, tenant: Tenant, unusual: bool) -> str:
    if not unusual:
        return " ".join(scopes.split(asked or family.scope))
    return refresh.narrowed(family, asked, client, tenant.server)


async def _repeat(world: World, tenant: Tenant, known: TokenKnown) -> dict[str, Any]:
    family, token = known.family, known.answer
    assert isinstance(family, Family)
    assert isinstance(token, Token)
    text = refresh.access(world.keys.refresh, family.family, family.generation)
    return await _refreshed(world, tenant, family, text, token)


async def _refreshed(world: World, tenant: Tenant, family: Family, text: str, token: Token) -> dict[str, Any]:
    rotates = tenant.policy.rotate_refresh
    again = refresh.make(world.keys.refresh, family.family, family.generation) if rotates else None
    extra = await _extra(world, tenant, family.user, token.patient, family.context)
    return stage.response(text, token, tenant.policy, family.context, refresh_token=again, extra=extra)


def examined_for_script(tenant: Tenant, client: Client, scope: str) -> TokenDecision:
    """Whether some flow of this hospital could give these scopes; that the app registered them is not asked."""
    request = TokenRequest(Parameters((("scope", scope),)))
    known = TokenKnown(server=tenant.under(client).server, client=client)
    return decide(SCRIPT, tenant, script_token.CHECKS, request, known)


async def for_script(
    world: World, tenant: Tenant, client: Client, scope: str, *, patient: str | None = None, user: str | None = None
) -> dict[str, Any]:
    """A token response without any flow, for the administrator, of scopes that `examined_for_script` accepts."""
    now, text = world.now(), world.effects.token()
    token = Token(
        client_id=client.client_id,
        scope=scope,
        base=tenant.fhir_base(client.fhir),
        family=world.effects.token(12),
        expires_at=now + stage.lifetime(client, tenant.policy),
        timeline=world.effects.token(12),
        user=user,
        patient=patient,
        issuer=tenant.server.issuer,
        issued_at=now,
    )
    await world.store.transaction([Put(records.token(records.digest(text), token, tenant.name), 0)])
    return stage.response(text, token, tenant.policy, {})


def _family_of(known: TokenKnown) -> str:
    """The grant that was used a second time."""
    if isinstance(known.code, Code):
        return known.code.family
    return known.family.family if isinstance(known.family, Family) else ""
