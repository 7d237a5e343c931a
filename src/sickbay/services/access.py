"""Decides on a FHIR request: loads the token, its client and its user, and runs the checks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct, structs

from sickbay.authorization import access as stage
from sickbay.authorization.access import bearer, operations, search, writes
from sickbay.authorization.access import visibility as access_visibility
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client, User
from sickbay.authorization.refusals.access import FHIR_INSUFFICIENT_SCOPE
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.stages import ACCESS
from sickbay.fhir.body import Body
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.routes import SEARCHES
from sickbay.fhir.visibility import NOTHING, Visibility
from sickbay.kernel.checks import UNKNOWN, Check, CompiledChecks, Refusal, Unknown, compile_checks, examine, examine_fast
from sickbay.kernel.memoize import CACHED_CHARACTERS
from sickbay.services import records, refused_tokens
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, conclude, decide
from sickbay.services.token_cache import ANONYMOUS, MAXIMUM_TOKEN_CONTEXTS, BearerContext, TokenCache
from sickbay.storage.kinds import UNDONE_TOKEN

CHECKS = (*stage.CHECKS, *search.CHECKS, *operations.CHECKS)
STAND_IN_HEADER = "Bearer token"
"""A well-formed Authorization header, used in place of the header of any loaded token."""
OUTSIDE = (search.url_is_below_the_fhir_base_url, *stage.CHECKS)


class AccessResult(Struct, frozen=True, gc=False):
    """A decision, with the token's visibility: NOTHING if the request was refused."""

    decision: Decision[AccessRequest, AccessContext]
    visibility: Visibility
    client_id: str = ""
    timeline: str = ""


async def examine_access(
    runtime: Runtime,
    tenant: Tenant,
    version: str,
    request: AccessRequest,
    faults: tuple[RequestError, ...] = (),
    body: Body | Unknown = UNKNOWN,
    ignored: tuple[tuple[str, str | None], ...] = (),
    *,
    unread: bool = False,
    holder: BearerContext | None = None,
) -> AccessResult:
    """Decides on a request. The token, app and user are read again after every write, so a revocation takes effect immediately.

    faults: problems with the address, Accept and search. One response names them together with the problems of the token.
    body: the parsed body of a create or update. ignored: parameters that the search leaves out, each with the nearest
    known name. unread: the body hasn't been received yet, so no check looks at it. holder: the token, if it was just loaded.
    """
    token_context = holder
    if token_context is None:
        token_context = await load_bearer_context(runtime, tenant, version, request.base, request.headers)
    token, server, now = token_context.token, tenant.server, int(runtime.effects.now())
    from_page = "origin" in request.headers
    context = AccessContext(
        now, server, token_context.client, token, token_context.user, version, faults, ignored, body, from_page=from_page
    )
    more = writes.checks_for(request) if request.interaction in writes.WRITING and not unread else ()
    plan = _plan_checks(request.interaction, more, token_context.server is server)
    passed = examine_fast(plan, request, context)
    if passed is not None:
        decision = Decision(ACCESS, request, context, passed)
    else:
        earlier = runtime.refused_tokens.find(tenant.name, token) if token is not None else ()
        context = structs.replace(context, earlier=earlier) if earlier else context
        decision = conclude(ACCESS, tenant, request, context, examine(plan.checks, request, context, server.policy.relaxed))
        await _remember_refused_token(runtime, tenant, token, decision.refusal)
    if token is None:
        intended = await load_intended_context(runtime, tenant, version, request)
        return AccessResult(decision if intended is None else structs.replace(decision, intended_context=intended), NOTHING)
    shown = token_context.visibility if decision.refusal is None else NOTHING
    return AccessResult(decision, shown, token.client_id, token.timeline)


async def _remember_refused_token(runtime: Runtime, tenant: Tenant, token: AccessToken | None, refusal: Refusal | None) -> None:
    """Remember a token that lacks a scope, so that the next refusal on any worker can say what the app did then."""
    if token is not None and refusal is not None and refusal.name == FHIR_INSUFFICIENT_SCOPE.name:
        told = runtime.refused_tokens.remember(tenant.name, token, str(refusal.facts["needed"]), runtime.now())
        if told and runtime.channel is not None:
            await runtime.channel.send_to_all(refused_tokens.TOPIC, told)


async def load_bearer_context(
    runtime: Runtime, tenant: Tenant, version: str, base: str, headers: Mapping[str, str]
) -> BearerContext:
    """Loads the token of the Authorization header, its client and its user, or returns them from the cache."""
    header = headers.get("authorization", "")
    context = find_cached_context(runtime, base, header)
    return context if context is not None else await load_context(runtime, tenant, version, base, header)


def find_cached_context(runtime: Runtime, base: str, header: str) -> BearerContext | None:
    """Returns the token of an Authorization header, its client and its user, if nothing was written since they were loaded."""
    stamp = runtime.store.stamp()
    if stamp is None or stamp != runtime.token_cache.stamp:
        runtime.token_cache = TokenCache(stamp)
    return runtime.token_cache.contexts.get((base, header))


async def load_intended_context(runtime: Runtime, tenant: Tenant, version: str, request: AccessRequest) -> AccessContext | None:
    """Loads the context of a token that was sent in the wrong place or form. Only the corrected request uses it."""
    text = bearer.guess_token(request) if bearer.read_bearer(request) is None else None
    if text is None:
        return None
    context = await _load_bearer(runtime, tenant, version, "", text)
    return AccessContext(token=context.token, client=context.client, user=context.user)


async def issuer_of(runtime: Runtime, request: AccessRequest) -> Tenant | None:
    """Returns the hospital that issued the token of this request."""
    text = bearer.read_bearer(request)
    record = await runtime.store.get("token", records.digest(text)) if text else None
    return runtime.tenants.get(record.tenant) if record is not None else None


async def refuse_outside(runtime: Runtime, tenant: Tenant, request: AccessRequest) -> tuple[str, AccessResult]:
    """Refuse a request outside every FHIR base. Also returns the version of the base that was probably meant."""
    text, any_version = bearer.read_bearer(request), tenant.version_of(tenant.server.fhir_bases[0])
    token_context = await _load_bearer(runtime, tenant, any_version, "", text) if text else ANONYMOUS
    token = token_context.token
    version = tenant.version_of(search.find_base(request.path, token, tenant.server))
    context = AccessContext(runtime.now(), tenant.server, token_context.client, token, token_context.user, version)
    decision = decide(ACCESS, tenant, OUTSIDE, request, context)
    return version, AccessResult(decision, NOTHING, token.client_id if token else "", token.timeline if token else "")


@cache
def _plan_checks(interaction: str, more: tuple[Check[Any, Any], ...], accepted: bool) -> CompiledChecks[Any, Any]:
    """accepted: the token context passed its checks when it was loaded, so they aren't run again."""
    return compile_checks((*CHECKS, *more), interaction, stage.HOLDING if accepted else ())


for _interaction in ("read", "vread", *SEARCHES):  # the most frequent ones are compiled at start
    _plan_checks(_interaction, (), True)


async def load_context(runtime: Runtime, tenant: Tenant, version: str, base: str, header: str) -> BearerContext:
    """Loads a context that isn't in the cache of `cached_context`."""
    contexts = runtime.token_cache.contexts  # a write replaces this cache, so that a result from before the write isn't used
    text = bearer.token_of(header)
    context = ANONYMOUS if text is None else await _load_bearer(runtime, tenant, version, base, text)
    if context.token is not None and len(contexts) < MAXIMUM_TOKEN_CONTEXTS and len(header) <= CACHED_CHARACTERS:
        contexts[base, header] = context
    return context


async def _load_undone(runtime: Runtime, key: str) -> AccessToken | None:
    """Loads a token that was issued after the restored snapshot was saved. Such a token is treated as revoked."""
    token = await records.load(runtime, UNDONE_TOKEN, key, AccessToken)
    return structs.replace(token, revoked=True, revoked_by="restore") if token else None


async def _load_bearer(runtime: Runtime, tenant: Tenant, version: str, base: str, text: str) -> BearerContext:
    return await load_token_context(runtime, tenant, version, base, records.digest(text))


async def load_token_context(runtime: Runtime, tenant: Tenant, version: str, base: str, key: str) -> BearerContext:
    """Loads the context of a token by the hash under which it is stored.

    base: the FHIR base that the token was sent to; "" if none, so that no server accepts it.
    """
    token = await records.load(runtime, "token", key, AccessToken)
    if token is None and runtime.resets.restores:
        token = await _load_undone(runtime, key)
    if token is None:
        return ANONYMOUS
    client = await records.load(runtime, "app", token.client_id, Client)
    user = await records.load(runtime, "user", f"{tenant.name}/{token.user}", User) if token.user else None
    return make_bearer_context(tenant, version, base, token, client, user)


def make_bearer_context(
    tenant: Tenant, version: str, base: str, token: AccessToken, client: Client | None, user: User | None
) -> BearerContext:
    """Determines a token's visibility, and whether this hospital accepts it at this base."""
    context = AccessContext(server=tenant.server, client=client, token=token, user=user)
    visibility = access_visibility.determine_visibility(token, user, tenant.server.policy, version)
    accepted = bool(base) and stage.token_holds(base, STAND_IN_HEADER, context)
    return BearerContext(token, client, user, visibility, tenant.server if accepted else None)
