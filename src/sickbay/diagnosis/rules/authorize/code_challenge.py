"""Rules about `code_challenge` and `code_challenge_method` in the authorization request."""

import base64
import binascii
import re

from sickbay.authorization.authorize.code_challenge import asks_for_code
from sickbay.authorization.authorize.parameters import requested_resources
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections, placeholders
from sickbay.diagnosis.rule import RuleFunctions, severity_by
from sickbay.kernel.checks import UNKNOWN, Facts


def _add_pkce(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.set_parameters(
        request, ("code_challenge", placeholders.PLACEHOLDER_CHALLENGE), ("code_challenge_method", "S256")
    )


def _set_s256(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Sets S256. A challenge that was sent as plain is the verifier itself, so it needs a new one."""
    return (
        _add_pkce(request, facts)
        if facts.get("received") == "plain"
        else corrections.set_parameters(request, ("code_challenge_method", "S256"))
    )


def _no_challenge(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    if request.parameters.get("code_challenge_method") or not asks_for_code(request):
        return None
    public = isinstance(context.client, Client) and context.client.client == "public"
    required = isinstance(context.server, Server) and context.server.policy.pkce == "required"
    return {"received": None, "required": public or required} | ({"at_most": "info"} if _is_optional(request, context) else {})


def _is_optional(request: AuthorizeRequest, context: AuthorizeContext) -> bool:
    """Whether no specification requires PKCE: in plain OAuth 2.0, and at an unknown server if no scope is of SMART 2."""
    of_smart_1 = all(scope.version == "v1" for scope in requested_resources(request))
    return not context.smart or (context.server is UNKNOWN and of_smart_1)


def _add_encoding(facts: Facts) -> Facts:
    """Adds how the 32 bytes are encoded, if that can be recognised, and the correct encoding."""
    received = str(facts["received"])
    if re.fullmatch(r"[0-9a-fA-F]{64}", received):
        return {**facts, "what": "Yours is in hexadecimal.", "expected": _encode_base64url(bytes.fromhex(received))}
    try:
        raw = base64.b64decode(received.replace(" ", "+").replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return {**facts, "what": _describe_length(received), "expected": None}
    if len(raw) != 32:
        return {**facts, "what": _describe_length(received), "expected": None}
    return {**facts, "what": "Yours is in standard base64, with `+`, `/` or `=`.", "expected": _encode_base64url(raw)}


def _describe_length(text: str) -> str:
    return f"Yours has {len(text)} character{'' if len(text) == 1 else 's'}."


def _encode_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _correct_challenge(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.set_parameters(request, ("code_challenge", facts.get("expected") or placeholders.PLACEHOLDER_CHALLENGE))


FUNCTIONS: RuleFunctions = {
    "pkce-missing": {"advises": _no_challenge, "repair": _add_pkce, "severity": severity_by("required", "error", "warning")},
    "pkce-method-without-challenge": {"repair": _add_pkce},
    "pkce-method-missing": {"repair": _set_s256},
    "pkce-plain": {"repair": _set_s256},
    "pkce-method-invalid": {"repair": _set_s256},
    "pkce-challenge-malformed": {"recognises": _add_encoding, "repair": _correct_challenge},
    "pkce-challenge-reused": {"advises": corrections.advise_if_sent_before("code_challenge")},
}
