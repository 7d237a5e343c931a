"""The token endpoint (RFC 6749 3.2, 4.1.3, 5; SMART 2.2, Obtain access token): checks by grant type, and the response."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sickbay.authorization import client_assertion, client_authentication, client_credentials, origin, pkce, refresh
from sickbay.authorization.authorize.parameters import base_here, base_of
from sickbay.authorization.client_authentication import TokenCheck, client_is_registered
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, Policy, Server, TokenFamily
from sickbay.authorization.refusals import refresh as refresh_refusals
from sickbay.authorization.refusals import token as refusals
from sickbay.authorization.requests import TokenRequest, is_json
from sickbay.kernel.checks import UNKNOWN, CompiledChecks, Examination, Refusal, check, compile_checks
from sickbay.protocol import scopes

FORM = "application/x-www-form-urlencoded"
GRANTS = ("authorization_code", "refresh_token", "client_credentials")
"""All grant types of SMART; a server may offer fewer."""
PARAMETERS = (
    "grant_type",
    "code",
    "redirect_uri",
    "client_id",
    "client_secret",
    "code_verifier",
    "refresh_token",
    "scope",
    "resource",
    "token",
    "token_type_hint",
)
CONTEXT = ("need_patient_banner", "fhirContext", "intent", "smart_style_url", "tenant", "appContext")
"""Token response members from the launch, in addition to patient and encounter (SMART 2.2, launch context)."""


@check()
def method_is_post(request: TokenRequest, context: TokenContext) -> Refusal | None:
    in_url = [name for name in request.query.names() if name in PARAMETERS] if request.query.pairs else []
    if request.method == "POST" and not in_url:
        return None
    return refusals.TOKEN_WRONG_METHOD(received=request.method, in_url=in_url)


@check()
def address_is_of_a_tenant(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if not context.elsewhere:
        return None
    endpoint = context.server.token_endpoint if isinstance(context.server, Server) else None
    return refusals.TENANT_UNKNOWN(received=context.elsewhere, expected=endpoint)


@check()
def body_is_a_form(request: TokenRequest, context: TokenContext) -> Refusal | None:
    sent = request.headers.get("content-type")
    if request.method != "POST" or (sent is None and not request.body.strip()):
        return None  # there is no body to read
    if (sent or "").partition(";")[0].strip().lower() == FORM and not is_json(request.body):
        return None
    facts = {"received": sent, "expected": FORM, "json": is_json(request.body)}
    return refusals.TOKEN_WRONG_CONTENT_TYPE.with_facts(facts)


@check()
def parameters_are_sent_once(request: TokenRequest, context: TokenContext) -> Refusal | None:
    repeated = request.parameters.repeated()
    if not repeated:
        return None
    facts = {"names": list(repeated), "received": list(repeated), "expected": "each parameter once"}
    return refusals.DUPLICATE_PARAMETER.with_facts(facts)


@check()
def grant_type_is_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if request.parameters.get("grant_type"):
        return None
    return refusals.GRANT_TYPE_MISSING(received=None, expected=_suggested_grant(request))


@check(after=(grant_type_is_sent,))
def grant_type_is_supported(request: TokenRequest, context: TokenContext) -> Refusal | None:
    grant = request.parameters.get("grant_type")
    offered = context.server.grants if isinstance(context.server, Server) else GRANTS
    if grant in offered or (not context.smart and _is_of_oauth(grant or "")):
        return None
    facts = {"received": grant, "expected": _suggested_grant(request), "supported": offered}
    return refusals.GRANT_TYPE_INVALID.with_facts(facts)


def _is_of_oauth(grant: str) -> bool:
    """Whether other servers may support it: an extension grant is a URI, and the password grant was part of OAuth 2.0."""
    return grant == "password" or ":" in grant


@check(after=(grant_type_is_supported,))
def grant_type_fits(request: TokenRequest, context: TokenContext) -> Refusal | None:
    grant, implied_grant = request.parameters.get("grant_type"), implied(request)
    refreshes = grant == "refresh_token" and request.parameters.get("refresh_token")
    if implied_grant in (None, grant) or refreshes:
        return None
    return refusals.GRANT_TYPE_MISMATCH(received=grant, expected=implied_grant)


@check(requires=("server",))
def resource_is_what_was_granted(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """A resource indicator (RFC 8707 2.2) must name the FHIR base of the grant; a backend service may choose any base."""
    sent, server = request.parameters.get("resource"), context.server
    if not sent:
        return None
    grant = context.code if isinstance(context.code, AuthorizationCode) else context.family
    granted = grant.base if isinstance(grant, AuthorizationCode | TokenFamily) else ""
    bases = (granted,) if granted else server.fhir_bases if isinstance(server, Server) else ()
    if not bases or base_of(sent, bases):
        return None
    if isinstance(server, Server) and base_here(sent, server) in bases:
        return None
    return refusals.TOKEN_RESOURCE_MISMATCH(received=sent, expected=bases[0])


def _suggested_grant(request: TokenRequest) -> str | None:
    """Returns the grant type to suggest: client_credentials if the request has an assertion but no code or refresh token."""
    return implied(request) or ("client_credentials" if request.parameters.get("client_assertion") else None)


def refreshing(request: TokenRequest) -> bool:
    """Whether the request is a refresh, by its grant_type or by its parameters."""
    return (request.parameters.get("grant_type") or implied(request)) == "refresh_token"


def implied(request: TokenRequest) -> str | None:
    """Returns the grant type that the other parameters imply."""
    if request.parameters.get("code"):
        return "authorization_code"
    return "refresh_token" if request.parameters.get("refresh_token") else None


@check(requires=("client",), after=(client_is_registered, grant_type_is_supported))
def client_may_use_the_grant(request: TokenRequest, context: TokenContext) -> Refusal | None:
    grant = request.parameters.get("grant_type")
    if not isinstance(context.client, Client) or grant in context.client.grant_types:
        return None
    facts = {"received": grant, "registered": context.client.grant_types}
    return refusals.BACKEND_GRANT_NOT_ALLOWED.with_facts(facts)


@check()
def code_is_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if request.parameters.get("code"):
        return None
    return refusals.CODE_MISSING(received=None)


_NO_CODE = re.compile(r"[^\w.~+/=-]")
"""A character that no code of this server has, and hardly any of another server."""
_CODE = re.compile(r"[\w.~+/=-]+", re.A)


def bare_code(sent: str) -> str:
    """Returns what follows code= if that is there, from its first to its last character that a code may have."""
    bare = _CODE.search(sent.rpartition("code=")[2])
    return bare.group() if bare else ""


@check(requires=("code",), after=(code_is_sent,))
def code_is_known(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if context.code is not None:
        return None
    code = request.parameters.get("code") or ""
    invalid = _NO_CODE.search(code)
    return refusals.CODE_UNKNOWN.with_facts({"length": len(code)} | ({"odd": invalid.group()} if invalid else {}))


@check(requires=("code",), after=(code_is_known,))
def code_is_unused(request: TokenRequest, context: TokenContext) -> Refusal | None:
    used_at = _code(context).used_at
    if used_at is None:
        return None
    seconds = None if context.now is UNKNOWN else int(context.now) - used_at
    return refusals.CODE_REUSED(seconds=seconds)


@check(requires=("code", "now"), after=(code_is_unused,))
def code_is_fresh(request: TokenRequest, context: TokenContext) -> Refusal | None:
    code, now = _code(context), context.now
    assert now is not UNKNOWN
    age = int(now) - code.issued_at
    if age <= code.lifetime:
        return None
    return refusals.CODE_EXPIRED(age=age, lifetime=code.lifetime, late=age - code.lifetime)


@check(requires=("code", "client"), after=(code_is_known, client_is_registered))
def code_is_of_this_client(request: TokenRequest, context: TokenContext) -> Refusal | None:
    client = context.client
    if not isinstance(client, Client) or client.client_id == _code(context).client_id:
        return None
    return refusals.CODE_CLIENT_MISMATCH(received=client.client_id)


@check(requires=("code",), after=(code_is_known,))
def redirect_uri_is_repeated(request: TokenRequest, context: TokenContext) -> Refusal | None:
    expected, sent = _code(context).redirect_uri, request.parameters.get("redirect_uri")
    if expected is None or sent == expected:
        return None
    kind = refusals.TOKEN_REDIRECT_URI_MISMATCH if sent else refusals.TOKEN_REDIRECT_URI_MISSING
    return kind(received=sent, expected=expected)


@check(requires=("code", "server"), after=(code_is_known,))
def code_is_of_this_server(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """A code must be redeemed at the token endpoint of the tenant that issued it."""
    code, server = _code(context), context.server
    bases = server.fhir_bases if isinstance(server, Server) else ()
    if not code.base or code.base in bases:
        return None
    return refusals.TOKEN_ENDPOINT_WRONG_TENANT(received=request.url, expected=None)


def _code(context: TokenContext) -> AuthorizationCode:
    assert isinstance(context.code, AuthorizationCode)
    return context.code


ENVELOPE: tuple[TokenCheck, ...] = (
    address_is_of_a_tenant,
    method_is_post,
    body_is_a_form,
    parameters_are_sent_once,
    grant_type_is_sent,
    grant_type_is_supported,
    grant_type_fits,
    resource_is_what_was_granted,
)

FORM_CHECKS: tuple[TokenCheck, ...] = (method_is_post, body_is_a_form, parameters_are_sent_once)
"""Checks of every endpoint that takes a form from an app."""

CLIENT: tuple[TokenCheck, ...] = (
    *client_authentication.CHECKS,
    client_may_use_the_grant,
    *origin.TOKEN_CHECKS,
)

CODE: tuple[TokenCheck, ...] = (
    code_is_sent,
    code_is_known,
    code_is_unused,
    code_is_fresh,
    code_is_of_this_client,
    code_is_of_this_server,
    redirect_uri_is_repeated,
    *pkce.CHECKS,
)

CHECKS: dict[str | None, tuple[TokenCheck, ...]] = {
    "authorization_code": (*ENVELOPE, *CLIENT, *CODE),
    "refresh_token": (*ENVELOPE, *CLIENT, *refresh.CHECKS),
    "client_credentials": (*ENVELOPE, *CLIENT, *client_credentials.CHECKS),
    None: (*ENVELOPE, *CLIENT),
}


_COMPILED = {grant: compile_checks(grant_checks) for grant, grant_checks in CHECKS.items()}
_WITH_ASSERTION = {
    grant: compile_checks((*grant_checks, *client_assertion.ASSERTION)) for grant, grant_checks in CHECKS.items()
}


def compiled_checks(request: TokenRequest) -> CompiledChecks[TokenRequest, TokenContext]:
    """Returns the checks of the requested grant type. grant_type_is_supported refuses other types, so the checks of None never
    grant.
    """
    by_grant = _WITH_ASSERTION if request.parameters.get("client_assertion") else _COMPILED
    return by_grant.get(request.parameters.get("grant_type") or implied(request)) or by_grant[None]


def checks(request: TokenRequest) -> tuple[TokenCheck, ...]:
    return compiled_checks(request).checks


USED_TWICE = (refusals.CODE_REUSED.name, refresh_refusals.REFRESH_TOKEN_REUSED.name)


def revokes(examination: Examination) -> bool:
    """Whether the tokens issued for the code or refresh token must be revoked, because it was used twice (RFC 6749 4.1.2)."""
    return any(refusal.name in USED_TWICE for refusal in examination.refusals)


def lifetime(client: Client, policy: Policy) -> int:
    """Returns the lifetime of an access token, in seconds."""
    return client.token_lifetime or policy.token_lifetime


def family(code: AuthorizationCode, policy: Policy, now: int) -> TokenFamily:
    """Returns the grant behind a redeemed code. offline_access wins if online_access was granted too."""
    granted = scopes.split(code.scope)
    offline = "offline_access" in granted
    return TokenFamily(
        family=code.family,
        client_id=code.client_id,
        scope=code.scope,
        base=code.base,
        rotated_at=now,
        mode="offline" if offline else "online" if "online_access" in granted else "none",
        expires_at=now + policy.refresh_lifetime,
        session=code.session,
        user=code.user,
        patient=code.patient,
        encounter=code.encounter,
        context=code.context,
        timeline=code.timeline,
    )


def access_token(family: TokenFamily, scope: str, issuer: str, now: int, seconds: int) -> AccessToken:
    """Returns the stored form of an access token of this family."""
    return AccessToken(
        client_id=family.client_id,
        scope=scope,
        base=family.base,
        expires_at=now + seconds,
        family=family.family,
        timeline=family.timeline,
        user=family.user,
        patient=family.patient,
        encounter=family.encounter,
        issuer=issuer,
        issued_at=now,
    )


def response(
    text: str,
    token: AccessToken,
    policy: Policy,
    context: Mapping[str, Any],
    *,
    refresh_token: str | None = None,
    id_token: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Returns the response (RFC 6749 5.1; SMART 2.2, launch context). context: of the code or family. extra: the dialect's
    members.
    """
    members: dict[str, Any] = {
        "access_token": text,
        "token_type": policy.token_type,
        "expires_in": policy.expires_in or token.expires_at - token.issued_at,
        "scope": token.scope,
        "patient": token.patient,
        "encounter": token.encounter,
        **{name: context.get(name) for name in CONTEXT if token.patient or name != "need_patient_banner"},
        **_banner(policy, token, context),
        **(extra or {}),
        "id_token": id_token,
        "refresh_token": refresh_token,
    }
    return {name: value for name, value in members.items() if value is not None}


def _banner(policy: Policy, token: AccessToken, context: Mapping[str, Any]) -> dict[str, Any]:
    """Returns need_patient_banner in the dialect's type, if there is a patient and the context has a value."""
    banner = context.get("need_patient_banner") if token.patient else None
    return {"need_patient_banner": str(banner).lower()} if policy.banner_as_text and isinstance(banner, bool) else {}


def refreshes(family: TokenFamily, client: Client, policy: Policy) -> bool:
    """Whether a refresh token is issued with it."""
    allowed = policy.public_refresh or client.client != "public"
    return family.mode != "none" and allowed and "refresh_token" in client.grant_types
