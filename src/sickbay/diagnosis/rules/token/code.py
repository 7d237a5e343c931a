"""Rules about the authorization code and the redirect URI that goes with it."""

from dataclasses import replace
from urllib.parse import urlsplit

from sickbay.authorization.known import TokenKnown
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import bare_code
from sickbay.authorization.values import Server
from sickbay.diagnosis import repairs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.diagnosis.values import called
from sickbay.kernel.refusal import Facts

GRANT = Spec("RFC 6749, 4.1.3 Access Token Request", "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3")
CODE = Spec("RFC 6749, 4.1.2 Authorization Response", "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2")
ERRORS = Spec("RFC 6749, 5.2 Error Response", "https://www.rfc-editor.org/rfc/rfc6749#section-5.2")
DISCOVERY = Spec("SMART App Launch 2.2, Conformance", "https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html")


def _apart(facts: Facts) -> Facts:
    seconds = facts.get("seconds")
    when = "earlier" if seconds is None else "less than a second ago" if seconds < 1 else f"{seconds} s ago"
    return {**facts, "when": when}


def _with_redirect_uri(request: TokenRequest, facts: Facts) -> TokenRequest:
    return replace(request, parameters=request.parameters.replaced([("redirect_uri", facts["expected"])]))


CODE_MISSING = Rule(
    id="code-missing",
    stage="token",
    explains="code-missing",
    severity="error",
    outcome="400 invalid_request",
    parameter="code",
    title="There is no code",
    why="With grant_type=authorization_code your app redeems the code that came to its redirect URI.",
    fix="Send the value of code from the redirect, unchanged.",
    spec=GRANT,
    renews=repairs.new_code,
)


def _mangled(facts: Facts) -> Facts | None:
    odd = facts.get("odd")
    return {**facts, "what": called(odd)} if odd else None


def _bare(request: TokenRequest, facts: Facts) -> TokenRequest:
    bare = bare_code(request.parameters.get("code") or "")
    return replace(request, parameters=request.parameters.replaced([("code", bare)]))


CODE_MANGLED = Rule(
    id="code-mangled",
    stage="token",
    explains="code-unknown",
    recognises=_mangled,
    severity="error",
    outcome="400 invalid_grant",
    parameter="code",
    title="The code has {what} in it, which no code of this server has",
    why="More was taken from the redirect than its parameter code: a quotation mark, the next parameter, all of the address.",
    fix="Take code from the redirect by a query parser, and send its value alone.",
    spec=GRANT,
    repair=_bare,
)

CODE_UNKNOWN = Rule(
    id="code-unknown",
    stage="token",
    explains="code-unknown",
    severity="error",
    outcome="400 invalid_grant",
    parameter="code",
    title="This server gave no such code",
    why="The code sent has {length} characters and is none of those given here: cut off, decoded twice, or another server's.",
    fix="Send the code of the redirect as it came, to the token endpoint of the server that gave it.",
    spec=GRANT,
    renews=repairs.new_code,
)

CODE_EXPIRED = Rule(
    id="code-expired",
    stage="token",
    explains="code-expired",
    severity="error",
    outcome="400 invalid_grant",
    parameter="code",
    title="The code is {age} s old; it was good for {lifetime} s",
    why="A code is redeemed at once, by the page it is sent to. A debugger that waits outlives it.",
    fix="Redeem the code as soon as it arrives. For a new one, launch or authorize again.",
    spec=CODE,
    renews=repairs.new_code,
)

CODE_REUSED = Rule(
    id="code-reused",
    stage="token",
    explains="code-reused",
    recognises=_apart,
    severity="error",
    outcome="400 invalid_grant",
    parameter="code",
    title="This code was redeemed {when}",
    why="A code works once. The second time withdraws the tokens that the first time gave, since somebody may have stolen it.",
    fix="Send the code once: React's strict mode runs effects twice, and a reload sends it again; guard both, launch again.",
    spec=CODE,
    renews=repairs.new_code,
)

CODE_CLIENT_MISMATCH = Rule(
    id="code-client-mismatch",
    stage="token",
    explains="code-client-mismatch",
    severity="error",
    outcome="400 invalid_grant",
    parameter="client_id",
    title="The code was given to another app than {received}",
    why="A code belongs to the client_id of the authorize request.",
    fix="Use one client_id in both requests.",
    spec=GRANT,
    renews=repairs.new_code,
)

REDIRECT_URI_MISSING = Rule(
    id="token-redirect-uri-missing",
    stage="token",
    explains="token-redirect-uri-missing",
    severity="error",
    outcome="400 invalid_request",
    parameter="redirect_uri",
    title="redirect_uri is not repeated",
    why="The authorize request had a redirect_uri; the token request repeats it, so that a stolen code is of no use.",
    fix="Add redirect_uri={expected}.",
    spec=GRANT,
    repair=_with_redirect_uri,
)

REDIRECT_URI_MISMATCH = Rule(
    id="token-redirect-uri-mismatch",
    stage="token",
    explains="token-redirect-uri-mismatch",
    severity="error",
    outcome="400 invalid_grant",
    parameter="redirect_uri",
    title="redirect_uri is {received}; the authorize request had {expected}",
    why="It is compared character by character with the one that the code was sent to.",
    fix="Repeat redirect_uri={expected}.",
    spec=GRANT,
    repair=_with_redirect_uri,
)


def _tenant(facts: Facts) -> Facts:
    return {**facts, "expected": facts.get("expected") or "the one in the discovery document of iss"}


def _foreign(request: TokenRequest, known: TokenKnown) -> Facts | None:
    """The address differs from the token endpoint in the segment that names the tenant, and there is none of that name."""
    server = known.server
    if not isinstance(server, Server) or not server.tenants:
        return None
    sent, expected = request.url.split("/"), server.token_endpoint.split("/")
    differing = [(one, other) for one, other in zip(sent, expected, strict=False) if one != other]
    if len(sent) != len(expected) or len(differing) != 1:
        return None
    foreign = differing[0][0] not in server.tenants and differing[0][1] in server.tenants
    return {"received": request.url, "expected": server.token_endpoint} if foreign else None


def _at_the_right_endpoint(request: TokenRequest, facts: Facts) -> TokenRequest:
    return replace(request, url=facts["expected"]) if urlsplit(facts["expected"]).scheme else request


WRONG_TENANT = Rule(
    id="token-endpoint-wrong-tenant",
    stage="token",
    explains="token-endpoint-wrong-tenant",
    advises=_foreign,
    recognises=_tenant,
    severity="error",
    outcome="400 invalid_grant",
    title="The token request went to another hospital than the code is from",
    why="Each hospital has its own token endpoint, and a code is good at the one that gave it. The request went to {received}.",
    fix="Take token_endpoint from discovery at each launch: {expected}.",
    spec=DISCOVERY,
    repair=_at_the_right_endpoint,
)

RULES = (
    CODE_MISSING,
    CODE_MANGLED,
    CODE_UNKNOWN,
    CODE_EXPIRED,
    CODE_REUSED,
    CODE_CLIENT_MISMATCH,
    REDIRECT_URI_MISSING,
    REDIRECT_URI_MISMATCH,
    WRONG_TENANT,
)
