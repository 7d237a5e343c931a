"""The input of each stage as plain values: `web` builds them from HTTP, `diagnosis` from a pasted exchange."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias, final

from msgspec import Struct

from sickbay.authorization.models import Grant
from sickbay.authorization.stand_in import StandIn
from sickbay.protocol import basic, jose, scopes, unicode, urls
from sickbay.protocol.basic import Basic
from sickbay.protocol.parameters import Parameters, encode, parse


class AuthorizeRequest(Struct, frozen=True):
    """An authorization request (RFC 6749 4.1.1). url: the endpoint without its query, "" if unknown."""

    parameters: Parameters
    url: str = ""
    method: str = "GET"
    raw: str = ""
    """The whole URL as received or pasted, including whitespace; "" if it is the same as the other fields."""
    received: Parameters = Parameters()
    """Decoded once and uncorrected, if `parameters` were corrected; set by `authorize_request`."""

    def as_sent(self, name: str) -> str | None:
        """Returns the value as it was sent, if a correction changed it."""
        return self.received.get(name) if self.received.pairs else self.parameters.get(name)


def authorize_request(text: str, method: str = "GET") -> AuthorizeRequest:
    """Parses `endpoint?query` (for POST: `endpoint?body`), as received or pasted.

    Whitespace, HTML escapes and double encoding are corrected, so that one mistake doesn't cause several refusals. Other
    checks refuse whatever was corrected, so a corrected request is never granted.
    """
    line = urls.unescape(urls.join_lines(text))
    url, _, query = line.partition("?")
    once = parse(query)
    received = once if line == text else parse(text.partition("?")[2])
    return AuthorizeRequest(_decode_pairs(once), url, method, text, received)


def _decode_pairs(once: Parameters) -> Parameters:
    if not [value for _, value in once.pairs if "%" in value]:
        return once
    pairs = tuple((name, _decode_again(name, value)) for name, value in once.pairs)
    return once if pairs == once.pairs else Parameters(pairs, encode(pairs))


def _decode_again(name: str, value: str) -> str:
    if name in ("redirect_uri", "aud", "resource"):
        return urls.decode_again(value)
    return scopes.decode_again(value) if name == "scope" else value


def is_fetched(headers: Mapping[str, str]) -> bool:
    """Whether a script in a browser sent the request (Fetch Metadata). False if the headers don't say.

    Browsers send both Sec-Fetch-Site and Sec-Fetch-Mode. Node's fetch sends only the mode, and no user sees its response.
    """
    mode = headers.get("sec-fetch-mode") if "sec-fetch-site" in headers else None
    return mode in ("cors", "no-cors", "same-origin") or headers.get("x-requested-with", "").lower() == "xmlhttprequest"


Method: TypeAlias = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]


class Presented(Struct, frozen=True):
    """How the client identified itself. client_id: decoded if Basic was used; None if the request names no client."""

    methods: tuple[Method, ...]
    client_id: str | None
    basic: Basic | None = None


@final
class TokenRequest(Struct, frozen=True, dict=True):
    """A token request (RFC 6749 4.1.3, 6, 4.4.2). headers: names in lower case. query: parameters in the URL.

    direct: it came from this machine, without a proxy. stand_in: accepted instead of the app's credentials; None for every
    request that came over a connection.
    """

    parameters: Parameters
    headers: Mapping[str, str] = {}
    url: str = ""
    method: str = "POST"
    query: Parameters = Parameters()
    body: str = ""
    direct: bool = True
    stand_in: StandIn | None = None

    @cached_property
    def assertion(self) -> jose.Jwt | None:
        """The client assertion (RFC 7523 2.2), not verified; None if there is none or it isn't a JWT."""
        sent = self.parameters.get("client_assertion")
        return jose.decode_unverified(sent) if sent else None

    @cached_property
    def presented(self) -> Presented:
        """Returns the client identification, parsed only once because a dozen checks use it."""
        header, sent = self.headers.get("authorization", ""), self.parameters
        header_credentials = basic.read(header) if header and basic.is_basic(header) else None
        credentials: tuple[tuple[Method, object], ...] = (
            ("client_secret_basic", header_credentials),
            ("client_secret_post", sent.get("client_secret")),
            ("private_key_jwt", sent.get("client_assertion")),
        )
        in_header = header_credentials.decoded[0] if header_credentials and header_credentials.decoded else None
        return Presented(
            tuple([method for method, value in credentials if value]),
            in_header or sent.get("client_id") or self._assertion_subject(),
            header_credentials,
        )

    @property
    def claimed(self) -> str | None:
        """The client_id that the request names anywhere: the client whose registration must be loaded."""
        return self.presented.client_id

    @property
    def named_issuer(self) -> str | None:
        """The client that the assertion names; a value that isn't a string as JSON."""
        claims = self.assertion.claims if self.assertion else {}
        return self.claimed or jose.format_member(claims.get("sub") or claims.get("iss"))

    def _assertion_subject(self) -> str | None:
        """The client_id in the assertion, whose sub and iss are the same (SMART 2.2, Asymmetric authentication)."""
        claims = self.assertion.claims if self.assertion else {}
        subject = claims.get("sub") or claims.get("iss")
        return subject if isinstance(subject, str) else None


_BOUNDARY = re.compile(r'\bboundary="?([^";,\s]+)', re.I)
_NAME = re.compile(r'\bname="([^"]+)"')
_GAP = re.compile(r"\r?\n\r?\n")


def token_request(
    method: str, url: str, headers: Mapping[str, str], body: str, *, direct: bool = True, stand_in: StandIn | None = None
) -> TokenRequest:
    """Parses a token request (RFC 6749 3.2). Parameters in JSON, multipart or the URL count like those of a form, so only the
    format is refused.

    headers: names in lower case. direct, stand_in: as in TokenRequest.
    """
    address, _, query = url.partition("?")
    in_url = parse(query)
    type = headers.get("content-type", "")
    in_parts = type.lower().startswith("multipart/")
    if in_url.pairs or is_json(body) or in_parts:
        pairs = (*(_parse_multipart(type, body) if in_parts else _pairs_of_form(body)), *in_url.pairs)
        parameters = Parameters(pairs, encode(pairs))
    else:
        parameters = parse(body)
    return TokenRequest(parameters, headers, address, method.upper(), in_url, body, direct, stand_in)


def _pairs_of_form(body: str) -> tuple[tuple[str, str], ...]:
    if not is_json(body):
        return parse(body.strip()).pairs
    try:
        members = unicode.loads(body)
    except (ValueError, RecursionError):
        return ()
    return tuple((str(name), value if isinstance(value, str) else json.dumps(value)) for name, value in members.items())


def _parse_multipart(type: str, body: str) -> tuple[tuple[str, str], ...]:
    """Parses a multipart form (RFC 7578), which is refused. Used for the explanation."""
    boundary = _BOUNDARY.search(type)
    pieces = body.split(f"--{boundary[1]}")[1:-1] if boundary else []
    parts = [(_NAME.search(head), text) for head, text in (_GAP.split(f"{piece}\n\n", maxsplit=1) for piece in pieces)]
    return tuple((name[1], text.rstrip("\r\n")) for name, text in parts if name)


def is_json(body: str) -> bool:
    return body.lstrip()[:1] == "{"


class AccessRequest(Struct, frozen=True):
    """A FHIR request, reduced to what authorization reads. base: the FHIR base it was sent to; path: the rest of the URL.

    type and id: None if the path has none. interaction: read, vread, search, create, … (FHIR http.html).
    letters: those of cruds that it needs. involved: every other type that a chain or an
    include names; `Device|Patient` if it names none and may mean either.
    """

    method: str
    base: str
    path: str
    parameters: Parameters = Parameters()
    headers: Mapping[str, str] = {}
    type: str | None = None
    id: str | None = None
    interaction: str = ""
    letters: str = ""
    involved: tuple[str, ...] = ()
    url: str = ""
    body: str = ""

    @property
    def body_source(self) -> tuple[object, ...]:
        """Returns the input of body parsing. If it is equal for two requests, so are their bodies, and one can be reused."""
        headers = self.headers
        names = (self.type, self.id, self.interaction, self.base, headers.get("content-type"), "authorization" in headers)
        return (*names, self.body)


class UrlRequest(Struct, frozen=True):
    """A launch URL or redirect URL as the app received it, with query and fragment parsed separately."""

    url: str
    parameters: Parameters
    fragment: Parameters = Parameters()
    headers: Mapping[str, str] = {}


class RegistrationRequest(Struct, frozen=True):
    """A registration, live or pasted (RFC 7591 2). auth_method, client: None if not sent. source: the original metadata."""

    type: str = "provider"
    client: str | None = None
    auth_method: str | None = None
    has_secret: bool = False
    software_statement: str | None = None
    launch_uri: str | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    scope: str = ""
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    native: bool = False
    grant_types: tuple[str, ...] | None = None
    source: Mapping[str, Any] = {}
    limit: Grant | None = None
    """The most that may be registered if the app registers itself; None for the administrator."""
    limited_by: str = ""
    """Who set the limit, as a sentence."""
    fault: str = ""
    """Why the metadata can't be read, in one sentence; "" if they can."""
    allowed: bool = True
    """Whether the caller may register apps here at all."""
    managed: bool = True
    """At an app's own URL (RFC 7592): whether the registration access token belongs to this app."""
    twins: int = 0
    """Newest apps that registered themselves with the same name and redirect URIs (`likely_clients.count_twins`)."""
    ignored: tuple[str, ...] = ()
    """Members of the metadata that ask for what the server doesn't do (`registration.metadata.list_ignored_members`)."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """All URLs that a browser may be sent to; the same rules apply to each."""
        return (*self.redirect_uris, *self.post_logout_redirect_uris)


class LoginRequest(Struct, frozen=True):
    """What the user decided on our pages: sign-in, patient, ticked scopes, and whether to approve."""

    parameters: Parameters
    user: str | None = None
    patient: str | None = None
    encounter: str | None = None
    scopes: tuple[str, ...] = ()
    denied: bool = False


class LogoutRequest(Struct, frozen=True):
    """A logout request of an app (OpenID Connect RP-Initiated Logout 1.0, 2)."""

    parameters: Parameters
    url: str = ""
    method: str = "GET"

    @property
    def client_id(self) -> str | None:
        """The client_id of the app that sent the request: the parameter, or the audience of the id_token."""
        hint = jose.decode_unverified(self.parameters.get("id_token_hint") or "")
        audience = hint.claims.get("aud") if hint else None
        return self.parameters.get("client_id") or (audience if isinstance(audience, str) else None)


class TokenAnswer(Struct, frozen=True):
    """A token response as an app received it (RFC 6749 5.1): its members, and the unverified claims of its id_token."""

    members: Mapping[str, Any]
    claims: Mapping[str, Any] | None = None


class HttpExchange(Struct, frozen=True):
    """A request and its response as a browser saw them, or a fetched document. Header names are in lower case.

    status: 0 if it isn't known. document: the body's JSON, None if it isn't JSON.
    """

    method: str
    url: str
    headers: Mapping[str, str] = {}
    status: int = 0
    answer_headers: Mapping[str, str] = {}
    body: str | None = None
    document: Any = None
