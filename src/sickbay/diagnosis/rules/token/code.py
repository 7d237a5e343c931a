"""Rules about the authorization code and the `redirect_uri` of the token request."""

from urllib.parse import urlsplit

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Server
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.code import bare_code
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import GUESS, Rule, Spec
from sickbay.diagnosis.values import character_name
from sickbay.kernel.checks import UNKNOWN, Facts

GRANT = Spec("RFC 6749, 4.1.3 Access Token Request", "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3")
CODE = Spec("RFC 6749, 4.1.2 Authorization Response", "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2")
DISCOVERY = Spec("SMART App Launch 2.2, Conformance", "https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html")


def _with_time(facts: Facts) -> Facts:
    seconds = facts.get("seconds")
    when = "earlier" if seconds is None else "less than a second ago" if seconds < 1 else f"{seconds} s ago"
    return {**facts, "when": when}


def _with_redirect_uri(request: TokenRequest, facts: Facts) -> TokenRequest:
    return structs.replace(request, parameters=request.parameters.replace([("redirect_uri", facts["expected"])]))


CODE_MISSING = Rule(
    id="code-missing",
    parameter="code",
    title="`code` is missing from the token request",
    why="With `grant_type=authorization_code`, the server looks up the authorization by the code that it sent to your "
    "redirect URI.",
    fix="Send the value of `code` from the redirect, unchanged.",
    spec=GRANT,
    insert_placeholder=corrections.new_code,
)


def _name_odd_character(facts: Facts) -> Facts | None:
    odd = facts.get("odd")
    return {**facts, "what": character_name(odd)} if odd else None


def _without_stray_text(request: TokenRequest, facts: Facts) -> TokenRequest:
    bare = bare_code(request.parameters.get("code") or "")
    return structs.replace(request, parameters=request.parameters.replace([("code", bare)]))


CODE_MANGLED = Rule(
    id="code-mangled",
    explains="code-unknown",
    recognises=_name_odd_character,
    parameter="code",
    title="`code` contains {what}, so it isn't the code that was issued",
    why="Your app probably copied more of the redirect URL than the value of `code`: a quotation mark, the next parameter or "
    "the whole URL.",
    fix="Read `code` from the redirect with a query parser, and send only its value.",
    spec=GRANT,
    repair=_without_stray_text,
)

CODE_UNKNOWN = Rule(
    id="code-unknown",
    parameter="code",
    title="`code` isn't known to this server",
    why="The server has no authorization for this code ({length} characters). It may be truncated, decoded twice, deleted "
    "after its time was up, or issued by another server.",
    fix="Send the code exactly as it arrived in the redirect, to the token endpoint of the server that issued it.",
    spec=GRANT,
    insert_placeholder=corrections.new_code,
)

CODE_EXPIRED = Rule(
    id="code-expired",
    parameter="code",
    title="`code` has expired: it is {age} s old and was valid for {lifetime} s",
    why="Codes are valid only briefly, because anyone who intercepts one could use it. Pausing in a debugger can take longer "
    "than that.",
    fix="Exchange the code as soon as it arrives. To get a new one, launch or authorize again.",
    spec=CODE,
    insert_placeholder=corrections.new_code,
)

CODE_REUSED = Rule(
    id="code-reused",
    recognises=_with_time,
    parameter="code",
    title="`code` was already used {when}",
    why="A code works once. When it is sent again it may have been stolen, so the server also revokes the tokens that it "
    "issued for the code.",
    fix="Launch again, and send each code only once. React's strict mode (which runs effects twice) and page reloads often "
    "send it twice.",
    spec=CODE,
    insert_placeholder=corrections.new_code,
)

CODE_CLIENT_MISMATCH = Rule(
    id="code-client-mismatch",
    parameter="client_id",
    title="`client_id` isn't the app that `code` was issued to: `{received}`",
    why="The server compares the `client_id` of the token request with the one of the authorization request.",
    fix="Use the same `client_id` in both requests.",
    spec=GRANT,
    insert_placeholder=corrections.new_code,
)


def _no_redirect_uri(request: TokenRequest, context: TokenContext) -> Facts | None:
    """If the code isn't known. SMART requires `redirect_uri` in the authorization request, so it must be repeated here."""
    sent = request.parameters
    if context.code is not UNKNOWN or sent.get("grant_type") != "authorization_code" or sent.get("redirect_uri"):
        return None
    facts = {"received": None, "expected": corrections.PLACEHOLDER_REDIRECT_URI, GUESS: _NOT_SEEN}
    return facts if context.smart else {**facts, "at_most": "info"}


_NOT_SEEN = "Sickbay hasn't seen the authorization request: if it had no `redirect_uri`, nothing is missing here."

REDIRECT_URI_MISSING = Rule(
    id="token-redirect-uri-missing",
    advises=_no_redirect_uri,
    parameter="redirect_uri",
    title="`redirect_uri` is missing from the token request",
    why="The authorization request had a `redirect_uri`, so the token request must repeat it. This stops someone who obtained "
    "the code through another URI from exchanging it.",
    fix="Add `redirect_uri={expected}`.",
    spec=GRANT,
    repair=_with_redirect_uri,
)

REDIRECT_URI_MISMATCH = Rule(
    id="token-redirect-uri-mismatch",
    parameter="redirect_uri",
    title="`redirect_uri` differs from the authorization request: `{received}`",
    why="The server compares it character by character with the `redirect_uri` that the code was sent to.",
    fix="Send `redirect_uri={expected}`.",
    spec=GRANT,
    repair=_with_redirect_uri,
)


def _with_endpoint(facts: Facts) -> Facts:
    return {**facts, "expected": facts.get("expected") or "the token endpoint in the discovery document of the `iss`"}


def _wrong_hospital(request: TokenRequest, context: TokenContext) -> Facts | None:
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


def _at_own_endpoint(request: TokenRequest, facts: Facts) -> TokenRequest:
    return structs.replace(request, url=facts["expected"]) if urlsplit(facts["expected"]).scheme else request


WRONG_TENANT = Rule(
    id="token-endpoint-wrong-tenant",
    advises=_wrong_hospital,
    recognises=_with_endpoint,
    title="The token request went to the wrong hospital: `{received}`",
    why="Each hospital has its own token endpoint, and a code works only at the hospital that issued it.",
    fix="Send the request to {expected}. Read `token_endpoint` from the discovery document at each launch.",
    spec=DISCOVERY,
    repair=_at_own_endpoint,
)
