"""Rules about code_challenge and code_challenge_method as the authorization request sends them."""

import base64
import binascii
import re

from sickbay.authorization.authorize.pkce import asks_for_code
from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.values import Client, Server
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule, Severity
from sickbay.kernel.refusal import Facts


def _with_pkce(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return repairs.with_parameters(request, ("code_challenge", repairs.EXAMPLE_CHALLENGE), ("code_challenge_method", "S256"))


def _method(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """S256 goes with a hash: a challenge that was sent as plain is the verifier itself."""
    return (
        _with_pkce(request, facts)
        if facts.get("received") == "plain"
        else repairs.with_parameters(request, ("code_challenge_method", "S256"))
    )


def _none_sent(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    sent = request.parameters.get("code_challenge") or request.parameters.get("code_challenge_method")
    if sent or not asks_for_code(request):
        return None
    public = isinstance(known.client, Client) and known.client.client == "public"
    required = isinstance(known.server, Server) and known.server.policy.pkce == "required"
    return {"received": None, "required": public or required}


def _loud(facts: Facts) -> Severity:
    return "error" if facts.get("required") else "warning"


PKCE_MISSING = Rule(
    id="pkce-missing",
    stage="authorize",
    explains="pkce-missing",
    advises=_none_sent,
    severity=_loud,
    outcome="invalid_request, where PKCE is required",
    parameter="code_challenge",
    title="There is no code_challenge",
    why="PKCE ties the code to the app that asked for it, so that a stolen code is worth nothing. SMART 2 requires it.",
    fix="Make a verifier, keep it, and send code_challenge with its SHA-256 in base64url and code_challenge_method=S256.",
    spec=specs.SMART_PKCE,
    repair=_with_pkce,
)

PKCE_METHOD_WITHOUT_CHALLENGE = Rule(
    id="pkce-method-without-challenge",
    stage="authorize",
    explains="pkce-method-without-challenge",
    severity="error",
    outcome="invalid_request",
    parameter="code_challenge",
    title="Your app sent code_challenge_method={method} without a code_challenge",
    why="The method says how the challenge was made, and there is none.",
    fix="Send both: code_challenge with the SHA-256 of the verifier, and code_challenge_method=S256.",
    spec=specs.rfc(7636, "4.3", "Client Sends the Code Challenge"),
    repair=_with_pkce,
)

PKCE_METHOD_MISSING = Rule(
    id="pkce-method-missing",
    stage="authorize",
    explains="pkce-method-missing",
    severity="error",
    outcome="invalid_request",
    parameter="code_challenge_method",
    title="Your app sent a code_challenge without saying how it was made",
    why="Left out, the method counts as plain, which SMART forbids.",
    fix="Add code_challenge_method=S256.",
    spec=specs.rfc(7636, "4.3", "Client Sends the Code Challenge"),
    repair=_method,
)

PKCE_PLAIN = Rule(
    id="pkce-plain",
    stage="authorize",
    explains="pkce-plain",
    severity="error",
    outcome="invalid_request",
    parameter="code_challenge_method",
    title="Your app sent code_challenge_method=plain",
    why="Plain sends the verifier itself through the browser, where it protects nothing.",
    fix="Send the SHA-256 of the verifier, in base64url, and code_challenge_method=S256.",
    spec=specs.SMART_PKCE,
    repair=_method,
)

PKCE_METHOD_INVALID = Rule(
    id="pkce-method-invalid",
    stage="authorize",
    explains="pkce-method-invalid",
    severity="error",
    outcome="invalid_request",
    parameter="code_challenge_method",
    title="Your app sent code_challenge_method={received}",
    why="The method has one name, written S256, with a capital S.",
    fix="Send code_challenge_method=S256.",
    spec=specs.rfc(7636, "4.3", "Client Sends the Code Challenge"),
    repair=_method,
)


def _what_it_is(facts: Facts) -> Facts:
    """In which spelling the 32 bytes came, where that can be seen; and the right one."""
    received = str(facts["received"])
    if re.fullmatch(r"[0-9a-fA-F]{64}", received):
        return {**facts, "what": "It is written in hexadecimal.", "expected": _base64url(bytes.fromhex(received))}
    try:
        raw = base64.b64decode(received.replace(" ", "+").replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return {**facts, "what": f"It has {len(received)} characters.", "expected": None}
    if len(raw) != 32:
        return {**facts, "what": f"It has {len(received)} characters.", "expected": None}
    return {**facts, "what": "It is written in plain base64, with +, / or =.", "expected": _base64url(raw)}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _challenge(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return repairs.with_parameters(request, ("code_challenge", facts.get("expected") or repairs.EXAMPLE_CHALLENGE))


PKCE_CHALLENGE_MALFORMED = Rule(
    id="pkce-challenge-malformed",
    stage="authorize",
    explains="pkce-challenge-malformed",
    recognises=_what_it_is,
    severity="error",
    outcome="invalid_request",
    parameter="code_challenge",
    title="The code_challenge is no SHA-256 in base64url",
    why="A SHA-256 in base64url has 43 characters of A-Z a-z 0-9 - _ and no padding. {what}",
    fix="Send base64url(SHA-256(verifier)) without = at the end.",
    spec=specs.rfc(7636, "4.2", "Client Creates the Code Challenge"),
    repair=_challenge,
)

PKCE_CHALLENGE_REUSED = Rule(
    id="pkce-challenge-reused",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=repairs.sent_before("code_challenge"),
    parameter="code_challenge",
    title="Your app sent this code_challenge before",
    why="It is made of the same verifier, then: who learnt that once can redeem every code of your app.",
    fix="Make a new random verifier for each request, and the challenge of it.",
    spec=specs.SMART_PKCE,
)

RULES = (
    PKCE_MISSING,
    PKCE_METHOD_WITHOUT_CHALLENGE,
    PKCE_METHOD_MISSING,
    PKCE_PLAIN,
    PKCE_METHOD_INVALID,
    PKCE_CHALLENGE_MALFORMED,
    PKCE_CHALLENGE_REUSED,
)
