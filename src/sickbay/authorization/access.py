"""May this token do this (RFC 6750; SMART 2.2, scopes): decided on what is asked, never on what is found."""

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
from sickbay.fhir.search.routes import SEARCHES, SEVERAL
from sickbay.fhir.search.types import chosen
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
    """The token of the Authorization header (RFC 6750 2.1), or None."""
    return _token_of(request.headers.get("authorization", ""))


@memoize(4096)
def _token_of(header: str) -> str | None:
    match = _BEARER.fullmatch(header.strip(" "))
    return match[1] if match else None


def meant(request: AccessRequest) -> str | None:
    """The token that a request likely meant which has none that can be read: without what clings to it, or of the address."""
    header = request.headers.get("authorization", "")
    sent = _bare(header) if header else request.parameters.get("access_token")
    return sent if sent and _token_of(f"Bearer {sent}") else None


def _bare(header: str) -> str:
    """What stands behind the last blank, where that is a token: not of two, of Basic, or of a scheme alone."""
    last = header.strip(' "').rpartition(" ")[2].strip('"')
    return "" if "," in header or header.lower().startswith("basic") or last.lower() == "bearer" else last


def challenge(refusal: Refusal, realm: str) -> str:
    """WWW-Authenticate of a refusal with 400, 401 or 403 (RFC 6750 3). Without a token: no error code."""
    said = {"realm": realm, "error": refusal.error, "scope": refusal.facts.get("needed")}
    kept = {name: value for name, value in said.items() if value and (name != "scope" or refusal.status == 403)}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in kept.items())


ISSUES = {refusals.FHIR_TOKEN_EXPIRED.name: "expired", refusals.FHIR_INSUFFICIENT_SCOPE.name: "forbidden"}


def issue_type(refusal: Refusal) -> str:
    """OperationOutcome.issue.code (FHIR IssueType) of a refusal of this stage."""
    return ISSUES.get(refusal.name, "login")


def _unusable(reason: str, **facts: object) -> Refusal:
    """One answer for every token that is not good here: which of the reasons holds is for its owner to read."""
    return refusals.FHIR_TOKEN_UNKNOWN.with_facts({"reason": reason, **facts})


@check()
def token_is_sent(request: AccessRequest, known: AccessContext) -> Refusal | None:
    if request.headers.get("authorization") or _in_query(request):
        return None
    return refusals.FHIR_TOKEN_MISSING(received=None)


@check()
def token_is_in_the_header_alone(request: AccessRequest, known: AccessContext) -> Refusal | None:
    if not _in_query(request):
        return None
    both, in_body = "authorization" in request.headers, "access_token=" in request.body
    return refusals.FHIR_TOKEN_IN_QUERY(also_in_header=both, in_body=in_body)


@check(after=(token_is_sent,))
def token_is_bearer(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """Another scheme is as if nothing was sent (401); a Bearer that is malformed, or there twice, is a bad request (400)."""
    header = request.headers.get("authorization")
    if header is None or bearer(request):
        return None
    if _SCHEME.match(header.strip(" ")) is None:
        fault = "colon" if header.strip().lower().startswith("bearer:") else "scheme"
        return refusals.FHIR_TOKEN_OF_ANOTHER_SCHEME(fault=fault)
    fault = "doubled" if _DOUBLED.match(header) else "twice" if "," in header else "quoted" if '"' in header else "malformed"
    return refusals.FHIR_TOKEN_NOT_BEARER(fault=fault)


@check(requires=("token",), after=(token_is_bearer, token_is_in_the_header_alone))
def token_is_known(request: AccessRequest, known: AccessContext) -> Refusal | None:
    if known.token is not None:
        return None
    text = bearer(request) or ""
    return _unusable("unknown", length=len(text), id_token=is_id_token(text), refresh_token=refresh.is_one(text))


def is_id_token(text: str) -> bool:
    """A JWT with what only an id_token has: a nonce, or the user it is about beside a client as audience."""
    jwt = jose.peek(text)
    return jwt is not None and ("nonce" in jwt.claims or "fhirUser" in jwt.claims or "auth_time" in jwt.claims)


@check(requires=("token",), after=(token_is_known,))
def token_is_not_revoked(request: AccessRequest, known: AccessContext) -> Refusal | None:
    token = _token(known)
    return _unusable("revoked", **refresh.revocation_facts(token)) if token.revoked else None


@check(requires=("token", "client", "user"), after=(token_is_known,))
def token_has_its_client_and_user(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """Whoever was removed takes the tokens along. known.user is None too where the token is nobody's."""
    if known.client is None:
        return _unusable("client removed")
    return _unusable("user removed") if _token(known).user and known.user is None else None


@check(requires=("token", "now"), after=(token_is_known,))
def token_is_fresh(request: AccessRequest, known: AccessContext) -> Refusal | None:
    assert known.now is not UNKNOWN
    late = int(known.now) - _token(known).expires_at
    return None if late < 0 else refusals.FHIR_TOKEN_EXPIRED(late=late)


@check(requires=("token", "server"), after=(token_is_known,))
def token_is_of_this_issuer(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """The issuer itself; offline, where an issuer may have other names, one on the host of the server's endpoints."""
    server, issuer = known.server, _token(known).issuer
    if not isinstance(server, Server) or not issuer or not server.issuer or issuer == server.issuer:
        return None
    if _origin(issuer) in {_origin(server.authorization_endpoint), _origin(server.token_endpoint)}:
        return None
    facts = {"received": issuer, "expected": server.issuer}
    return refusals.FHIR_TOKEN_WRONG_ISSUER.with_facts(facts)


@check(requires=("token",), after=(token_is_known,))
def token_is_for_this_base(request: AccessRequest, known: AccessContext) -> Refusal | None:
    audience = _token(known).base
    if audience == request.base or not request.base or audience.rstrip("/") == request.base.rstrip("/"):
        return None
    facts = {"received": audience, "expected": request.base}
    return refusals.FHIR_TOKEN_WRONG_AUDIENCE.with_facts(facts)


@check(requires=("token",), after=(token_is_known,))
def patient_scopes_have_a_patient(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """Fail closed: without a patient there is no compartment to hold a patient/ scope to."""
    token = _token(known)
    if token.patient or "patient" not in _levels(token.scope):
        return None
    return _unusable("no patient", held=token.scope)


@check(requires=("token",), after=(token_is_known,))
def scopes_are_not_mixed(request: AccessRequest, known: AccessContext) -> Refusal | None:
    levels = _levels(_token(known).scope)
    if "system" not in levels or len(levels) == 1:
        return None
    return insufficient(request, _token(known), request.type, request.letters, mixed=True)


@check(requires=("token",), after=(token_is_known,))
def scope_covers_the_request(request: AccessRequest, known: AccessContext) -> Refusal | None:
    token = _token(known)
    if request.type is None and request.interaction in SEVERAL:
        return _covers_several(request, token, known.version)
    if not request.letters or covers(token.scope, request.type, request.letters):
        return None
    return insufficient(request, token, request.type, request.letters)


def _covers_several(request: AccessRequest, token: AccessToken, version: str) -> Refusal | None:
    """A search without a type of its own: each that `_type` names, else all: then it takes a wildcard, of any level."""
    lacking = [
        one for one in chosen(version, request.parameters.pairs) or ("*",) if not covers(token.scope, one, request.letters)
    ]
    return insufficient(request, token, lacking[0], request.letters) if lacking else None


@check(requires=("token",), after=(token_is_known,), applies_to=(*SEARCHES, "operation"))
def scope_covers_all_types_involved(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """Chains, _has and includes read other types: values that may not be searched could be found out by them."""
    token = _token(known)
    for types in (one.split("|") for one in request.involved if one != "*"):
        if not any(covers(token.scope, one, "s") for one in types):
            lacking = "Patient" if "Patient" in types else types[0]
            return insufficient(request, token, lacking, "s", by="chain or include")
    return None


@memoize(4096)
def covers(scope: str, type: str | None, letters: str) -> bool:
    """Every letter, by some scope for the type. What has no type, the whole system, takes system/*."""
    held = _usable(scope)
    fitting = [one for one in held if (one.type in ("*", type) if type else one.level == "system" and one.wildcard)]
    granted = "".join([one.letters for one in fitting])
    return not set(letters).difference(granted)


@memoize(4096)
def _levels(scope: str) -> frozenset[str]:
    return frozenset(one.level for one in scopes.resources(scope))


@memoize(4096)
def _usable(scope: str) -> tuple[ResourceScope, ...]:
    """Those whose filters are understood."""
    return tuple(one for one in scopes.resources(scope) if filters_of(one) is not None)


def insufficient(request: AccessRequest, token: AccessToken, type: str | None, letters: str, **more: object) -> Refusal:
    held = scopes.resources(token.scope)
    of_type = "".join(one.letters for one in held if one.type in ("*", type))
    facts = {
        "type": "the whole server" if type in (None, "*") else type,
        "interaction": request.interaction,
        "letters": letters,
        "needed": needed(token, type, letters),
        "held": tuple(one.text for one in held),
        "held_letters": "".join(sorted(set(of_type) - set(letters))) if type else "",
        **more,
    }
    return refusals.FHIR_INSUFFICIENT_SCOPE.with_facts(facts)


def needed(token: AccessToken, type: str | None, letters: str) -> str:
    """The scope to ask for, at the level and in the spelling of those held."""
    held = scopes.resources(token.scope)
    level = "patient" if token.patient else "user" if token.user else held[0].level if held else "patient"
    if held and all(one.version == "v1" for one in held):
        return f"{level}/{type or '*'}.{'read' if set(letters) <= set('rs') else 'write'}"
    return f"{level if type else 'system'}/{type or '*'}.{'rs' if set(letters) <= set('rs') else letters}"


def _in_query(request: AccessRequest) -> bool:
    return bool(request.parameters.pairs) and "access_token" in request.parameters


def _token(known: AccessContext) -> AccessToken:
    assert isinstance(known.token, AccessToken)
    return known.token


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
"""Whether a token is good at all: for what the server itself answers to whoever holds one."""

HOLDING: tuple[AccessCheck, ...] = (
    token_is_known,
    token_is_not_revoked,
    token_has_its_client_and_user,
    token_is_of_this_issuer,
    patient_scopes_have_a_patient,
    scopes_are_not_mixed,
)
"""Those that look at nothing but the token, whose it is and the server: of all requests of one holder they say the same."""


def holds(known: AccessContext) -> bool:
    """Whether all of HOLDING pass, whatever will be asked for; known.token is one that was issued."""
    return all(one.decide(_ANY, known) is None for one in HOLDING)


_ANY = AccessRequest("GET", "", "")

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
    """None for what is open: preflight, metadata, discovery."""
    return () if request.interaction in OPEN else CHECKS


def visibility(token: AccessToken, user: User | Unknown | None, policy: Policy, compartment: Collection[str]) -> Visibility:
    """What the token's scopes let be seen, in union. `compartment`: types of the version's Patient compartment.

    patient/ is held to the compartment of the token's patient, user/ to those of the user's patients, system/ to nothing.
    A scope that is not of the grammar, or lacks its patient or user, grants nothing.
    """
    clauses: list[Clause] = []
    for scope in scopes.resources(token.scope):
        filters = filters_of(scope)
        if filters is not None:
            clauses += _clauses(scope, filters, _patients(scope, token, user), policy, compartment)
    return Visibility(tuple(dict.fromkeys(clauses)))


def shown(token: AccessToken, user: User | Unknown | None, policy: Policy, version: str) -> Visibility:
    """`visibility` by the Patient compartment of this version of FHIR; made once, and so is what it then remembers."""
    patients = user.patients if isinstance(user, User) else None
    return _shown(token.scope, token.patient, patients, policy.shared_types, version)


@memoized(4096)
def _shown(
    scope: str,
    patient: str | None,
    patients: tuple[str, ...] | Literal["*"] | None,
    shared: tuple[str, ...],
    version: str,
) -> Visibility:
    """A function of what it is given alone, so that nothing of it can be out of date."""
    token = AccessToken("", scope, "", 0, "", patient=patient)
    user = None if patients is None else User("", "", "", patients=patients)
    return visibility(token, user, Policy(shared_types=shared), frozenset(compartment_types(version)))


def _patients(scope: ResourceScope, token: AccessToken, user: User | Unknown | None) -> frozenset[str] | None:
    """Whose compartments; None: anybody's; empty: nobody's."""
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
    shared = [one for one in policy.shared_types if scope.type in ("*", one) and one not in compartment]
    letters = "".join(one for one in scope.letters if one in "rs")
    everyone = [Clause(one, letters, None, filters) for one in shared if letters]
    return [Clause(scope.type, scope.letters, patients, filters), *everyone]


def filters_of(scope: ResourceScope) -> tuple[Granular, ...] | None:
    """None where a filter is not understood, or where a question mark is followed by none: that grants nothing."""
    read = [granular(name, value) for name, value in scope.filters]
    if None in read or ("?" in scope.text and not read):
        return None
    return tuple(one for one in read if one)


def granular(name: str, value: str) -> Granular | None:
    """One ?parameter=system|code,… of a scope; None for what is not plainly that: modifiers, chains, _filter, no code."""
    pairs = [one.rpartition("|") for one in value.split(",")]
    if not re.fullmatch(r"[a-z][a-z-]*", name) or not all(code for _, _, code in pairs):
        return None
    return Granular(name, tuple((system if bar else None, code) for system, bar, code in pairs))
