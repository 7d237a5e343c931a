"""Rules about the authorization code and the `redirect_uri` of the token request."""

from urllib.parse import urlsplit

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Server
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.code import bare_code
from sickbay.diagnosis import corrections, placeholders
from sickbay.diagnosis.rule import GUESS, RuleFunctions
from sickbay.diagnosis.values import character_name
from sickbay.kernel.checks import UNKNOWN, Facts


def _add_time(facts: Facts) -> Facts:
    seconds = facts.get("seconds")
    when = "earlier" if seconds is None else "less than a second ago" if seconds < 1 else f"{seconds} s ago"
    return {**facts, "when": when}


def _name_odd_character(facts: Facts) -> Facts | None:
    odd = facts.get("odd")
    return {**facts, "what": character_name(odd)} if odd else None


def _drop_stray_text(request: TokenRequest, facts: Facts) -> TokenRequest:
    bare = bare_code(request.parameters.get("code") or "")
    return corrections.set_parameters(request, ("code", bare))


def _has_no_redirect_uri(request: TokenRequest, context: TokenContext) -> Facts | None:
    """If the code isn't known. SMART requires `redirect_uri` in the authorization request, so it must be repeated here."""
    sent = request.parameters
    if context.code is not UNKNOWN or sent.get("grant_type") != "authorization_code" or sent.get("redirect_uri"):
        return None
    facts = {"received": None, "expected": placeholders.PLACEHOLDER_REDIRECT_URI, GUESS: _NOT_SEEN}
    return facts if context.smart else {**facts, "at_most": "info"}


_NOT_SEEN = "Sickbay hasn't seen the authorization request: if it had no `redirect_uri`, nothing is missing here."


def _add_endpoint(facts: Facts) -> Facts:
    return {**facts, "expected": facts.get("expected") or "the token endpoint in the discovery document of the `iss`"}


def _hospital_differs(request: TokenRequest, context: TokenContext) -> Facts | None:
    """Facts if the URL differs from the token endpoint only in the name of the hospital, and no hospital has that name."""
    server = context.server
    if not isinstance(server, Server) or not server.tenants:
        return None
    sent, expected = request.url.split("/"), server.token_endpoint.split("/")
    differing = [pair for pair in zip(sent, expected, strict=False) if pair[0] != pair[1]]
    if len(sent) != len(expected) or len(differing) != 1:
        return None
    sent_name, own_name = differing[0]
    is_misspelled = sent_name not in server.tenants and own_name in server.tenants
    return {"received": request.url, "expected": server.token_endpoint} if is_misspelled else None


def _move_to_issuer(request: TokenRequest, facts: Facts) -> TokenRequest:
    return structs.replace(request, url=facts["expected"]) if urlsplit(facts["expected"]).scheme else request


FUNCTIONS: RuleFunctions = {
    "code-missing": {"insert_placeholder": corrections.new_code},
    "code-mangled": {"recognises": _name_odd_character, "repair": _drop_stray_text},
    "code-unknown": {"insert_placeholder": corrections.new_code},
    "code-expired": {"insert_placeholder": corrections.new_code},
    "code-reused": {"recognises": _add_time, "insert_placeholder": corrections.new_code},
    "code-client-mismatch": {"insert_placeholder": corrections.new_code},
    "token-redirect-uri-missing": {
        "advises": _has_no_redirect_uri,
        "repair": corrections.set_from_fact("redirect_uri", "expected"),
    },
    "token-redirect-uri-mismatch": {"repair": corrections.set_from_fact("redirect_uri", "expected")},
    "token-endpoint-wrong-tenant": {"recognises": _add_endpoint, "advises": _hospital_differs, "repair": _move_to_issuer},
}
