"""Turns what came and what was answered into what may be stored and shown: an allow-list, and a net behind it.

Nothing of a request is kept unless it is known to be harmless (`harmless`). What the findings and the answer quote of it is
kept only if it is among what was kept of the request, or is ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote

from sickbay.protocol.parameters import parse
from sickbay.services.journal import safe_search
from sickbay.services.journal import vocabulary as known
from sickbay.services.journal.body_outline import outline
from sickbay.services.journal.exchange import RecordedRequest, RecordedResponse
from sickbay.services.journal.live_secrets import LiveSecrets
from sickbay.services.journal.masking import SECRET, length
from sickbay.services.journal.quoting import Quoting
from sickbay.services.journal.safe_headers import HEADERS
from sickbay.services.journal.safe_values import SafeValues

MANY = 60
"""Parameters of a request that are kept one by one."""
LARGE = 20_000
"""Characters of an answer that are read in order to keep it."""
_OWN = frozenset(("cache-control", "content-type", "x-correlation-id", "etag", "last-modified", "retry-after"))
"""Headers of an answer in which nothing of the request is repeated."""
SECRETS = frozenset(map(known.squeezed, SECRET)) | frozenset(
    (
        "secret",
        "clientpassword",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "apikey",
        "assertion",
        "authorization",
        "bearer",
        "launch",
        "softwarestatement",
        "privatekey",
        "csrf",
        "cookie",
        "session",
        "sessionid",
        "authtoken",
        "jwt",
        "credentials",
        "authcode",
        "authorizationcode",
        "verifier",
        "refresh",
        "registrationtoken",
        "key",
        "otp",
        "pin",
        "clientsecretvalue",
    )
)
"""Names of parameters and members whose values are secret, without punctuation and in lower case."""
Read: TypeAlias = Callable[[SafeValues, str], str]
_BY_KIND: tuple[tuple[Read, str], ...] = (
    (SafeValues.scope, "scope scopes"),
    (SafeValues.random, "state"),
    (SafeValues.secret, "nonce"),
    (SafeValues.challenge, "code_challenge"),
    (SafeValues.client, "client_id kid"),
    (SafeValues.title, "client_name"),
    (SafeValues.number, "max_age expires_in"),
    (SafeValues.id, "patient encounter"),
    (
        SafeValues.url,
        "redirect_uri redirect_url aud audience resource iss launch_uri post_logout_redirect_uri jwks_uri issuer",
    ),
    (SafeValues.url, "initiate_login_uri redirect_uris post_logout_redirect_uris client_uri logo_uri tos_uri policy_uri"),
    (SafeValues.url, "error_uri registration_client_uri smart_style_url request_uri"),
    (
        SafeValues.choice,
        "response_type response_mode grant_type prompt display code_challenge_method client_assertion_type",
    ),
    (
        SafeValues.choice,
        "token_type_hint token_endpoint_auth_method application_type token_type grant_types response_types",
    ),
    (SafeValues.choice, "client pkce scope_mode decision intent"),
)
OAUTH: dict[str, Read] = {known.squeezed(name): read for read, names in _BY_KIND for name in names.split()}
"""How the value of a parameter is read, by its name without punctuation."""
_NAMES = frozenset(OAUTH)


class Redaction:
    """Of one exchange. `request` comes first: what it keeps decides what the rest may quote."""

    def __init__(self, wire: RecordedRequest, live: LiveSecrets, public: Iterable[str], *, fhir: bool, more: str = "") -> None:
        """more: what else came with the request, such as a body that is in no `RecordedRequest`."""
        self.harmless = SafeValues(live, public)
        self.fhir = fhir
        self._corrects = False
        self._values: dict[str, str] = {}
        """Values of the request, and what is shown of each."""
        self.quoting = Quoting(self.harmless, (wire.method, wire.url, wire.body, more, *wire.headers, *wire.headers.values()))

    def request(self, wire: RecordedRequest) -> dict[str, Any]:
        method = wire.method if wire.method.upper() in known.METHODS_OF_HTTP else length(wire.method)
        body = self._body(wire.body, wire.headers) if wire.body else None
        shown = {"method": method, "url": self.url(wire.url), "headers": self.headers(wire.headers), "body": body}
        self.quoting.keep(shown)
        return shown

    def quotes(self, challenges: Iterable[str]) -> None:
        """Code challenges may be quoted, if they are nothing else."""
        self.quoting.keep([one for one in challenges if self.harmless.challenge(one) == one])

    def corrected(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A corrected request in the form of the input."""
        self._corrects = True
        shown = dict(given)
        headers = {name.lower(): str(value) for name, value in (given.get("headers") or {}).items()}
        if "url" in given:
            shown["url"] = self.url(str(given["url"]))
        if isinstance(given.get("headers"), dict):
            kept = self.headers(headers)
            shown["headers"] = {name: kept[name.lower()] for name in given["headers"] if name.lower() in kept}
        if isinstance(given.get("body"), str):
            shown["body"] = self._body(given["body"], headers)
        self.quoting.keep(shown)
        return shown

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {name: HEADERS[name](self.harmless, value) for name, value in headers.items() if name in HEADERS}

    def url(self, url: str) -> str:
        """Of a request to this server."""
        address, mark, query = url.partition("?")
        home, slashes, rest = address.partition("//")
        authority, _, path = rest.partition("/") if slashes else ("", "", address)
        shown = self.harmless.url(f"{home}//{authority}") if slashes else ""
        parts = [self.harmless.segment(one, free=False) for one in path.split("/")]
        return f"{shown}{'/' if slashes and '/' in rest else ''}{'/'.join(parts)}{mark}{self._pairs(query)}"

    def _pairs(self, raw: str) -> str:
        pieces = raw.split("&")
        shown = [self._pair(piece) for piece in pieces[:MANY]]
        return "&".join(shown + ([f"‹{len(pieces) - MANY}%20more%20parameters›"] if len(pieces) > MANY else []))

    def _pair(self, piece: str) -> str:
        if not piece:
            return ""
        raw_name, equals, raw = piece.partition("=")
        ((name, value),) = parse(piece).pairs
        shown_name, shown = self.name(name), self.parameter(name, value)
        shown = self._noted(value, shown)
        return f"{written(raw_name, name, shown_name)}{equals}{written(raw, value, shown)}"

    def _noted(self, value: str, shown: str) -> str:
        """What is shown of a value. A correction may move it to another parameter, but may not show it there."""
        if self._corrects:
            shown = self._values.get(value, value) if shown == value else shown
        elif shown == value or value not in self._values:
            self._values[value] = shown
        self.quoting.replaces(value, shown)
        return shown

    def name(self, name: str) -> str:
        if self.fhir:
            shown = self.harmless.search_name(name)
            return shown if shown == name else self.harmless.name(name)
        return self.harmless.name(name)

    def parameter(self, name: str, value: str) -> str:
        """What is shown of the value; the value itself where it is harmless."""
        if self.fhir:
            secret = known.squeezed(name) in SECRETS and known.squeezed(name) not in ("code", "key")
            return self.harmless.secret(value) if secret else safe_search.value(self.harmless, name, value)
        return self._oauth(name.removeprefix("amp;"), value)

    def _oauth(self, name: str, value: str) -> str:
        if not value or self.harmless.is_public(value):
            return value
        short = known.squeezed(name)
        if short in OAUTH:
            return OAUTH[short](self.harmless, value)
        if short in SECRETS or self.harmless.resembles(name, SECRETS):
            return self.harmless.url(value) if short == "launch" and "://" in value else self.harmless.secret(value)
        alike = self.harmless.resembles(name, _NAMES)
        meant = next((one for one in OAUTH if known.resembles(name, frozenset((one,)))), None) if alike else None
        return OAUTH[meant](self.harmless, value) if meant else length(value)

    def _body(self, body: str, headers: Mapping[str, str]) -> str:
        """A form or a JSON object by its parameters, if it can be read and is no resource; of all else an outline."""
        kind = headers.get("content-type", "").lower()
        form = "x-www-form-urlencoded" in kind or ("=" in body and not kind.strip())
        if form and body[:1] not in ("{", "[", "<") and len(body) <= LARGE:
            return self._pairs(body)
        if not self.fhir and body.lstrip()[:1] == "{" and len(body) <= LARGE:
            given = self._object(body)
            if given is not None:
                return given
        return outline(body, kind)

    def _object(self, body: str) -> str | None:
        try:
            given = json.loads(body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(given, dict) or any(self.harmless.name(name) != name for name in given):
            return None
        return json.dumps({name: self.member(name, value) for name, value in given.items()}, ensure_ascii=False)

    def member(self, name: str, value: Any) -> Any:
        """Of a JSON object of OAuth."""
        if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 10**10):
            return value
        if isinstance(value, str):
            shown = self._noted(value, self._oauth(name, value))
            return value if value in known.ALGORITHMS else shown
        if isinstance(value, list) and len(value) <= MANY and name != "keys":
            return [self.member(name, one) if isinstance(one, str) else "‹not kept›" for one in value]
        if name in ("jwks", "keys"):
            return self._keys(value)
        return outline(json.dumps(value))

    def _keys(self, value: Any) -> Any:
        """A key set: what kind of keys it has. Their numbers are not kept, since a private one may be among them."""
        if isinstance(value, dict):
            pairs = [(name, one) for name, one in value.items() if self.harmless.name(name) == name]
            return {name: self._keys(one) if name == "keys" else self._of_key(name, one) for name, one in pairs[:MANY]}
        if isinstance(value, list):
            return [self._keys(one) for one in value[:MANY]]
        return "‹not kept›"

    def _of_key(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return "‹not kept›"
        if value in known.ALGORITHMS or not value:
            return value
        return self.harmless.client(value) if name == "kid" else length(value)

    def response(self, answer: RecordedResponse) -> dict[str, Any]:
        headers = {name: shown for name, value in answer.told().items() if (shown := self._answered(name, value))}
        return {
            "status": answer.status,
            "headers": headers,
            "body": self._answer(answer.body) if answer.body else answer.body,
        }

    def _answered(self, name: str, value: str) -> str | None:
        if name in ("location", "content-location"):
            return self.location(value)
        if name in _OWN:
            return value
        return self.quoting.text(value) if name == "www-authenticate" else None

    def location(self, value: str) -> str:
        """Where the answer leads: to the app with what it is told, or to an address of ours."""
        address, mark, query = value.partition("?")
        shown = self.url(address) if address.startswith("/") else self.harmless.url(address)
        return f"{shown}{mark}{'&'.join(self._told(piece) for piece in query.split('&'))}"

    def _told(self, piece: str) -> str:
        raw_name, equals, raw = piece.partition("=")
        name, value = next(iter(parse(piece).pairs), ("", ""))
        said = name in ("error", "error_description")
        shown = self.quoting.text(value) if said else self._oauth(name, value)
        return f"{written(raw_name, name, self.harmless.name(name))}{equals}{written(raw, value, shown)}" if name else ""

    def _answer(self, body: str) -> str:
        try:
            given = json.loads(body) if len(body) <= LARGE else None
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            return outline(body)
        if "resourceType" in given:
            return json.dumps(self.quoting.walk(given), ensure_ascii=False, separators=(",", ":"))
        told = {name: self._member(name, value) for name, value in given.items()}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    def _member(self, name: str, value: Any) -> Any:
        if name == "error_uri" and isinstance(value, str):
            return self.harmless.url(value)
        if name in ("error", "error_description", "title", "detail") and isinstance(value, str):
            return self.quoting.text(value)
        return self.member(name, value)


def written(raw: str, value: str, shown: str) -> str:
    """As it was written where all of it is kept, else what is shown, so that a URL can hold it."""
    if shown == value:
        return raw
    return "".join(one if one in "‹›…()" else quote(one, safe="") for one in shown)
