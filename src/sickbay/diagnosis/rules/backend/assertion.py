"""Rules about backend services: the client assertion, its key, and system scopes."""

from collections.abc import Callable
from typing import Any

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Server
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import backend_scopes
from sickbay.authorization.token.client_assertion import accepted_audiences
from sickbay.diagnosis import corrections, specs, wording
from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.wording import join_as_code
from sickbay.kernel.checks import UNKNOWN, Facts
from sickbay.protocol import jose

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _rule(id: str, title: str, why: str, fix: str, explains: str | None = None, **more: Any) -> Rule:
    fields: dict[str, Any] = {
        "parameter": "client_assertion",
        "spec": specs.SMART_ASYMMETRIC,
        "explains": explains,
        **more,
    }
    return Rule(id=id, title=title, why=why, fix=fix, **fields)


def _scope_rule(id: str, title: str, why: str, fix: str, repair: Callable[[Any, Facts], Any], **more: Any) -> Rule:
    spec = specs.SMART_BACKEND
    return _rule(id, title, why, fix, parameter="scope", spec=spec, repair=repair, **more)


def _not_system(request: TokenRequest, context: TokenContext) -> Facts | None:
    """If the client isn't known. Scopes of other services than FHIR aren't judged."""
    if context.client is not UNKNOWN or not context.smart or request.parameters.get("grant_type") != "client_credentials":
        return None
    refusal = backend_scopes.not_of_the_system(corrections.tokens_of(request), context)
    return refusal.facts if refusal else None


def _as_system_scopes(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Changes `patient/` and `user/` scopes to `system/` scopes, and removes other scopes that a backend service can't get."""
    system_scopes = [
        f"system/{scope.partition('/')[2]}" if scope.startswith(("patient/", "user/")) else scope
        for scope in corrections.tokens_of(request)
        if scope.startswith(("patient/", "user/")) or scope not in facts["scopes"]
    ]
    return corrections.with_scopes(request, system_scopes)


def _request_registered_scopes(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Requests the registered `system/` scopes."""
    registered = [scope for scope in str(facts.get("registered") or "").split() if scope.startswith("system/")]
    return corrections.with_scopes(request, registered) if registered else request


def _without_scheme(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Removes a word such as Bearer before the JWT."""
    last = (request.parameters.get("client_assertion") or "").rpartition(" ")[2]
    return corrections.with_parameters(request, ("client_assertion", last)) if jose.peek(last) else request


def _with_parts(facts: Facts) -> Facts:
    parts = facts["parts"]
    wrong_count = f"it has {parts} part{'' if parts == 1 else 's'}, expected 3"
    return {**facts, "problem": "its header or payload isn't base64url-encoded JSON" if parts == 3 else wrong_count}


def _with_accepted(facts: Facts) -> Facts:
    return {**facts, "accepted": join_as_code(facts["expected"])}


def _with_published(facts: Facts) -> Facts:
    return {**facts, "names": join_as_code(facts.get("published") or ())}


def _no_number(facts: Facts) -> Facts | None:
    received = facts.get("received")
    if received is None:
        return None
    return {**facts, "kind": "a string" if isinstance(received, str) else "a value of another type"}


def _advice(id: str, title: str, why: str, fix: str, advises: Callable[[Any, Any], Facts | None], **more: Any) -> Rule:
    fields: dict[str, Any] = {
        "parameter": "client_assertion",
        "spec": specs.SMART_ASYMMETRIC,
        "at": ("token", "introspection", "revocation"),
        **more,
    }
    return Rule(id=id, title=title, why=why, fix=fix, advises=advises, **fields)


def _no_typ(request: TokenRequest, context: TokenContext) -> Facts | None:
    read = request.assertion if context.smart else None
    return None if read is None or read.header.get("typ") == "JWT" else {"received": read.header.get("typ")}


def _other_audience(request: TokenRequest, context: TokenContext) -> Facts | None:
    """If `aud` is accepted, but doesn't name the token endpoint. An unknown token endpoint isn't judged."""
    server, read = context.server, request.assertion if context.smart else None
    if read is None or not isinstance(server, Server) or not server.token_endpoint:
        return None
    sent = read.claims.get("aud")
    audiences = sent if isinstance(sent, list) else [sent]
    if server.token_endpoint in audiences or not any(name in audiences for name in accepted_audiences(request, server)[1:]):
        return None
    return {"received": sent, "expected": server.token_endpoint}


MISSING = _rule(
    "assertion-missing",
    "`client_assertion` is missing",
    "A backend service authenticates in every token request with a JWT that it signs with its private key.",
    f"Send `client_assertion` with the signed JWT, and `client_assertion_type={JWT_BEARER}`.",
)
RULES = (
    MISSING,
    _rule(
        "assertion-type-wrong",
        "`client_assertion_type` is wrong: `{received}`",
        "It tells the server what kind of assertion follows. The only supported value is `{expected}`.",
        "Send `client_assertion_type={expected}`.",
        parameter="client_assertion_type",
        repair=corrections.set_from_fact("client_assertion_type", "expected"),
    ),
    _rule(
        "assertion-not-jwt",
        "`client_assertion` isn't a JWT: {problem}",
        "A signed JWT has a header, a payload and a signature, each in base64url and separated by dots. The header and the "
        "payload are JSON.",
        "Send the compact JWT that your JOSE library returns, unchanged.",
        recognises=_with_parts,
        repair=_without_scheme,
    ),
    _rule(
        "assertion-alg-unsupported",
        "`alg` of the client assertion isn't supported: `{received}`",
        "This server accepts {accepted}. SMART requires RS384 or ES384. `none` is never accepted.",
        "Sign with RS384 if you have an RSA key, or with ES384 if you have a P-384 key.",
        recognises=_with_accepted,
    ),
    _rule(
        "assertion-crit-unknown",
        "`crit` of the client assertion lists extensions that this server doesn't support: `{received}`",
        "`crit` lists JWS extensions that a server must support, or else refuse the JWT. Sickbay supports none, like most "
        "servers.",
        "Remove `crit` and the extensions that it names from the header, and sign again.",
        spec=specs.rfc(7515, "4.1.11", "crit (Critical) Header Parameter"),
    ),
    _rule(
        "assertion-kid-missing",
        "`kid` is missing from the header of the client assertion",
        "The server uses `kid` to find the key in the app's key set.",
        "Set `kid` in the header to the `kid` of the signing key in your JWKS.",
    ),
    _rule(
        "assertion-iss-sub-mismatch",
        "`iss` and `sub` of the client assertion differ: `{received}` and `{expected}`",
        "The client signs for itself, so both must be its `client_id`. `iss` isn't the URL of the app.",
        "Set `iss` and `sub` to the `client_id`.",
    ),
    _rule(
        "assertion-client-mismatch",
        "`iss` and `sub` of the client assertion name another client: `{received}`",
        "Both must be the `client_id` of the app that sends the request. Expected: {expected}.",
        "Set `iss` and `sub` to the registered `client_id`. If you also send `client_id` in the body, send the same value.",
    ),
    _rule(
        "assertion-aud-wrong",
        "`aud` of the client assertion is wrong: `{received}`",
        "`aud` names the server that the assertion is for, so that it can't be used at another one. SMART requires the URL of "
        "the token endpoint. OpenID Connect libraries send the issuer by default, which not every server accepts.",
        "Set `aud` to `{expected}`. In openid-client and oauth4webapi, use the option `modifyAssertion`.",
    ),
    _rule(
        "assertion-exp-not-a-number",
        "`exp` of the client assertion is {kind}, not a number: `{received}`",
        "`exp` must be a JSON number: the seconds since 1970, without quotation marks.",
        "Set `exp` to a number: the current time plus 240 seconds.",
        "assertion-exp-missing",
        recognises=_no_number,
    ),
    _rule(
        "assertion-exp-missing",
        "`exp` is missing from the client assertion",
        "Without `exp`, a stolen assertion would be valid forever.",
        "Set `exp` to the current time plus at most 300 seconds.",
    ),
    _rule(
        "assertion-exp-milliseconds",
        "`exp` of the client assertion is in milliseconds: {received}",
        "JWT times are in seconds since 1970, so the server reads a time thousands of years in the future.",
        "Divide by 1000: `exp={expected}`.",
    ),
    _rule(
        "assertion-exp-too-long",
        "`exp` of the client assertion is too far ahead: {ahead} s from now",
        "SMART limits an assertion to 5 minutes, so `exp` may be at most 300 seconds after the server's current time.",
        "Create an assertion for each request, with `exp` set to the current time plus 240 seconds.",
    ),
    _rule(
        "assertion-expired",
        "`exp` of the client assertion is {late} s in the past",
        "Probably your app sent a stored assertion again, or the clock of the machine that signs is slow.",
        "Create a new assertion for each request.",
    ),
    _rule(
        "assertion-nbf-future",
        "`nbf` of the client assertion is in the future: {received}",
        "The assertion isn't valid before that time. The server's clock reads {now} (both in seconds since 1970), and it "
        "allows a difference of 60 seconds.",
        "Leave out `nbf`, or set it to the time at which you create the assertion.",
    ),
    _rule(
        "assertion-jti-missing",
        "`jti` is missing from the client assertion",
        "The server stores each `jti` so that it can refuse an assertion that is sent again.",
        "Set `jti` to a new UUID for each assertion.",
    ),
    _rule(
        "assertion-jti-reused",
        "`jti` of the client assertion was already used: `{received}`",
        "An assertion works only once, so an intercepted one can't be sent again.",
        "Create a new assertion with a new `jti` for each request.",
    ),
    _rule(
        "jwks-unreachable",
        "`jwks_uri` can't be read: `{received}`",
        "The server fetches the app's public keys from there. The response must be a JSON object with a `keys` array.",
        "Make the JWKS publicly readable at this URL as JSON. If no server can reach it, register the keys themselves as "
        "`jwks`.",
    ),
    _rule(
        "assertion-jku-foreign",
        "`jku` of the client assertion isn't the registered `jwks_uri`: `{jku}`",
        "The server takes keys only from the registered URL, `{expected}`. Otherwise an attacker could sign with their own "
        "key and point `jku` at it.",
        "Leave out `jku`, or set it to exactly `{expected}`.",
        "assertion-kid-unknown",
        recognises=lambda facts: facts if facts.get("jku") is not None else None,
    ),
    _rule(
        "assertion-kid-ambiguous",
        "`kid` belongs to several keys of the app: `{received}`",
        "Several published keys share this `kid`, so the server can't tell which one to check with.",
        "Give each key its own `kid`.",
        "assertion-kid-unknown",
        recognises=lambda facts: facts if (facts.get("published") or []).count(facts.get("received")) > 1 else None,
    ),
    _rule(
        "assertion-kid-unknown",
        "`kid` isn't in the app's key set: `{received}`",
        "Published keys: {names}. Perhaps the key was replaced, or it belongs to another environment.",
        "Publish the signing key in your JWKS, or sign with one of the published keys.",
        recognises=_with_published,
    ),
    _rule(
        "assertion-key-private",
        "The published key `{received}` contains its private part (member `{members}`)",
        wording.KEY_PRIVATE,
        wording.NEW_KEY_PAIR,
    ),
    _rule(
        "assertion-key-unsuited",
        "The key `{kid}` can't verify this assertion: {received}",
        wording.KEY_UNSUITED,
        wording.SUITED_KEY,
    ),
    _rule(
        "assertion-key-weak",
        "The key `{kid}` is too weak to sign assertions: {received}",
        wording.KEY_WEAK,
        wording.STRONG_KEY,
        spec=specs.rfc(7518, "3.3", "Digital Signature with RSASSA-PKCS1-v1_5"),
    ),
    _rule(
        "assertion-signature-invalid",
        "The signature of the client assertion doesn't match the key `{received}`",
        "The key set has a key with this `kid`, but the assertion was signed with another key or changed afterwards.",
        "Sign with the private key that belongs to the published key `{received}`.",
    ),
    _scope_rule(
        "backend-scope-missing",
        "`scope` is missing from the `client_credentials` request",
        "A backend service gets the scopes that it requests, so the server needs the list. It grants only registered ones.",
        "Send the system scopes that you need, for example `scope=system/Patient.rs`.",
        _request_registered_scopes,
    ),
    _scope_rule(
        "backend-scope-not-system",
        "`scope` has scopes that a backend service can't get: `{scopes}`",
        "No user signs in, so there is neither a user nor a patient in context. Only `system/` scopes apply.",
        "Request `system/` scopes, for example `system/Patient.rs`.",
        _as_system_scopes,
        advises=_not_system,
        at=("token",),
    ),
    _scope_rule(
        "backend-empty-scopes",
        "`scope` has no scope that is registered for this app: `{received}`",
        "The server grants only registered scopes, so nothing is left to grant. Registered: `{registered}`.",
        "Request one of the registered scopes. If your app needs others, add them to the registration.",
        _request_registered_scopes,
    ),
    _advice(
        "assertion-typ-missing",
        "`typ` in the header of the client assertion isn't `JWT`",
        "SMART requires `typ` to be `JWT`. Sickbay accepts other values, but some servers refuse them.",
        "Set `typ` to `JWT` in the header.",
        _no_typ,
        severity="warning",
    ),
    _advice(
        "assertion-aud-not-token-endpoint",
        "`aud` of the client assertion isn't the token endpoint: `{received}`",
        "This server also accepts its issuer and the URL of the endpoint that is called, as RFC 7523 and OpenID Connect allow. "
        "SMART requires the URL of the token endpoint, and other servers may refuse anything else.",
        "Set `aud` to `{expected}`. In openid-client and oauth4webapi, use the option `modifyAssertion`.",
        _other_audience,
        severity="warning",
    ),
)
