"""The input of each stage as plain values: `web` builds them from HTTP, `diagnosis` from a pasted exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sickbay.authorization.models import Grant
from sickbay.protocol import jose, scopes, urls
from sickbay.protocol.parameters import Parameters, encode, parse


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class AuthorizeRequest:
    """An authorization request (RFC 6749 4.1.1). url: the endpoint without its query, "" if unknown."""

    parameters: Parameters
    url: str = ""
    method: str = "GET"
    raw: str = ""
    """The whole URL as received or pasted, including whitespace; "" if it is the same as the other fields."""
    received: Parameters = Parameters()
    """Decoded once and uncorrected, if `parameters` were corrected; set by `authorize_request`."""

    def wire(self, name: str) -> str | None:
        """Returns the value as it was sent, if a correction changed it."""
        return self.received.get(name) if self.received.pairs else self.parameters.get(name)


def authorize_request(text: str, method: str = "GET") -> AuthorizeRequest:
    """Parses `endpoint?query` (for POST: `endpoint?body`), as received or pasted.

    Whitespace, HTML escapes and double encoding are corrected, so that one mistake doesn't cause several refusals. Other
    checks refuse whatever was corrected, so a corrected request is never granted.
    """
    line = urls.unescaped(urls.one_line(text))
    url, _, query = line.partition("?")
    once = parse(query)
    received = once if line == text else parse(text.partition("?")[2])
    return AuthorizeRequest(_decoded(once), url, method, text, received)


def _decoded(once: Parameters) -> Parameters:
    if not any("%" in value for _, value in once.pairs):
        return once
    pairs = tuple((name, _decode_again(name, value)) for name, value in once.pairs)
    return once if pairs == once.pairs else Parameters(pairs, encode(pairs))


def _decode_again(name: str, value: str) -> str:
    if name in ("redirect_uri", "aud", "resource"):
        return urls.decoded_again(value)
    return scopes.decoded_again(value) if name == "scope" else value


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class TokenRequest:
    """A token request (RFC 6749 4.1.3, 6, 4.4.2). headers: names in lower case. query: parameters in the URL.

    direct: it came from this machine, without a proxy.
    """

    parameters: Parameters
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    method: str = "POST"
    query: Parameters = Parameters()
    body: str = ""
    direct: bool = True


@dataclass(slots=True)  # not frozen: created for each request, and freezing takes four times as long
class AccessRequest:
    """A FHIR request, reduced to what authorization reads. base: the FHIR base it was sent to; path: the rest of the URL.

    type and id: None if the path has none. interaction: read, vread, search, create, … (FHIR http.html).
    letters: those of cruds that it needs. involved: every other type that a chain or an
    include names; `Device|Patient` if it names none and may mean either.
    """

    method: str
    base: str
    path: str
    parameters: Parameters = Parameters()
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str | None = None
    id: str | None = None
    interaction: str = ""
    letters: str = ""
    involved: tuple[str, ...] = ()
    url: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class UrlRequest:
    """A launch URL or redirect URL as the app received it, with query and fragment parsed separately."""

    url: str
    parameters: Parameters
    fragment: Parameters = Parameters()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegistrationRequest:
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
    source: Mapping[str, Any] = field(default_factory=dict)
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

    @property
    def addresses(self) -> tuple[str, ...]:
        """All URLs that a browser may be sent to; the same rules apply to each."""
        return (*self.redirect_uris, *self.post_logout_redirect_uris)


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What the user decided on our pages: sign-in, patient, ticked scopes, and whether to approve."""

    parameters: Parameters
    user: str | None = None
    patient: str | None = None
    encounter: str | None = None
    scopes: tuple[str, ...] = ()
    denied: bool = False


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A logout request of an app (OpenID Connect RP-Initiated Logout 1.0, 2)."""

    parameters: Parameters
    url: str = ""
    method: str = "GET"

    @property
    def client_id(self) -> str | None:
        """The client_id of the app that sent the request: the parameter, or the audience of the id_token."""
        hint = jose.peek(self.parameters.get("id_token_hint") or "")
        audience = hint.claims.get("aud") if hint else None
        return self.parameters.get("client_id") or (audience if isinstance(audience, str) else None)


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A token response as an app received it (RFC 6749 5.1): its members, and the unverified claims of its id_token."""

    members: Mapping[str, Any]
    claims: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """A request and its response as a browser saw them, or a fetched document. Header names are in lower case.

    status: 0 if it isn't known. document: the body's JSON, None if it isn't JSON.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    document: Any = None
