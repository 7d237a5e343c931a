"""Redacts requests and responses for storage and display: an allow-list, with a search for known secrets as a second line.

A part of a request is kept only if it is known to be harmless (`safe_values`). What the findings and the response quote from it
is kept only if it was kept of the request, or is Sickbay's own text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote

from msgspec import Struct

from sickbay.protocol import jose
from sickbay.protocol.parameters import parse
from sickbay.services.redaction import safe_search
from sickbay.services.redaction import vocabulary as known
from sickbay.services.redaction.body_outline import outline_body
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.services.redaction.masking import SECRET, describe_length
from sickbay.services.redaction.quoting import Quoting
from sickbay.services.redaction.safe_headers import HEADERS
from sickbay.services.redaction.safe_values import MAXIMUM_PARSED_CHARACTERS, SafeValues

MAXIMUM_KEPT_PARTS = 60
"""Parameters of a request, or members of a list, that are kept individually."""
LARGE = 20_000
"""The longest body, in characters, that is parsed in order to keep its members."""
_INDEPENDENT_HEADERS = frozenset(("cache-control", "content-type", "x-correlation-id", "etag", "last-modified", "retry-after"))
"""Response headers that never repeat anything from the request."""
SECRETS = frozenset(map(known.letters_of, SECRET)) | known.read_words(
    """
    secret clientpassword passwd pwd pass passphrase apikey assertion authorization bearer launch softwarestatement
    privatekey csrf cookie session sessionid authtoken jwt credentials authcode authorizationcode verifier refresh
    registrationtoken key otp pin clientsecretvalue
    """
)
"""Names of secret parameters and members, in lower case without punctuation."""
Read: TypeAlias = Callable[[SafeValues, str], str]
_BY_KIND: tuple[tuple[Read, str], ...] = (
    (SafeValues.redact_scope, "scope scopes"),
    (SafeValues.redact_random, "state"),
    (SafeValues.redact_secret, "nonce"),
    (SafeValues.redact_challenge, "code_challenge"),
    (SafeValues.redact_client, "client_id kid"),
    (SafeValues.redact_title, "client_name"),
    (SafeValues.redact_number, "max_age expires_in"),
    (SafeValues.redact_id, "patient encounter"),
    (SafeValues.redact_url, "redirect_uri redirect_url aud audience resource iss launch_uri post_logout_redirect_uri"),
    (SafeValues.redact_url, "jwks_uri issuer initiate_login_uri redirect_uris post_logout_redirect_uris client_uri logo_uri"),
    (SafeValues.redact_url, "tos_uri policy_uri error_uri registration_client_uri smart_style_url request_uri"),
    (SafeValues.redact_choice, "response_type response_mode grant_type prompt display code_challenge_method token_type_hint"),
    (SafeValues.redact_choice, "client_assertion_type token_endpoint_auth_method application_type token_type grant_types"),
    (SafeValues.redact_choice, "response_types client pkce scope_mode decision intent"),
)
OAUTH: dict[str, Read] = {known.letters_of(name): read for read, names in _BY_KIND for name in names.split()}
"""How to redact the value of a parameter, by its name without punctuation."""
_NAMES = frozenset(OAUTH)
_PATH = re.compile(r"[\w/.~$-]+", re.A)
"""A path that isn't read in another way if it is part of a URL."""
_ENCODED = re.compile(r"[^‹›…()A-Za-z0-9_.~-]+")


class RecordedRequest(Struct, frozen=True, gc=False):
    """A request as received. headers: names in lower case. client: the address that it came from; "" if unknown."""

    method: str
    url: str
    headers: dict[str, str]
    body: str = ""
    client: str = ""


class RecordedResponse(Struct, frozen=True, gc=False):
    """Sickbay's response. headers: text, or bytes as sent. body: None if it contains patient data. size: of the body in bytes;
    None if it isn't known.
    """

    status: int
    headers: dict[str, str] | list[tuple[bytes, bytes]]
    body: str | None = None
    size: int | None = None

    def read_headers(self) -> dict[str, str]:
        if isinstance(self.headers, dict):
            return self.headers
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}


def is_form(body: str, headers: Mapping[str, str]) -> bool:
    """Whether the parameters of the body are recorded individually."""
    content_type = headers.get("content-type", "").lower()
    form = "x-www-form-urlencoded" in content_type or ("=" in body and not content_type.strip())
    return form and body[:1] not in ("{", "[", "<")


class Redaction:
    """Redacts one exchange. Call `request` first, because what it keeps decides what the rest may quote."""

    def __init__(
        self,
        recorded: RecordedRequest,
        live: LiveSecrets,
        public: Iterable[str | None],
        ids: Iterable[str | None] = (),
        *,
        fhir: bool,
        more: str = "",
        base: str = "",
        whole: bool = True,
    ) -> None:
        """more: other input that came with the request, such as a body that isn't in the `RecordedRequest`. base: a public URL
        of this server, below which most of its URLs are; it is kept without looking at its parts. whole: False if the request
        has more than `recorded`.
        """
        self.harmless = SafeValues(live, public, ids)
        self._base = base if self.harmless.is_public(base) else ""
        self.fhir = fhir
        self._corrects = False
        self._values: dict[str, str] = {}
        """Values of the request -> what is shown instead."""
        self.quoting = Quoting(
            self.harmless,
            (recorded.method, recorded.url, recorded.body, more, *recorded.headers, *recorded.headers.values()),
            whole=whole,
        )

    def redact_request(self, recorded: RecordedRequest) -> dict[str, Any]:
        method = recorded.method if recorded.method.upper() in known.METHODS_OF_HTTP else describe_length(recorded.method)
        body = self._redact_body(recorded.body, recorded.headers) if recorded.body else None
        shown = {
            "method": method,
            "url": self.redact_url(recorded.url),
            "headers": self.redact_headers(recorded.headers),
            "body": body,
        }
        self.quoting.allow(shown)
        return shown

    def allow_quotes(self, challenges: Iterable[str]) -> None:
        """Allows quoting code challenges that aren't also secrets."""
        self.quoting.allow([challenge for challenge in challenges if self.harmless.redact_challenge(challenge) == challenge])

    def redact_correction(self, corrected_request: Mapping[str, Any]) -> dict[str, Any]:
        """A corrected request in the form of the original."""
        self._corrects = True
        shown = dict(corrected_request)
        headers = {name.lower(): str(value) for name, value in (corrected_request.get("headers") or {}).items()}
        if "url" in corrected_request:
            shown["url"] = self.redact_url(str(corrected_request["url"]))
        if isinstance(corrected_request.get("headers"), dict):
            shown_headers = self.redact_headers(headers)
            shown["headers"] = {
                name: shown_headers[name.lower()] for name in corrected_request["headers"] if name.lower() in shown_headers
            }
        if isinstance(corrected_request.get("body"), str):
            shown["body"] = self._redact_body(corrected_request["body"], headers)
        self.quoting.allow(shown)
        return shown

    def redact_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {name: HEADERS[name](self.harmless, value) for name, value in headers.items() if name in HEADERS}

    def redact_url(self, url: str) -> str:
        """A URL of a request to this server."""
        address, mark, query = url.partition("?")
        if (below := self._remove_base(address)) is not None:
            parts = [self.harmless.redact_segment(segment, free=False) for segment in below.split("/")]
            return f"{self._base}{'/'.join(parts)}{mark}{self._redact_pairs(query)}"
        home, slashes, rest = address.partition("//")
        authority, _, path = rest.partition("/") if slashes else ("", "", address)
        shown = self.harmless.redact_url(f"{home}//{authority}") if slashes else ""
        parts = [self.harmless.redact_segment(segment, free=False) for segment in path.split("/")]
        return f"{shown}{'/' if slashes and '/' in rest else ''}{'/'.join(parts)}{mark}{self._redact_pairs(query)}"

    def _remove_base(self, address: str) -> str | None:
        """The rest of an address that begins with the base: "" or "/Patient"."""
        if not self._base or not address.startswith(self._base):
            return None
        below = address[len(self._base) :]
        return below if below[:1] in ("", "/") else None

    def _redact_pairs(self, raw: str) -> str:
        pieces = raw.split("&")
        shown = [self._redact_pair(piece) for piece in pieces[:MAXIMUM_KEPT_PARTS]]
        return "&".join(
            shown + ([f"‹{len(pieces) - MAXIMUM_KEPT_PARTS}%20more%20parameters›"] if len(pieces) > MAXIMUM_KEPT_PARTS else [])
        )

    def _redact_pair(self, piece: str) -> str:
        if not piece:
            return ""
        raw_name, equals, raw = piece.partition("=")
        ((name, value),) = parse(piece).pairs
        shown_name, shown = self.redact_name(name), self.redact_parameter(name, value)
        shown = self._remember_shown(value, shown)
        return f"{write_raw(raw_name, name, shown_name)}{equals}{write_raw(raw, value, shown)}"

    def _remember_shown(self, value: str, shown: str) -> str:
        """Returns what is shown of a value. A correction may move a value to another parameter, but may not reveal it there."""
        if self._corrects:
            shown = self._values.get(value, value) if shown == value else shown
        elif shown == value or value not in self._values:
            self._values[value] = shown
        self.quoting.add_replacement(value, shown)
        return shown

    def redact_name(self, name: str) -> str:
        if self.fhir:
            shown = self.harmless.redact_search_name(name)
            return shown if shown == name else self.harmless.redact_name(name)
        return self.harmless.redact_name(name)

    def redact_parameter(self, name: str, value: str) -> str:
        """Returns what is shown of a value: the value itself if it is harmless."""
        if self.fhir:
            secret = known.letters_of(name) in SECRETS and known.letters_of(name) not in ("code", "key")
            return self.harmless.redact_secret(value) if secret else safe_search.redact_value(self.harmless, name, value)
        return self._redact_oauth_value(name.removeprefix("amp;"), value)

    def _redact_oauth_value(self, name: str, value: str) -> str:
        if not value or self.harmless.is_public(value):
            return value
        short = known.letters_of(name)
        if short in OAUTH:
            return OAUTH[short](self.harmless, value)
        if short in SECRETS or self.harmless.resembles(name, SECRETS):
            return (
                self.harmless.redact_url(value) if short == "launch" and "://" in value else self.harmless.redact_secret(value)
            )
        is_similar = self.harmless.resembles(name, _NAMES)
        similar = (
            next((candidate for candidate in OAUTH if known.resembles_any(name, frozenset((candidate,)))), None)
            if is_similar
            else None
        )
        return OAUTH[similar](self.harmless, value) if similar else describe_length(value)

    def _redact_body(self, body: str, headers: Mapping[str, str]) -> str:
        """The members of a form or JSON object that can be parsed and isn't a resource; otherwise an outline."""
        content_type = headers.get("content-type", "").lower()
        if len(body) <= LARGE and is_form(body, headers):
            return self._redact_pairs(body)
        if not self.fhir and body.lstrip()[:1] == "{" and len(body) <= LARGE:
            redacted_object = self._redact_object(body)
            if redacted_object is not None:
                return redacted_object
        return outline_body(body, content_type)

    def _redact_object(self, body: str) -> str | None:
        try:
            members = json.loads(body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(members, dict) or any(self.harmless.redact_name(name) != name for name in members):
            return None
        return json.dumps({name: self.redact_member(name, value) for name, value in members.items()}, ensure_ascii=False)

    def redact_member(self, name: str, value: Any) -> Any:
        """The redacted value of a member of an OAuth JSON object."""
        if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 10**10):
            return value
        if isinstance(value, str):
            shown = self._remember_shown(value, self._redact_oauth_value(name, value))
            return value if value in known.ALGORITHMS else shown
        if isinstance(value, list) and len(value) <= MAXIMUM_KEPT_PARTS and name != "keys":
            return [self.redact_member(name, item) if isinstance(item, str) else "‹not kept›" for item in value]
        if name in ("jwks", "keys"):
            return self._redact_key_set(value)
        return outline_body(json.dumps(value))

    def _redact_key_set(self, value: Any) -> Any:
        """A key set without the numbers of its keys, because a private key may be among them."""
        if isinstance(value, dict):
            pairs = [(name, member) for name, member in value.items() if self.harmless.redact_name(name) == name]
            return {
                name: self._redact_key_set(member) if name == "keys" else self._key_member(name, member)
                for name, member in pairs[:MAXIMUM_KEPT_PARTS]
            }
        if isinstance(value, list):
            for key in value[:MAXIMUM_KEPT_PARTS]:
                self._allow_thumbprint(key)
            return [self._redact_key_set(key) for key in value[:MAXIMUM_KEPT_PARTS]]
        return "‹not kept›"

    def _allow_thumbprint(self, key: Any) -> None:
        """Allow quoting the thumbprint of a public key, which is proposed as its `kid`. No private member is in it."""
        if not jose.find_missing_member(key) and key["kty"] in jose.MEMBERS:
            self.harmless.add_public(jose.calculate_thumbprint(key))

    def _key_member(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return "‹not kept›"
        if value in known.ALGORITHMS or not value:
            return value
        return self.harmless.redact_client(value) if name == "kid" else describe_length(value)

    def redact_response(self, response: RecordedResponse) -> dict[str, Any]:
        headers = {
            name: shown for name, value in response.read_headers().items() if (shown := self._response_header(name, value))
        }
        return {
            "status": response.status,
            "headers": headers,
            "body": self._response_body(response.body) if response.body else response.body,
        }

    def _response_header(self, name: str, value: str) -> str | None:
        if name in ("location", "content-location"):
            return self.redact_location(value)
        if name in _INDEPENDENT_HEADERS:
            return value
        return self.quoting.text(value) if name == "www-authenticate" else None

    def redact_location(self, value: str) -> str:
        """A redirect: to the app with its response parameters, or to an address of this server."""
        address, mark, query = value.partition("?")
        below = self._remove_base(address)
        if (
            below
            and len(address) <= MAXIMUM_PARSED_CHARACTERS
            and _PATH.fullmatch(below)
            and not self.harmless.is_public(address)
        ):
            shown = f"{self._base}{'/'.join(self.harmless.redact_segments(below))}"
        else:
            shown = self.redact_url(address) if address.startswith("/") else self.harmless.redact_url(address)
        if not query:
            return f"{shown}{mark}"
        return f"{shown}{mark}{'&'.join(self._redirect_pair(piece) for piece in query.split('&'))}"

    def _redirect_pair(self, piece: str) -> str:
        raw_name, equals, raw = piece.partition("=")
        name, value = next(iter(parse(piece).pairs), ("", ""))
        is_text = name in ("error", "error_description")
        shown = self.quoting.text(value) if is_text else self._redact_oauth_value(name, value)
        return (
            f"{write_raw(raw_name, name, self.harmless.redact_name(name))}{equals}{write_raw(raw, value, shown)}"
            if name
            else ""
        )

    def _response_body(self, body: str) -> str:
        try:
            document = json.loads(body) if len(body) <= LARGE else None
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            return outline_body(body)
        if "resourceType" in document:
            return json.dumps(self.quoting.walk(document), ensure_ascii=False, separators=(",", ":"))
        members = {name: self._redact_member(name, value) for name, value in document.items()}
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"))

    def _redact_member(self, name: str, value: Any) -> Any:
        if name == "error_uri" and isinstance(value, str):
            return self.harmless.redact_url(value)
        if name in ("error", "error_description", "title", "detail") and isinstance(value, str):
            return self.quoting.text(value)
        return self.redact_member(name, value)


def write_raw(raw: str, value: str, shown: str) -> str:
    """The raw text if all of it is kept; otherwise what is shown, encoded so that it fits in a URL."""
    if shown == value:
        return raw
    return _ENCODED.sub(lambda match: quote(match[0], safe=""), shown)
