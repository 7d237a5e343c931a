"""What comes in at each stage, as pure values: built by web from HTTP, by diagnosis from somebody's pasted exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sickbay.protocol.parameters import Parameters


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """An authorization request (RFC 6749 4.1.1). url: the endpoint without its query, "" where unknown."""

    parameters: Parameters
    url: str = ""
    method: str = "GET"
    raw: str = ""
    """The whole URL as it was received or pasted, whitespace and all; "" where there is nothing more to it."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request (RFC 6749 4.1.3, 6, 4.4.2). headers: names in lower case. query: what stood in the URL."""

    parameters: Parameters
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    method: str = "POST"
    query: Parameters = Parameters()
    body: str = ""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A FHIR request as far as authorization looks at it. base: the FHIR base it came to; path: what follows it.

    type and id: None where the path has none. interaction: read, vread, search, create, … (FHIR http.html);
    letters: what of cruds it asks for. involved: every other type named by a chain or an include.
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
class LoginRequest:
    """What a person at our pages decided: who signed in, which patient, which scopes were left ticked, yes or no."""

    parameters: Parameters
    user: str | None = None
    patient: str | None = None
    encounter: str | None = None
    scopes: tuple[str, ...] = ()
    denied: bool = False
