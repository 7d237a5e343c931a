"""What an error response means according to its specification, and what to paste so that its cause can be found."""

from __future__ import annotations

from http import HTTPStatus

from sickbay.diagnosis.answers.values import REFUSING, ErrorAnswer
from sickbay.diagnosis.rule import Spec


def _rfc(number: int, section: str, name: str) -> Spec:
    """A section of an RFC. name: the title of the section."""
    return Spec(f"RFC {number}, {section} {name}", f"https://www.rfc-editor.org/rfc/rfc{number}#section-{section}")


TOKEN = _rfc(6749, "5.2", "Error Response")
AUTHORIZE = _rfc(6749, "4.1.2.1", "Error Response")
BEARER = _rfc(6750, "3.1", "Error Codes")
DEVICE = _rfc(8628, "3.5", "Device Access Token Response")
REGISTER = _rfc(7591, "3.2.2", "Client Registration Error Response")
OIDC = Spec(
    "OpenID Connect Core 1.0, 3.1.2.6 Authentication Error Response",
    "https://openid.net/specs/openid-connect-core-1_0.html#AuthError",
)
HTTP = _rfc(9110, "15", "Status Codes")
FHIR = Spec("FHIR R4, OperationOutcome", "https://hl7.org/fhir/R4/operationoutcome.html")

_OAUTH: dict[str, tuple[str, Spec]] = {
    "invalid_client": (
        "The authorization server could not authenticate the client: the client is unknown, sent no credentials, or sent "
        "ones that the server doesn't accept.",
        TOKEN,
    ),
    "invalid_grant": (
        "The authorization code or refresh token is invalid, expired, revoked or already used, was issued to another "
        "client, or doesn't match the redirect_uri or code_verifier.",
        TOKEN,
    ),
    "unauthorized_client": ("The client may not use this grant type or response type.", TOKEN),
    "unsupported_grant_type": ("The authorization server doesn't support this grant_type.", TOKEN),
    "invalid_scope": ("A requested scope is unknown, malformed, or more than the client may have.", TOKEN),
    "invalid_request": ("The request lacks a required parameter, repeats one, or is malformed in another way.", TOKEN),
    "access_denied": ("The user or the authorization server denied the request.", AUTHORIZE),
    "unsupported_response_type": ("The authorization server doesn't support this response_type.", AUTHORIZE),
    "server_error": ("The authorization server met an unexpected condition.", AUTHORIZE),
    "temporarily_unavailable": ("The authorization server is overloaded or under maintenance.", AUTHORIZE),
    "invalid_token": ("The access token is expired, revoked, malformed or meant for another server.", BEARER),
    "insufficient_scope": ("The access token is valid, but none of its scopes allows this request.", BEARER),
    "interaction_required": ("The user must do something, but the request had prompt=none.", OIDC),
    "login_required": ("The user must sign in, but the request had prompt=none.", OIDC),
    "consent_required": ("The user must give consent, but the request had prompt=none.", OIDC),
    "account_selection_required": ("The user must choose an account, but the request had prompt=none.", OIDC),
    "invalid_redirect_uri": ("A redirect_uri in the registration isn't acceptable.", REGISTER),
    "invalid_client_metadata": ("A member of the client registration isn't acceptable.", REGISTER),
    "authorization_pending": ("The user hasn't finished the authorization yet.", DEVICE),
    "slow_down": ("The app polls too often.", DEVICE),
    "expired_token": ("The device code has expired.", DEVICE),
    "invalid_target": ("The requested resource is unknown or malformed.", _rfc(8707, "2", "Resource Parameter")),
    "unsupported_token_type": ("The server can't revoke this type of token.", _rfc(7009, "2.2.1", "Error Response")),
    "redirect_uri_mismatch": ("The redirect_uri isn't one that is registered for this client.", AUTHORIZE),
    "mismatching_redirect_uri": ("The redirect_uri isn't one that is registered for this client.", AUTHORIZE),
    "mismatching_state": (
        "The state in the response isn't the one that the app sent.",
        _rfc(6749, "10.12", "Cross-Site Request Forgery"),
    ),
}
_STATUS: dict[str, str] = {
    "400": "The server considers the request malformed.",
    "401": "The request has no credentials that the server accepts.",
    "403": "The server understood the request and refuses it; the credentials don't allow it.",
    "404": "The server has nothing at this address, or doesn't reveal that it has.",
    "405": "The address doesn't accept this HTTP method.",
    "406": "The server can't answer in a format that the Accept header allows.",
    "409": "The request conflicts with the current state of the resource.",
    "410": "The resource was deleted.",
    "412": "A precondition in the request's headers, such as If-Match, isn't met.",
    "413": "The body of the request is too large.",
    "414": "The address is too long.",
    "415": "The server doesn't accept the Content-Type of the request.",
    "422": "The body is well-formed, but the server can't process what it says.",
    "429": "The client sent too many requests.",
    "431": "The headers of the request are too large.",
    "500": "The server met an unexpected condition.",
    "502": "A proxy got an invalid response from the server behind it.",
    "503": "The server is overloaded or under maintenance.",
    "504": "A proxy got no response in time from the server behind it.",
}
_UNKNOWN = "The OAuth and FHIR specifications don't define this error, so only this server's documentation says what it means."
_ENDPOINTS = {"oauth": "token error", "authorization": "authorization error", "bearer": "access token error"}


def describe_answer(answer: ErrorAnswer) -> str:
    """For example "token error: invalid_client" or "HTTP status 403 Forbidden"."""
    if answer.kind in _ENDPOINTS:
        return f"{_ENDPOINTS[answer.kind]}: {answer.code}" if answer.code else f"{_ENDPOINTS[answer.kind]}"
    if answer.kind == "outcome":
        severity = "" if answer.code in REFUSING else " of severity error"
        return f"OperationOutcome{severity}" + (f": {answer.code}" if answer.code else "")
    if answer.kind == "status":
        return f"HTTP status {answer.code} {phrase(answer.code)}".rstrip()
    if answer.kind == "no-answer":
        return "request without a response" + (f" ({answer.code})" if answer.code not in ("", "0") else "")
    return f"error code of the server: {answer.code}" if answer.kind == "vendor" else "error message"


def phrase(status: str) -> str:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return ""


def describe_meaning(answer: ErrorAnswer) -> tuple[str, Spec]:
    if answer.code in _OAUTH and answer.kind in _ENDPOINTS:
        text, spec = _OAUTH[answer.code]
        return text, AUTHORIZE if answer.kind == "authorization" and spec is TOKEN else spec
    if answer.kind == "outcome":
        return "The FHIR server refused the request or could not process it.", FHIR
    if answer.kind == "status":
        kind = "The client's request is at fault." if answer.code < "500" else "The server failed to process the request."
        return _STATUS.get(answer.code, kind), HTTP
    if answer.kind == "no-answer":
        return "The app got no response: the network, TLS, CORS or the browser stopped the request.", HTTP
    return _UNKNOWN, AUTHORIZE if answer.kind == "authorization" else TOKEN if answer.kind == "oauth" else HTTP


_TOKEN_REQUEST = "the token request that led to it: its URL, headers and body, for example as a curl command"
_TO_ADD = {
    "authorization": "the authorization URL that led to it",
    "oauth": _TOKEN_REQUEST,
    "bearer": "the request that led to it with its Authorization header, and the token response that gave the token",
    "no-answer": "the request that led to it and the message in the browser's console, or save the exchange as a HAR file",
}


_REQUESTS = frozenset(("authorize", "token", "introspection", "revocation", "registration"))


def to_add(answer: ErrorAnswer, stage: str) -> str:
    """Says what else the user should paste. `stage`: the stage of the pasted request, which needn't be pasted again."""
    if answer.kind == "no-answer":
        return _TO_ADD[answer.kind]
    if stage in _REQUESTS:
        return "what is registered for the client: its redirect URIs, scopes and authentication method"
    if stage in ("access", "userinfo"):
        return "the token response that gave the access token, and the whole response with its headers"
    return _TO_ADD.get(answer.kind, "the request that led to it: its method, URL, headers and body")
