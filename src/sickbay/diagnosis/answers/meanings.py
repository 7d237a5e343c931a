"""What an error response means according to its specification, and what to paste so that its cause can be found."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from pathlib import Path

from sickbay.diagnosis.answers.values import REFUSING, SHARED_CODES, ErrorAnswer
from sickbay.diagnosis.rule import Spec, read_spec
from sickbay.diagnosis.rule_file import read_sections


def _rfc_section(number: int, section: str, name: str) -> Spec:
    """A section of an RFC. name: the title of the section."""
    return Spec(f"RFC {number}, {section} {name}", f"https://www.rfc-editor.org/rfc/rfc{number}#section-{section}")


TOKEN = _rfc_section(6749, "5.2", "Error Response")
AUTHORIZE = _rfc_section(6749, "4.1.2.1", "Error Response")
HTTP = _rfc_section(9110, "15", "Status Codes")
FHIR = Spec("FHIR R4, OperationOutcome", "https://hl7.org/fhir/R4/operationoutcome.html")
NONE = Spec("", "")
"""Of a message without a code or a status: no specification has it."""


@cache
def _load_meanings() -> dict[str, tuple[str, Spec]]:
    """What each error code and HTTP status means, and the section that defines it: meanings.md."""
    sections = read_sections(Path(__file__).with_suffix(".md"))
    return {code: (text, read_spec(link)) for link, items in sections.items() for code, text in items.items()}


_UNKNOWN = "The OAuth and FHIR specifications don't define this error."
_ENDPOINTS = {"oauth": "token error", "authorization": "authorization error", "bearer": "access token error"}


def describe_answer(answer: ErrorAnswer) -> str:
    """For example "token error: invalid_client" or "HTTP status 403 Forbidden"."""
    if answer.kind in _ENDPOINTS:
        name = "OAuth error" if answer.kind == "oauth" and answer.code in SHARED_CODES else _ENDPOINTS[answer.kind]
        return f"{name}: {answer.code}" if answer.code else name
    if answer.kind == "outcome":
        return f"OperationOutcome: {answer.code}" if answer.code else "issue of a FHIR server or validator"
    if answer.kind == "status":
        return f"HTTP status {answer.code} {reason_phrase(answer.code)}".rstrip()
    if answer.kind == "no-answer":
        return "request without a response" + (f" ({answer.code})" if answer.code not in ("", "0") else "")
    return f"error code of the server: {answer.code}" if answer.kind == "vendor" else "error message"


def reason_phrase(status: str) -> str:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return ""


def describe_meaning(answer: ErrorAnswer) -> tuple[str, Spec]:
    if (answer.kind, answer.code) == ("bearer", "access_denied"):
        return "The server doesn't allow what the request asks for.", HTTP
    if answer.kind in _ENDPOINTS and not answer.code.isdigit() and answer.code in _load_meanings():
        text, spec = _load_meanings()[answer.code]
        return text, AUTHORIZE if answer.kind == "authorization" and spec == TOKEN else spec
    if answer.kind == "outcome":
        return "Such an issue says why a request failed, or what a validator found.", FHIR
    if answer.kind == "status":
        kind = "The client's request is at fault." if answer.code < "500" else "The server failed to process the request."
        return _load_meanings().get(answer.code, (kind, HTTP))
    if answer.kind == "no-answer":
        return "The app got no response: the network, TLS, CORS or the browser stopped the request.", HTTP
    unknown = _UNKNOWN if answer.code else "No specification says what such a message means."
    return unknown, AUTHORIZE if answer.kind == "authorization" else TOKEN if answer.kind == "oauth" else HTTP


def cite_specification(answer: ErrorAnswer, means: str, spec: Spec) -> str:
    """What the code means as such: a server may have sent it for another reason."""
    is_of_api = (answer.kind, spec) == ("bearer", HTTP)
    if (
        answer.kind == "outcome" or is_of_api or answer.code not in _load_meanings() or "mismatch" in answer.code
    ):  # these aren't specified
        return means
    code = answer.code if answer.code.isdigit() else f"`{answer.code}`"
    return f"{spec.name.partition(',')[0]}: {code} means that {means[0].lower()}{means[1:]}"


_TOKEN_REQUEST = "the token request that led to it: its URL, headers and body, for example as a curl command"
_TO_ADD = {
    "authorization": "the authorization URL that led to it",
    "oauth": _TOKEN_REQUEST,
    "bearer": "the request that led to it with its Authorization header, and the token response that gave the token",
    "message": "what led to it: the request with its URL, headers and body, or the code and the settings",
    "no-answer": "the request that led to it and the message in the browser's console, or save the exchange as a HAR file",
}


_REQUESTS = frozenset(("authorize", "token", "introspection", "revocation", "registration"))


def ask_for_more(answer: ErrorAnswer, stage: str) -> str:
    """Says what else the user should paste. `stage`: the stage of the pasted request, which needn't be pasted again."""
    if answer.kind == "no-answer":
        return _TO_ADD[answer.kind]
    if stage in _REQUESTS:
        return "what is registered for the client: its redirect URIs, scopes and authentication method"
    is_at_fault = answer.kind == "outcome" and answer.code not in REFUSING
    if stage in ("access", "userinfo") and (is_at_fault or answer.code.startswith("5")):
        return "what the server's log says about it"
    if stage in ("access", "userinfo"):
        return "the token response that gave the access token"
    if answer.kind == "oauth" and answer.code in SHARED_CODES:
        return "the request that led to it: the authorization URL, or the token request with its URL, headers and body"
    return _TO_ADD.get(answer.kind, "the request that led to it: its method, URL, headers and body")
