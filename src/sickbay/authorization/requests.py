"""What comes in at each stage, as pure values: built by web from HTTP, by diagnosis from somebody's pasted exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sickbay.authorization.models import Grant
from sickbay.protocol import jose, scopes, urls
from sickbay.protocol.parameters import Parameters, encode, parse


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class AuthorizeRequest:
    """An authorization request (RFC 6749 4.1.1). url: the endpoint without its query, "" where unknown."""

    parameters: Parameters
    url: str = ""
    method: str = "GET"
    raw: str = ""
    """The whole URL as it was received or pasted, whitespace and all; "" where there is nothing more to it."""
    received: Parameters = Parameters()
    """Decoded once and not mended, where `parameters` are; made by `authorize_request`."""

    def wire(self, name: str) -> str | None:
        """The value as it stood on the wire, where mending changed it."""
        return self.received.get(name) if self.received.pairs else self.parameters.get(name)


def authorize_request(text: str, method: str = "GET") -> AuthorizeRequest:
    """From `endpoint?query` (for POST: `endpoint?body`), as received or pasted.

    Blanks, HTML's escapes and double encoding are mended, so that one fault does not multiply; checks of their own
    refuse what had to be mended, so that nothing mended is ever granted.
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
    """A token request (RFC 6749 4.1.3, 6, 4.4.2). headers: names in lower case. query: what stood in the URL.

    direct: it came from this machine, through no proxy.
    """

    parameters: Parameters
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    method: str = "POST"
    query: Parameters = Parameters()
    body: str = ""
    direct: bool = True


@dataclass(slots=True)  # not frozen: one is made for each request, and freezing takes four times as long
class AccessRequest:
    """A FHIR request as far as authorization looks at it. base: the FHIR base it came to; path: what follows it.

    type and id: None where the path has none. interaction: read, vread, search, create, … (FHIR http.html);
    letters: what of cruds it asks for. involved: every other type named by a chain or an
    include; `Device|Patient` where none is named and it may be any of these.
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
    """A launch URL or a redirect URL as the app's side saw it: query and fragment parsed apart."""

    url: str
    parameters: Parameters
    fragment: Parameters = Parameters()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegistrationRequest:
    """A registration, live or pasted (RFC 7591 2). auth_method, client: None where not said. source: as it was given."""

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
    """The most that may be registered, for a registration by the app itself; None for the administrator."""
    limited_by: str = ""
    """Who set the limit, as a sentence."""
    fault: str = ""
    """What makes the metadata unusable, in one sentence; "" where they could be read."""
    allowed: bool = True
    """Whether who asks may register apps here at all."""
    managed: bool = True
    """At an app's own address (RFC 7592): whether the registration access token is the one of this app."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """All to which a browser may be led: every one of them is held to the same rules."""
        return (*self.redirect_uris, *self.post_logout_redirect_uris)


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class LoginRequest:
    """What a person at our pages decided: who signed in, which patient, which scopes were left ticked, yes or no."""

    parameters: Parameters
    user: str | None = None
    patient: str | None = None
    encounter: str | None = None
    scopes: tuple[str, ...] = ()
    denied: bool = False


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A request to sign a person out (OpenID Connect RP-Initiated Logout 1.0, 2)."""

    parameters: Parameters
    url: str = ""
    method: str = "GET"

    @property
    def client_id(self) -> str | None:
        """Of the app that asks: as it says, else as the id_token was made for."""
        hint = jose.peek(self.parameters.get("id_token_hint") or "")
        audience = hint.claims.get("aud") if hint else None
        return self.parameters.get("client_id") or (audience if isinstance(audience, str) else None)


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A token response as an app got it (RFC 6749 5.1): its members, and the claims of its id_token, unverified."""

    members: Mapping[str, Any]
    claims: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """A request and its answer as a browser saw them, or a document that was fetched. Names of headers in lower case.

    status: 0 where it is not known. document: the JSON of the body, None where it is none.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    document: Any = None
