"""Decides whether a token permits a FHIR request (RFC 6750; SMART 2.2, Scopes), without looking at any results."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

from sickbay.authorization import origin, refresh
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Policy, Server, User
from sickbay.authorization.refusals import access as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.search.parameters import compartment_types
from sickbay.fhir.search.routes import SEARCHES, SEVERAL, chosen
from sickbay.fhir.visibility import Clause, Granular, Visibility
from sickbay.kernel.checks import UNKNOWN, Check, Refusal, Unknown, check
from sickbay.kernel.memoize import memoize, memoized
from sickbay.protocol import jose, scopes
from sickbay.protocol.scopes import ResourceScope

AccessCheck = Check[AccessRequest, AccessContext]

OPEN = ("capabilities", "preflight", "discovery")
"""Interactions that need no token."""
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_DOUBLED = re.compile(r" *bearer +bearer\b[^,]*$", re.IGNORECASE)
_SCHEME = re.compile(r"bearer(?= |$)", re.IGNORECASE)


def bearer(request: AccessRequest) -> str | None:
    """Returns the token of the Authorization header (RFC 6750 2.1), or None."""
    return token_of(request.headers.get("authorization", ""))


@memoize(4096)
def token_of(header: str) -> str | None:
    match = _BEARER.fullmatch(header.strip(" "))
    return match[1] if match else None


def meant(request: AccessRequest) -> str | None:
    """Returns the token that a request without a readable one probably meant: without stray characters, or from the URL."""
    header = request.headers.get("authorization", "")
    sent = _likely_token(header) if header else request.parameters.get("access_token")
    return sent if sent and token_of(f"Bearer {sent}") else None


def _likely_token(header: str) -> str:
    """Returns the text after the last space if it could be a token: not in a list, after Basic, or a bare scheme."""
    last = header.strip(' "').rpartition(" ")[2].strip('"')
    return "" if "," in header or header.lower().startswith("basic") or last.lower() == "bearer" else last


def challenge(refusal: Refusal, realm: str) -> str:
    """Returns WWW-Authenticate for a refusal with 400, 401 or 403 (RFC 6750 3). No error code without a token."""
    parameters = {"realm": realm, "error": refusal.error, "scope": refusal.facts.get("needed")}
    sent = {name: value for name, value in parameters.items() if value and (name != "scope" or refusal.status == 403)}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in sent.items())


ISSUES = {refusals.FHIR_TOKEN_EXPIRED.name: "expired", refusals.FHIR_INSUFFICIENT_SCOPE.name: "forbidden"}


def issue_type(refusal: Refusal) -> str:
    """Returns OperationOutcome.issue.code (FHIR IssueType) for a refusal of this stage."""
    return ISSUES.get(refusal.name, "login")


def _unusable(reason: str, **facts: object) -> Refusal:
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
def token_is_in_the_header_alone(request: AccessRequest, context: AccessContext) -> Refusal | None:
    if not request.parameters.pairs or "access_token" not in request.parameters:
        return None
    both, in_body = "authorization" in request.headers, "access_token=" in request.body
    return refusals.FHIR_TOKEN_IN_QUERY(also_in_header=both, in_body=in_body)


@check(after=(token_is_sent,))
def token_is_bearer(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Another scheme counts as no token (401). A malformed or repeated Bearer token is a bad request (400)."""
    header = request.headers.get("authorization")
    if header is None or bearer(request):
        return None
    if _SCHEME.match(header.strip(" ")) is None:
        fault = "colon" if header.strip().lower().startswith("bearer:") else "scheme"
        return refusals.FHIR_TOKEN_OF_ANOTHER_SCHEME(fault=fault)
    fault = "doubled" if _DOUBLED.match(header) else "twice" if "," in header else "quoted" if '"' in header else "malformed"
    return refusals.FHIR_TOKEN_NOT_BEARER(fault=fault)


@check(requires=("token",), after=(token_is_bearer, token_is_in_the_header_alone))
def token_is_known(request: AccessRequest, context: AccessContext) -> Refusal | None:
    if context.token is not None:
        return None
    text = bearer(request) or ""
    return _unusable("unknown", length=len(text), id_token=is_id_token(text), refresh_token=refresh.is_refresh_token(text))


def is_id_token(text: str) -> bool:
    """Whether a JWT has claims found only in an id_token: `nonce`, `fhirUser` or `auth_time`."""
    jwt = jose.peek(text)
    return jwt is not None and ("nonce" in jwt.claims or "fhirUser" in jwt.claims or "auth_time" in jwt.claims)


@check(requires=("token",), after=(token_is_known,))
def token_is_not_revoked(request: AccessRequest, context: AccessContext) -> Refusal | None:
    token = _token(context)
    return _unusable("revoked", **refresh.revocation_facts(token)) if token.revoked else None


@check(requires=("token", "client", "user"), after=(token_is_known,))
def token_has_its_client_and_user(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Deleting a client or user also invalidates its tokens. `context.user` is also None if the token has no user."""
    if context.client is None:
        return _unusable("client removed")
    return _unusable("user removed") if _token(context).user and context.user is None else None


@check(requires=("token", "now"), after=(token_is_known,))
def token_is_fresh(request: AccessRequest, context: AccessContext) -> Refusal | None:
    assert context.now is not UNKNOWN
    late = context.now - _token(context).expires_at
    return None if late < 0 else refusals.FHIR_TOKEN_EXPIRED(late=late)


@check(requires=("token", "server"), after=(token_is_known,))
def token_is_of_this_issuer(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """The issuer must be equal. Offline, where it may have other names, one on the host of the server's endpoints will do."""
    server, issuer = context.server, _token(context).issuer
    if not isinstance(server, Server) or not issuer or not server.issuer or issuer == server.issuer:
        return None
    if _origin(issuer) in {_origin(server.authorization_endpoint), _origin(server.token_endpoint)}:
        return None
    facts = {"received": issuer, "expected": server.issuer}
    return refusals.FHIR_TOKEN_WRONG_ISSUER.with_facts(facts)


@check(requires=("token",), after=(token_is_known,))
def token_is_for_this_base(request: AccessRequest, context: AccessContext) -> Refusal | None:
    audience = _token(context).base
    if audience == request.base or not request.base or audience.rstrip("/") == request.base.rstrip("/"):
        return None
    facts = {"received": audience, "expected": request.base}
    return refusals.FHIR_TOKEN_WRONG_AUDIENCE.with_facts(facts)


@check(requires=("token",), after=(token_is_known,))
def patient_scopes_have_a_patient(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Fails closed: without a patient there is no compartment to limit a patient/ scope to."""
    token = _token(context)
    if token.patient or "patient" not in _levels(token.scope):
        return None
    return _unusable("no patient", held=token.scope)


@check(requires=("token",), after=(token_is_known,))
def scopes_are_not_mixed(request: AccessRequest, context: AccessContext) -> Refusal | None:
    levels = _levels(_token(context).scope)
    if "system" not in levels or len(levels) == 1:
        return None
    return insufficient(request, _token(context), request.type, request.letters, mixed=True)


@check(requires=("token",), after=(token_is_known,))
def scope_covers_the_request(request: AccessRequest, context: AccessContext) -> Refusal | None:
    token = context.token
    assert isinstance(token, AccessToken)
    if request.type is None and request.interaction in SEVERAL:
        return _covers_several(request, token, context.version)
    if not request.letters or covers(token.scope, request.type, request.letters):
        return None
    return insufficient(request, token, request.type, request.letters)


def _covers_several(request: AccessRequest, token: AccessToken, version: str) -> Refusal | None:
    """A search across types needs a scope for each type in `_type`. Without `_type` it needs a wildcard, at any level."""
    uncovered = [
        resource_type
        for resource_type in chosen(version, request.parameters.pairs) or ("*",)
        if not covers(token.scope, resource_type, request.letters)
    ]
    return insufficient(request, token, uncovered[0], request.letters) if uncovered else None


@check(requires=("token",), after=(token_is_known,), applies_to=(*SEARCHES, "operation"))
def scope_covers_all_types_involved(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Chains, `_has` and includes read other types: without this check, they could reveal values that can't be searched."""
    if not request.involved:
        return None
    token = _token(context)
    for types in (alternatives.split("|") for alternatives in request.involved if alternatives != "*"):
        if not any(covers(token.scope, resource_type, "s") for resource_type in types):
            uncovered = "Patient" if "Patient" in types else types[0]
            return insufficient(request, token, uncovered, "s", by="chain or include")
    return None


@memoize(4096)
def covers(scope: str, type: str | None, letters: str) -> bool:
    """Whether the scopes for the type grant every letter. A request without a type (whole system) needs system/*."""
    usable = _usable(scope)
    matching = [
        resource_scope
        for resource_scope in usable
        if (resource_scope.type in ("*", type) if type else resource_scope.level == "system" and resource_scope.wildcard)
    ]
    granted = "".join([resource_scope.letters for resource_scope in matching])
    return not set(letters).difference(granted)


@memoize(4096)
def _levels(scope: str) -> frozenset[str]:
    return frozenset(resource_scope.level for resource_scope in scopes.resources(scope))


@memoize(4096)
def _usable(scope: str) -> tuple[ResourceScope, ...]:
    """Returns the scopes whose filters are understood."""
    return tuple(resource_scope for resource_scope in scopes.resources(scope) if filters_of(resource_scope) is not None)


def insufficient(request: AccessRequest, token: AccessToken, type: str | None, letters: str, **more: object) -> Refusal:
    granted = scopes.resources(token.scope)
    of_type = "".join(resource_scope.letters for resource_scope in granted if resource_scope.type in ("*", type))
    facts = {
        "type": "the whole server" if type in (None, "*") else type,
        "interaction": request.interaction,
        "letters": letters,
        "needed": needed(token, type, letters),
        "held": tuple(resource_scope.text for resource_scope in granted),
        "held_letters": "".join(sorted(set(of_type) - set(letters))) if type else "",
        **more,
    }
    return refusals.FHIR_INSUFFICIENT_SCOPE.with_facts(facts)


def needed(token: AccessToken, type: str | None, letters: str) -> str:
    """Returns the scope to request, in the level and syntax of the granted ones."""
    granted = scopes.resources(token.scope)
    level = "patient" if token.patient else "user" if token.user else granted[0].level if granted else "patient"
    if granted and all(resource_scope.version == "v1" for resource_scope in granted):
        return f"{level}/{type or '*'}.{'read' if set(letters) <= set('rs') else 'write'}"
    return f"{level if type else 'system'}/{type or '*'}.{'rs' if set(letters) <= set('rs') else letters}"


def _token(context: AccessContext) -> AccessToken:
    assert isinstance(context.token, AccessToken)
    return context.token


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3]).lower()


HOLDER: tuple[AccessCheck, ...] = (
    token_is_sent,
    token_is_in_the_header_alone,
    token_is_bearer,
    token_is_known,
    token_is_not_revoked,
    token_has_its_client_and_user,
    token_is_fresh,
    token_is_of_this_issuer,
)
"""Checks that the token itself is valid. They guard what the server tells any holder of a token."""

HOLDING: tuple[AccessCheck, ...] = (
    token_is_sent,
    token_is_bearer,
    token_is_known,
    token_is_not_revoked,
    token_has_its_client_and_user,
    token_is_of_this_issuer,
    token_is_for_this_base,
    patient_scopes_have_a_patient,
    scopes_are_not_mixed,
)
"""Checks that depend only on the token, the header it is in, its owner and the base, so they give the same result for every
request that is sent with this header to this base.
"""


def holds(base: str, header: str, context: AccessContext) -> bool:
    """Whether all of HOLDING pass for requests to this base with this Authorization header. `context.token` must be issued."""
    request = AccessRequest("GET", base, "", headers={"authorization": header})
    return all(access_check.decide(request, context) is None for access_check in HOLDING)


CHECKS: tuple[AccessCheck, ...] = (
    *HOLDER,
    *origin.ACCESS_CHECKS,
    token_is_for_this_base,
    patient_scopes_have_a_patient,
    scopes_are_not_mixed,
    scope_covers_the_request,
    scope_covers_all_types_involved,
)


def checks(request: AccessRequest) -> tuple[AccessCheck, ...]:
    """Returns no checks for public interactions: preflight, metadata and discovery."""
    return () if request.interaction in OPEN else CHECKS


def visibility(token: AccessToken, user: User | Unknown | None, policy: Policy, compartment: Collection[str]) -> Visibility:
    """Returns what the token's scopes make visible, combined. `compartment`: types of the version's Patient compartment.

    patient/ is limited to the compartment of the token's patient, user/ to those of the user's patients; system/ is unlimited.
    A scope that isn't well formed, or lacks its patient or user, grants nothing.
    """
    clauses: list[Clause] = []
    for scope in scopes.resources(token.scope):
        filters = filters_of(scope)
        if filters is not None:
            clauses += _clauses(scope, filters, _patients(scope, token, user), policy, compartment)
    return Visibility(tuple(dict.fromkeys(clauses)))


def shown(token: AccessToken, user: User | Unknown | None, policy: Policy, version: str) -> Visibility:
    """Returns `visibility` for the Patient compartment of this FHIR version. The result is cached, and so is what it caches
    itself.
    """
    patients = user.patients if isinstance(user, User) else None
    return _cached_visibility(token.scope, token.patient, patients, policy.shared_types, version)


@memoized(4096)
def _cached_visibility(
    scope: str,
    patient: str | None,
    patients: tuple[str, ...] | Literal["*"] | None,
    shared: tuple[str, ...],
    version: str,
) -> Visibility:
    """Depends only on its arguments, so a cached result never goes stale."""
    token = AccessToken("", scope, "", 0, "", patient=patient)
    user = None if patients is None else User("", "", "", patients=patients)
    return visibility(token, user, Policy(shared_types=shared), frozenset(compartment_types(version)))


def _patients(scope: ResourceScope, token: AccessToken, user: User | Unknown | None) -> frozenset[str] | None:
    """Returns the patients whose compartments are visible; None means all patients, an empty set none."""
    if scope.level == "patient":
        return frozenset({token.patient} if token.patient else ())
    if scope.level == "user":
        return frozenset() if not isinstance(user, User) else None if user.patients == "*" else frozenset(user.patients)
    return None


def _clauses(
    scope: ResourceScope,
    filters: tuple[Granular, ...],
    patients: frozenset[str] | None,
    policy: Policy,
    compartment: Collection[str],
) -> list[Clause]:
    if patients is None:
        return [Clause(scope.type, scope.letters, None, filters)]
    if not patients:
        return []
    shared = [
        shared_type
        for shared_type in policy.shared_types
        if scope.type in ("*", shared_type) and shared_type not in compartment
    ]
    letters = "".join(letter for letter in scope.letters if letter in "rs")
    everyone = [Clause(shared_type, letters, None, filters) for shared_type in shared if letters]
    return [Clause(scope.type, scope.letters, patients, filters), *everyone]


def filters_of(scope: ResourceScope) -> tuple[Granular, ...] | None:
    """Returns None if a filter isn't understood or a question mark has no filter after it: such a scope grants nothing."""
    filters = [granular(name, value) for name, value in scope.filters]
    if None in filters or ("?" in scope.text and not filters):
        return None
    return tuple(parsed for parsed in filters if parsed)


def granular(name: str, value: str) -> Granular | None:
    """Parses one ?parameter=system|code,… of a scope. Returns None for anything else: modifiers, chains, _filter, no code."""
    pairs = [coding.rpartition("|") for coding in value.split(",")]
    if not re.fullmatch(r"[a-z][a-z-]*", name) or not all(code for _, _, code in pairs):
        return None
    return Granular(name, tuple((system if bar else None, code) for system, bar, code in pairs))
