"""Rules about `code_challenge` and `code_challenge_method` in the authorization request."""

import base64
import binascii
import re

from sickbay.authorization.authorize.code_challenge import asks_for_code
from sickbay.authorization.authorize.parameters import requested_resources
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule, Severity
from sickbay.kernel.checks import UNKNOWN, Facts


def _with_pkce(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.with_parameters(
        request, ("code_challenge", corrections.PLACEHOLDER_CHALLENGE), ("code_challenge_method", "S256")
    )


def _method(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Sets S256. A challenge that was sent as plain is the verifier itself, so it needs a new one."""
    return (
        _with_pkce(request, facts)
        if facts.get("received") == "plain"
        else corrections.with_parameters(request, ("code_challenge_method", "S256"))
    )


def _none_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    if request.parameters.get("code_challenge_method") or not asks_for_code(request):
        return None
    public = isinstance(context.client, Client) and context.client.client == "public"
    required = isinstance(context.server, Server) and context.server.policy.pkce == "required"
    return {"received": None, "required": public or required} | ({"at_most": "info"} if _is_optional(request, context) else {})


def _is_optional(request: AuthorizeRequest, context: AuthorizeContext) -> bool:
    """Whether no specification requires PKCE: in plain OAuth 2.0, and at an unknown server if all scopes are of SMART 1."""
    requested = requested_resources(request)
    of_smart_1 = bool(requested) and all(scope.version == "v1" for scope in requested)
    return not context.smart or (context.server is UNKNOWN and of_smart_1)


def _severity(facts: Facts) -> Severity:
    return "error" if facts.get("required") else "warning"


PKCE_MISSING = Rule(
    id="pkce-missing",
    advises=_none_sent,
    absent="code_challenge",
    severity=_severity,
    outcome="invalid_request if PKCE is required",
    differs="The hospital and the registration of the app decide whether PKCE is required. Where it isn't, this is a warning.",
    parameter="code_challenge",
    title="`code_challenge` is missing",
    why="PKCE ties the code to the app that requested it, so that a stolen code can't be redeemed. SMART 2 and "
    "OAuth 2.1 require it.",
    fix="Generate a random verifier, store it, and send `code_challenge=BASE64URL(SHA256(verifier))` and "
    "`code_challenge_method=S256`.",
    spec=specs.SMART_PKCE,
    repair=_with_pkce,
)

PKCE_METHOD_WITHOUT_CHALLENGE = Rule(
    id="pkce-method-without-challenge",
    parameter="code_challenge",
    title="`code_challenge` is missing, although `code_challenge_method={method}` is sent",
    why="The method says how the challenge was made from the verifier. Without a challenge, the server can't verify anything.",
    fix="Send both: `code_challenge=BASE64URL(SHA256(verifier))` and `code_challenge_method=S256`.",
    spec=specs.rfc(7636, "4.3", "Client Sends the Code Challenge"),
    repair=_with_pkce,
)

PKCE_METHOD_MISSING = Rule(
    id="pkce-method-missing",
    parameter="code_challenge_method",
    title="`code_challenge_method` is missing",
    why="Without it, the server has to assume `plain` (RFC 7636), which SMART forbids.",
    fix="Send `code_challenge_method=S256`.",
    spec=specs.rfc(7636, "4.3", "Client Sends the Code Challenge"),
    repair=_method,
)

PKCE_PLAIN = Rule(
    id="pkce-plain",
    parameter="code_challenge_method",
    title="`code_challenge_method=plain` isn't allowed",
    why="With `plain`, the verifier itself passes through the browser, so anyone who sees the request can redeem the code.",
    fix="Send `code_challenge=BASE64URL(SHA256(verifier))` and `code_challenge_method=S256`.",
    spec=specs.SMART_PKCE,
    repair=_method,
)

PKCE_METHOD_INVALID = Rule(
    id="pkce-method-invalid",
    parameter="code_challenge_method",
    title="`code_challenge_method={received}` isn't supported",
    why="The only allowed value is `S256`, with a capital S.",
    fix="Send `code_challenge_method=S256`.",
    spec=specs.rfc(7636, "4.3", "Client Sends the Code Challenge"),
    repair=_method,
)


def _with_encoding(facts: Facts) -> Facts:
    """Adds how the 32 bytes are encoded, if that can be recognised, and the correct encoding."""
    received = str(facts["received"])
    if re.fullmatch(r"[0-9a-fA-F]{64}", received):
        return {**facts, "what": "Yours is in hexadecimal.", "expected": _base64url(bytes.fromhex(received))}
    try:
        raw = base64.b64decode(received.replace(" ", "+").replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return {**facts, "what": _length(received), "expected": None}
    if len(raw) != 32:
        return {**facts, "what": _length(received), "expected": None}
    return {**facts, "what": "Yours is in standard base64, with `+`, `/` or `=`.", "expected": _base64url(raw)}


def _length(text: str) -> str:
    return f"Yours has {len(text)} character{'' if len(text) == 1 else 's'}."


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _challenge(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.with_parameters(request, ("code_challenge", facts.get("expected") or corrections.PLACEHOLDER_CHALLENGE))


PKCE_CHALLENGE_MALFORMED = Rule(
    id="pkce-challenge-malformed",
    recognises=_with_encoding,
    parameter="code_challenge",
    title="`code_challenge` isn't a SHA-256 hash in base64url",
    why="Such a hash has 43 characters from `A-Z a-z 0-9 - _` and no padding. {what}",
    fix="Send `code_challenge=BASE64URL(SHA256(verifier))`, without `=` at the end.",
    spec=specs.rfc(7636, "4.2", "Client Creates the Code Challenge"),
    repair=_challenge,
)

PKCE_CHALLENGE_REUSED = Rule(
    id="pkce-challenge-reused",
    severity="warning",
    advises=corrections.advise_if_sent_before("code_challenge"),
    given="seen",
    parameter="code_challenge",
    title="`code_challenge` was already used in an earlier request",
    why="The same challenge means the same verifier. Anyone who sees that verifier once can redeem all your later codes.",
    fix="Generate a new random verifier for each request, and send its challenge.",
    spec=specs.SMART_PKCE,
)
