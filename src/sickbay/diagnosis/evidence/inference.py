"""Infers from a pasted request what its context doesn't say: whether it asks for SMART, the time, the server and the version.

Each inferred value is a guess, and a sentence says from what it was inferred. Findings that need it repeat the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from sickbay.authorization.contexts import Guesses
from sickbay.authorization.models import Policy, Server
from sickbay.authorization.requests import AuthorizeRequest, TokenRequest
from sickbay.authorization.scopes.resource_types import types_of
from sickbay.diagnosis.evidence import address
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.diagnosis.lists import LISTS
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import UNKNOWN, Unknown
from sickbay.protocol import jose, numeric_dates

_SMART_SCOPE = re.compile(r"(?:^|[\s,+;|\"'])(?:launch\b|fhirUser\b|(?:patient|system)[/.:]|user/)|/fhir/scopes/", re.I)
"""`user.read` and `user:email` are scopes of other services."""


def asks_for_smart(scope: str) -> bool:
    return _SMART_SCOPE.search(scope) is not None


def is_smart(context: Json, request: AuthorizeRequest | TokenRequest) -> bool:
    """Whether SMART's demands apply: the context names a server or says so, or the request asks for something of SMART."""
    if "smart" in context:
        return bool(context["smart"])
    sent = request.parameters
    if "server" in context or any(name in sent for name in ("aud", "launch")):
        return True
    return not request.url.startswith(LISTS["servers_without_aud"]) and (
        asks_for_smart(sent.get("scope") or "")
        or _is_signed_for_smart(sent.get("client_assertion") or "")
        or address.names_fhir(request.url)
    )


def _is_signed_for_smart(assertion: str) -> bool:
    """Whether it is signed with an algorithm that SMART requires and others hardly use."""
    jwt = jose.decode_unverified(assertion)
    return jwt is not None and jwt.header.get("alg") in Policy().assertion_algorithms


class Time(NamedTuple):
    """The time of a request in seconds since 1970, and the guesses that it rests on."""

    now: int | Unknown
    guesses: Guesses = ()


def time_of(context: Json, claims: Mapping[str, object] | None, *headers: object) -> Time:
    """The time that the context says, or a Date header, or else the `iat` of a JWT, as if it was sent when it was issued."""
    if "now" in context:
        return Time(read.read_now(context))
    dated = next((at for sent in headers if (at := _date_header(sent)) is not None), None)
    if dated is not None:
        return Time(dated)
    issued = (claims or {}).get("iat")
    if isinstance(issued, int | float) and not isinstance(issued, bool) and issued > 0:
        return Time(
            numeric_dates.convert_to_seconds(issued),
            (("now", "The time isn't known, so Sickbay counts from `iat`, when the JWT was issued."),),
        )
    return Time(UNKNOWN)


def _date_header(headers: object) -> int | None:
    """The time in the Date header; None if there is none or it can't be read."""
    if not isinstance(headers, Mapping):
        return None
    text = next((str(value) for name, value in headers.items() if str(name).lower() == "date"), "")
    try:
        from email.utils import parsedate_to_datetime  # few texts have a date

        return int(parsedate_to_datetime(text).timestamp()) if text else None
    except (ValueError, OverflowError):
        return None


def infer_token_server(context: Json, request: TokenRequest, *, smart: bool) -> tuple[Server | Unknown, Guesses]:
    """The server of a token request. Without a context, its token endpoint is the URL of a request with a client assertion."""
    known = read.read_server(context)
    if known is not UNKNOWN or not smart or not request.url or not request.parameters.get("client_assertion"):
        return known, ()
    sentence = "Sickbay assumes that the URL of this request is the token endpoint in the server's discovery document."
    return Server(token_endpoint=request.url), (("server", sentence),)


def guess_liberties(context: Json, url: str) -> Guesses:
    """That a server that isn't known may grant default scopes to a request without a scope, and that Auth0 reads JSON."""
    json = (("token-wrong-content-type", "Auth0 also reads JSON."),) if ".auth0.com/" in url else ()
    return () if "server" in context or "app" in context else (("backend-scope-missing", _DEFAULT_SCOPES), *json)


_DEFAULT_SCOPES = (
    "Sickbay doesn't know this server: SMART requires a scope, but some servers grant default scopes (RFC 6749, 3.3)."
)


def read_assertion_claims(request: TokenRequest) -> Mapping[str, object] | None:
    jwt = jose.decode_unverified(request.parameters.get("client_assertion") or "")
    return jwt.claims if jwt else None


class Place(NamedTuple):
    """The base URL and version of a FHIR request, and the guesses that they rest on."""

    base: str
    version: str
    guesses: Guesses = ()


def place_of(url: str) -> Place:
    """The FHIR base URL that the URL contains, and its version. If it names none, the first that has the resource type."""
    base = address.fhir_base_of(url)
    if not base:
        return Place("", "")
    named = address.fhir_version_of(base)
    version = named or _version_with(url[len(base) :].partition("?")[0].strip("/").partition("/")[0])
    because = "because the URL contains it" if named else "because the URL names no version"
    sentence = f"Sickbay assumes FHIR {version.upper()}, {because}."
    return Place(base, version, (("version", sentence), ("fhir-token-missing", _NEEDED)))


def _version_with(type: str) -> str:
    """The first version, starting with R4, that has this resource type; R4 if none has."""
    return next((name for name in ("r4", "dstu2", "stu3", "r4b", "r5") if type in types_of(VERSIONS[name].number)), "r4")


_NEEDED = "Sickbay assumes that this server requires a token, as nearly all do. A few test servers don't."
