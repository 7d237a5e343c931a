"""Rules of backend services: the client assertion, its key, and system scopes."""

from collections.abc import Callable
from typing import Any

from sickbay.authorization.backend import LEEWAY, assertion
from sickbay.authorization.known import TokenKnown
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import UNKNOWN, Facts
from sickbay.protocol import jose

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _rule(id: str, title: str, why: str, fix: str, explains: str | None = None, **more: Any) -> Rule:
    given: dict[str, Any] = {
        "stage": "backend",
        "severity": "error",
        "outcome": "400 invalid_client",
        "parameter": "client_assertion",
        "spec": specs.SMART_ASYMMETRIC,
        "explains": explains or id,
        **more,
    }
    return Rule(id=id, title=title, why=why, fix=fix, **given)


def _scope_rule(id: str, title: str, why: str, fix: str, repair: Callable[[Any, Facts], Any]) -> Rule:
    spec = specs.SMART_BACKEND
    return _rule(id, title, why, fix, outcome="400 invalid_scope", parameter="scope", spec=spec, repair=repair)


def _for_the_system(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Scopes of a patient or a user become those of the system; what is no scope for resources goes."""
    new = [
        f"system/{one.partition('/')[2]}" if one.startswith(("patient/", "user/")) else one
        for one in repairs.tokens_of(request)
        if one.startswith(("patient/", "user/")) or one not in facts["scopes"]
    ]
    return repairs.with_scopes(request, new)


def _registered(request: TokenRequest, facts: Facts) -> TokenRequest:
    """What the app is registered for."""
    held = [one for one in str(facts.get("registered") or "").split() if one.startswith("system/")]
    return repairs.with_scopes(request, held) if held else request


def _without_scheme(request: TokenRequest, facts: Facts) -> TokenRequest:
    """The JWT behind a word such as Bearer."""
    last = (request.parameters.get("client_assertion") or "").rpartition(" ")[2]
    return repairs.with_parameters(request, ("client_assertion", last)) if jose.peek(last) else request


def _no_number(facts: Facts) -> Facts | None:
    received = facts.get("received")
    return {**facts, "kind": "a text" if isinstance(received, str) else "no number"} if received is not None else None


def _advice(id: str, title: str, why: str, fix: str, advises: Callable[[Any, Any], Facts | None], **more: Any) -> Rule:
    given: dict[str, Any] = {
        "stage": "backend",
        "severity": "error",
        "outcome": "advice",
        "parameter": "client_assertion",
        "spec": specs.SMART_ASYMMETRIC,
        "at": ("token",),
        **more,
    }
    return Rule(id=id, title=title, why=why, fix=fix, advises=advises, **given)


def _no_typ(request: TokenRequest, known: TokenKnown) -> Facts | None:
    read = assertion(request)
    return None if read is None or read.header.get("typ") == "JWT" else {"received": read.header.get("typ")}


def _skewed(request: TokenRequest, known: TokenKnown) -> Facts | None:
    read = assertion(request)
    issued = read.claims.get("iat") if read else None
    if not isinstance(issued, int | float) or known.now is UNKNOWN or abs(issued - known.now) <= LEEWAY:
        return None
    seconds = int(issued) - known.now
    return {"offset": abs(seconds), "direction": "ahead of" if seconds > 0 else "behind", "received": issued}


MISSING = _rule(
    "assertion-missing",
    "There is no client_assertion",
    "A backend service shows itself by a JWT that it signs with its own key, at every token request.",
    f"Send client_assertion, the signed JWT, with client_assertion_type={JWT_BEARER}.",
)
RULES = (
    MISSING,
    _rule(
        "assertion-type-wrong",
        "client_assertion_type is {received}",
        "It names what kind of assertion is sent, and there is one kind: {expected}.",
        "Send client_assertion_type={expected}.",
        parameter="client_assertion_type",
        repair=repairs.setting("client_assertion_type", "expected"),
    ),
    _rule(
        "assertion-not-jwt",
        "client_assertion is no JWT: it falls into {parts} parts",
        "A signed JWT is header, payload and signature, each base64url, with a dot between them; the first two are JSON.",
        "Send the compact form that the JOSE library gives, unchanged.",
        repair=_without_scheme,
    ),
    _rule(
        "assertion-alg-unsupported",
        "The assertion is signed by {received}",
        "This server takes {expected}. SMART names RS384 and ES384; none is taken nowhere.",
        "Sign with RS384 or ES384, with a key of that kind.",
    ),
    _rule(
        "assertion-crit-unknown",
        "The assertion's header says crit={received}",
        "crit lists extensions of JWS that a server must understand or else refuse; this one understands none, as few do.",
        "Leave crit out of the header, and what it names, and sign once more.",
        spec=specs.rfc(7515, "4.1.11", "crit (Critical) Header Parameter"),
    ),
    _rule(
        "assertion-kid-missing",
        "The assertion does not say which key signed it",
        "The server looks in the app's key set for the key of the header's kid.",
        "Put kid into the header, equal to kid of the key in the JWKS.",
    ),
    _rule(
        "assertion-iss-sub-mismatch",
        "iss is {received}, sub is {expected}",
        "A client speaks for itself: both are its client_id, and no address of the app.",
        "Put the client_id into iss and sub.",
    ),
    _rule(
        "assertion-client-mismatch",
        "The assertion speaks for {received}",
        "It must speak for the client that asks, and that is {expected}.",
        "Put the registered client_id into iss and sub, and leave client_id out of the body or equal to them.",
    ),
    _rule(
        "assertion-aud-wrong",
        "`aud` of the assertion is {received}",
        "SMART asks for the URL of the token endpoint, so that no other server can use the assertion. Libraries for OpenID "
        "Connect send the issuer by default.",
        "Set `aud` to {expected}. In openid-client and oauth4webapi, the option `modifyAssertion` does it.",
    ),
    _rule(
        "assertion-exp-not-a-number",
        "exp is {received}, and {kind}",
        "exp is a number of seconds since 1970, without quotation marks; what else stands there says no end.",
        "Set exp to a number: now and 240 seconds.",
        "assertion-exp-missing",
        recognises=_no_number,
    ),
    _rule(
        "assertion-exp-missing",
        "The assertion does not say when it ends",
        "Without exp a stolen assertion would be good for ever.",
        "Set exp to now and 300 seconds at most.",
    ),
    _rule(
        "assertion-exp-milliseconds",
        "exp is in milliseconds",
        "{received} lies thousands of years ahead; JWT counts seconds.",
        "Divide by 1000: exp={expected}.",
    ),
    _rule(
        "assertion-exp-too-long",
        "The assertion ends {ahead} s from now",
        "It is made anew for each request and may live 300 seconds.",
        "Set exp to now and 240 seconds.",
    ),
    _rule(
        "assertion-expired",
        "The assertion ended {late} s ago",
        "It was kept and sent again, or the clock of the machine that signs goes behind.",
        "Make a new assertion for each request.",
    ),
    _rule(
        "assertion-nbf-future",
        "The assertion is good from {received} on, and not yet",
        "nbf says so, in seconds since 1970; the server's clock reads {now}, and 60 s of difference are let pass.",
        "Leave nbf out, or set it to the time at which the assertion is made.",
    ),
    _rule(
        "assertion-jti-missing",
        "The assertion has no jti",
        "jti is what an assertion is known again by, so that it works once.",
        "Set jti to a new UUID each time.",
    ),
    _rule(
        "assertion-jti-reused",
        "This assertion was sent before",
        "An assertion works once, and its jti {received} was seen.",
        "Make a new assertion, with a new jti, for each request.",
    ),
    _rule(
        "jwks-unreachable",
        "The keys of the app could not be had from {received}",
        "The server takes them from the registered address, which must answer with a JSON object that has keys.",
        "Serve the JWKS there, publicly and as JSON, or register the keys themselves.",
    ),
    _rule(
        "assertion-jku-foreign",
        "jku names {jku}, which is not the registered address of the app's keys",
        "Keys are taken from the registered address alone, {expected}: else whoever signs could bring the key along.",
        "Leave jku out, or set it to the registered jwks_uri, character by character.",
        "assertion-kid-unknown",
        recognises=lambda facts: facts if facts.get("jku") is not None else None,
    ),
    _rule(
        "assertion-kid-ambiguous",
        "Several keys of the app have the kid {received}",
        "Published are {published}. Of those of the right kind exactly one must be left, or none is taken.",
        "Give each key a kid of its own.",
        "assertion-kid-unknown",
        recognises=lambda facts: facts if (facts.get("published") or []).count(facts.get("received")) > 1 else None,
    ),
    _rule(
        "assertion-kid-unknown",
        "The key {received} is not in the app's key set",
        "Published are {published}: the key was changed, or is that of another environment.",
        "Publish the key that signs, or sign with one of those published.",
    ),
    _rule(
        "assertion-key-private",
        "The published key {received} contains its private part: {members}",
        "Anyone who reads the key set can sign as your app, so a signature by this key proves nothing.",
        "Create a new key pair, and publish only its public members: kty, n and e, or kty, crv, x and y, with kid and alg.",
    ),
    _rule(
        "assertion-key-unsuited",
        "The key {kid} can't verify this assertion: {received}",
        "The server keeps to use, key_ops, alg and crv of the published JWK. They say that the key is for something else.",
        'Publish the key with "use": "sig", and sign with its algorithm: RS384 for RSA, ES384 for P-384.',
    ),
    _rule(
        "assertion-key-weak",
        "The key {kid} is too weak: {received}",
        "Anyone who can compute the private key can sign as your app. RFC 7518 requires RSA keys of 2048 bits or more.",
        "Create a new key: RSA with 2048 bits or more, or EC with the curve P-384. Publish it, and sign with it.",
        spec=specs.rfc(7518, "3.3", "Digital Signature with RSASSA-PKCS1-v1_5"),
    ),
    _rule(
        "assertion-signature-invalid",
        "The signature was not made by the key {received}",
        "The key set has a key of this kid, but another one signed.",
        "Sign with the private key whose public part is registered under this kid.",
    ),
    _scope_rule(
        "backend-scope-missing",
        "There is no scope",
        "A backend service is given what it asks for, at most what it is registered for.",
        "Name the system scopes, as in scope=system/Patient.rs.",
        _registered,
    ),
    _scope_rule(
        "backend-scope-not-system",
        "{scopes} cannot be granted to a backend service",
        "Nobody signs in, so there is neither a user nor a patient in context: only system/ scopes mean something.",
        "Ask for system/ scopes, such as system/Patient.rs.",
        _for_the_system,
    ),
    _scope_rule(
        "backend-empty-scopes",
        "Nothing is left of {received}",
        "None of the scopes asked for is registered. Registered is {registered}.",
        "Ask for registered scopes, or register these.",
        _registered,
    ),
    _advice(
        "assertion-typ-missing",
        "typ of the assertion's header is {received}",
        "SMART wants it to be JWT; some servers refuse what is not.",
        "Set typ to JWT in the header.",
        _no_typ,
        severity="warning",
    ),
    _advice(
        "clock-skew-assertion",
        "The assertion is dated {offset} s {direction} this server",
        "The clock of the machine that signs is wrong, so its assertions will look expired or too long.",
        "Set the clock of the machine that signs, or take the time from the server's Date header.",
        _skewed,
        stage="clock",
    ),
)
