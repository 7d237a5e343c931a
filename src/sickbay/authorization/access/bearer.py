"""Checks of the access token of a FHIR request (RFC 6750), and the challenge if it is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Server
from sickbay.authorization.refusals import access as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.token import refresh
from sickbay.kernel.checks import UNKNOWN, Check, Refusal
from sickbay.kernel.memoize import memoize
from sickbay.protocol import jose

AccessCheck = Check[AccessRequest, AccessContext]
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_DOUBLED = re.compile(r" *bearer +bearer\b[^,]*$", re.IGNORECASE)
_SCHEME = re.compile(r"bearer(?= |$)", re.IGNORECASE)


def read_bearer(request: AccessRequest) -> str | None:
    """Returns the token of the Authorization header (RFC 6750 2.1), or None."""
    return token_of(request.headers.get("authorization", ""))


@memoize(4096)
def token_of(header: str) -> str | None:
    match = _BEARER.fullmatch(header.strip(" "))
    return match[1] if match else None


def guess_token(request: AccessRequest) -> str | None:
    """Returns the token that a request without a readable one probably meant: without stray characters, or from the URL."""
    header = request.headers.get("authorization", "")
    sent = _likely_token(header) if header else request.parameters.get("access_token")
    return sent if sent and token_of(f"Bearer {sent}") else None


def _likely_token(header: str) -> str:
    """Returns the text after the last space if it could be a token: not in a list, after Basic, or a bare scheme."""
    last = header.strip(' "').rpartition(" ")[2].strip('"')
    return "" if "," in header or header.lower().startswith("basic") or last.lower() == "bearer" else last


def format_challenge(refusal: Refusal, realm: str, parameters: Mapping[str, str] = MappingProxyType({})) -> str:
    """Returns WWW-Authenticate for a refusal with 400, 401 or 403 (RFC 6750 3). No token: no error code. parameters: more of
    them. Without them, a refusal with 403 names the scope that it needs.
    """
    needed = {"scope": refusal.facts.get("needed")} if refusal.status == 403 else {}
    sent = {"realm": realm, "error": refusal.error, **needed, **parameters}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in sent.items() if value)


ISSUES = {refusals.FHIR_TOKEN_EXPIRED.name: "expired", refusals.FHIR_INSUFFICIENT_SCOPE.name: "forbidden"}


def issue_type(refusal: Refusal) -> str:
    """Returns OperationOutcome.issue.code (FHIR IssueType) for a refusal of this stage."""
    return ISSUES.get(refusal.name, "login")


def refuse_unusable_token(reason: str, **facts: object) -> Refusal:
    """Returns the same refusal for every unusable token; only the token's owner can read the reason."""
    return refusals.FHIR_TOKEN_UNKNOWN.with_facts({"reason": reason, **facts})


@check()
def token_is_sent(request: AccessRequest, context: AccessContext) -> Refusal | None:
    if request.headers.get("authorization") or "access_token" in request.parameters:
        return None
    if context.public or not context.headers_known:
        return None
    return refusals.FHIR_TOKEN_MISSING(received=None)


@check()
def token_is_only_in_the_header(request: AccessRequest, context: AccessContext) -> Refusal | None:
    if not request.parameters.pairs or "access_token" not in request.parameters:
        return None
    both, in_body = "authorization" in request.headers, "access_token=" in request.body
    return refusals.FHIR_TOKEN_IN_QUERY(also_in_header=both, in_body=in_body)


@check(after=(token_is_sent,))
def token_is_a_bearer_token(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Another scheme counts as no token (401). A malformed or repeated Bearer token is a bad request (400)."""
    header = request.headers.get("authorization")
    if header is None or read_bearer(request):
        return None
    if _SCHEME.match(header.strip(" ")) is None:
        fault = "colon" if header.strip().lower().startswith("bearer:") else "scheme"
        return refusals.FHIR_TOKEN_OF_ANOTHER_SCHEME(fault=fault)
    fault = "doubled" if _DOUBLED.match(header) else "twice" if "," in header else "quoted" if '"' in header else "malformed"
    return refusals.FHIR_TOKEN_NOT_BEARER(fault=fault)


@check(requires=("token",), after=(token_is_a_bearer_token, token_is_only_in_the_header))
def token_is_known(request: AccessRequest, context: AccessContext) -> Refusal | None:
    if context.token is not None:
        return None
    text = read_bearer(request) or ""
    return refuse_unusable_token(
        "scheme" if text.lower() == "bearer" else "unknown",
        length=len(text),
        id_token=is_id_token(text),
        refresh_token=refresh.is_refresh_token(text),
    )


def is_id_token(text: str) -> bool:
    """Whether a JWT has claims found only in an id_token: `nonce`, `fhirUser` or `auth_time`."""
    jwt = jose.decode_unverified(text)
    return jwt is not None and ("nonce" in jwt.claims or "fhirUser" in jwt.claims or "auth_time" in jwt.claims)


@check(requires=("token",), after=(token_is_known,))
def token_is_not_revoked(request: AccessRequest, context: AccessContext) -> Refusal | None:
    token = issued_token(context)
    if token.revoked_by == "restore":
        return refuse_unusable_token("undone")
    return refuse_unusable_token("revoked", **refresh.revocation_facts(token)) if token.revoked else None


@check(requires=("token", "client", "user"), after=(token_is_known,))
def client_and_user_of_the_token_exist(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Deleting a client or user also invalidates its tokens. `context.user` is also None if the token has no user."""
    if context.client is None:
        return refuse_unusable_token("client removed")
    return refuse_unusable_token("user removed") if issued_token(context).user and context.user is None else None


@check(requires=("token", "now"), after=(token_is_known,))
def token_has_not_expired(request: AccessRequest, context: AccessContext) -> Refusal | None:
    assert context.now is not UNKNOWN
    late = context.now - issued_token(context).expires_at
    return None if late < 0 else refusals.FHIR_TOKEN_EXPIRED(late=late)


@check(requires=("token", "server"), after=(token_is_known,))
def token_was_issued_by_this_server(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """The issuer must be equal. Offline, an issuer on the host of the server's endpoints is also accepted."""
    server, issuer = context.server, issued_token(context).issuer
    if not isinstance(server, Server) or not issuer or not server.issuer or issuer == server.issuer:
        return None
    if _origin_of_url(issuer) in {_origin_of_url(server.authorization_endpoint), _origin_of_url(server.token_endpoint)}:
        return None
    facts = {"received": issuer, "expected": server.issuer}
    return refusals.FHIR_TOKEN_WRONG_ISSUER.with_facts(facts)


@check(requires=("token",), after=(token_is_known,))
def token_is_for_this_fhir_base_url(request: AccessRequest, context: AccessContext) -> Refusal | None:
    audience = issued_token(context).base
    if audience == request.base or not request.base or audience.rstrip("/") == request.base.rstrip("/"):
        return None
    server = context.server
    registered = isinstance(server, Server) and audience not in server.fhir_bases and server.serves(audience)
    facts = {"received": audience, "expected": request.base} | ({"of": "resource"} if registered else {})
    return refusals.FHIR_TOKEN_WRONG_AUDIENCE.with_facts(facts)


def issued_token(context: AccessContext) -> AccessToken:
    assert isinstance(context.token, AccessToken)
    return context.token


def _origin_of_url(url: str) -> str:
    return "/".join(url.split("/", 3)[:3]).lower()
