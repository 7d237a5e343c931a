"""What can't be seen in a request: what to compare with the registration if a server refuses a request without a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sickbay.diagnosis.evidence import token as read_token
from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.plain_text import plain
from sickbay.diagnosis.knowledge.recognise import recognised_servers
from sickbay.diagnosis.knowledge.servers.registration_fields import REDIRECT_URIS
from sickbay.protocol import urls
from sickbay.protocol.parameters import Parameters, parse

LONGEST = 100
"""The maximum number of characters of a value that is repeated."""


def to_compare(evidence: dict[str, Any]) -> list[Cause]:
    """The causes that remain for a refused request of this kind, the most likely first. Empty for other kinds."""
    listed = _BY_KIND.get(str(evidence.get("kind")))
    return list(listed(evidence)) if listed else []


def _shown(value: str | None) -> str:
    if not value:
        return "that was sent"
    return f"`{value if len(value) <= LONGEST else value[:LONGEST] + '…'}`"


def _authorize(evidence: dict[str, Any]) -> Iterator[Cause]:
    sent: Parameters = parse(urls.split(str(evidence["url"])).query)
    redirect_uri, client_id = _shown(sent.get("redirect_uri")), _shown(sent.get("client_id"))
    yield Cause(
        f"The redirect URI {redirect_uri} isn't registered for this client.",
        "It must equal a registered one in every character: scheme, host, port, path and the slash at the end.",
        f"Register {redirect_uri} exactly as it is sent{_place(str(evidence['url']))}.",
    )
    yield Cause(
        f"The client {client_id} isn't registered at this server, or not yet active there.",
        "Sandbox and production have different clients, and a change may take a while to arrive.",
        "Compare the client_id with the one in this server's console.",
    )
    yield Cause(
        "A requested scope isn't registered for the client, or this server doesn't know it.",
        "A request with fewer scopes works.",
        "Ask for registered scopes only, and compare them with scopes_supported in the discovery document.",
    )


def _place(url: str) -> str:
    """The field of the server's console, if the server is recognised by its address."""
    servers = recognised_servers(plain(url.partition("?")[0]))
    field = next((field for server, field in REDIRECT_URIS.items() if server in servers), "")
    return f" under {field}" if field else ""


def _token(evidence: dict[str, Any]) -> Iterator[Cause]:
    request = read_token.request(evidence)
    grant = request.parameters.get("grant_type")
    if grant == "authorization_code":
        yield from _CODE
    elif grant == "refresh_token":
        yield from _REFRESH
    elif grant == "client_credentials":
        yield from _BACKEND
    yield _KEY if "client_assertion" in request.parameters else _client(request.parameters)


_CODE = (
    Cause(
        "The code has expired or was used already.",
        "A code works once, and for a minute or a few. A page that is loaded twice sends it twice.",
        "Get a new code, and send it at once and only once.",
    ),
    Cause(
        "The redirect_uri or the code_verifier differs from the authorization request.",
        "Both must belong to the very request that returned this code.",
        "Log both requests, and compare the redirect_uri and BASE64URL(SHA256(code_verifier)) with the code_challenge.",
    ),
)
_REFRESH = (
    Cause(
        "The refresh token has expired, was revoked, or was replaced by a newer one.",
        "The last token response had a refresh token of its own.",
        "Store the refresh token of every response; if there is none that works, send the user to sign in again.",
    ),
)
_BACKEND = (
    Cause(
        "A requested scope isn't registered for the client, or the client may not use client_credentials.",
        "A request with one registered scope works.",
        "Register the system/ scopes, and ask for those only.",
    ),
)


def _client(parameters: Parameters) -> Cause:
    return Cause(
        f"The client {_shown(parameters.get('client_id'))} or its secret isn't the registered one, or is sent in another way.",
        "A client is registered for the Basic header or for client_secret in the body.",
        "Compare the client's id, its secret and its authentication method with the registration.",
    )


_KEY = Cause(
    "The server doesn't have the public key that belongs to the signature of the assertion.",
    "The `kid` in the header of the assertion isn't in the JWKS that the server fetched, or the server has an old copy.",
    "Publish the key at the registered jwks_uri, and wait until the server has fetched it.",
)


def _fhir(evidence: dict[str, Any]) -> Iterator[Cause]:
    yield Cause(
        "The access token has expired, or it is for another server.",
        "The server answers 401. The token works only at the FHIR base URL that was `aud` when it was requested.",
        "Get a new access token for this base URL.",
    )
    yield Cause(
        "The granted scopes don't cover this resource type.",
        "The server answers 403. The token response has `scope`, and that may be less than you asked for.",
        "Register and request the scope for this type, such as patient/Observation.rs.",
    )


_BY_KIND: dict[str, Callable[[dict[str, Any]], Iterator[Cause]]] = {
    "authorize_url": _authorize,
    "token_request": _token,
    "fhir_request": _fhir,
}
