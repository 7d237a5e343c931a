"""Decides independently whether a request may get a code or a token, from the registration and the request.

It uses no code of Sickbay, so that no mistake is made twice: only the standard library, and cryptography for signatures.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

BEARER_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME, LEEWAY = 300, 60


@dataclass
class App:
    """A registered app. kind: public, symmetric or asymmetric. keys: maps kid to the public key."""

    client_id: str
    kind: str
    redirect_uris: tuple[str, ...] = ()
    secret: str = ""
    keys: dict[str, ec.EllipticCurvePublicKey] = field(default_factory=dict)
    pkce: bool = True
    service: bool = False
    raw: bool = False
    """Whether the secret in a Basic header is compared without form-decoding."""
    may: frozenset[str] = frozenset()
    """All scopes that the app may get: within its granted scopes, or within a service's registered scopes."""


class Issued(NamedTuple):
    """The values that a code was issued for."""

    client_id: str
    redirect_uri: str
    challenge: str | None
    at: float


class Sent(NamedTuple):
    """A request to the token endpoint, as it was sent."""

    body: str
    authorization: str | None
    method: str = "POST"
    address: str = ""
    type: str | None = "application/x-www-form-urlencoded"


@dataclass
class Oracle:
    """endpoint: the token endpoint. apps: the apps of this tenant. codes, refresh: issued values that weren't used yet."""

    endpoint: str
    bases: tuple[str, ...] = ()
    """FHIR base URLs; authorization requests use the first."""
    apps: dict[str, App] = field(default_factory=dict)
    codes: dict[str, Issued] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    used_jti: set[str] = field(default_factory=set)

    def may_have_code(self, query: str) -> bool:
        """Needs a registered client, exactly one of its redirect URIs, a challenge if required, and no secret."""
        once, sent = _once(query)
        app = self.apps.get(sent.get("client_id", ""))
        if not once or app is None or app.service or sent.get("redirect_uri") not in app.redirect_uris:
            return False
        if "client_secret=" in query or re.search(r"\s|%0[ad]|&amp;|&#38;|&#x26;|[?&]amp;", query, re.I):
            return False
        challenge, method = sent.get("code_challenge"), sent.get("code_challenge_method")
        if challenge is None and method is None:
            return not app.pkce
        return method == "S256" and re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge or "") is not None

    def may_have_token(self, sent: Sent, now: float) -> bool:
        """Needs a form that is posted to the endpoint, with a grant of this client, and no more scopes than it has."""
        once, form = _once(sent.body)
        app = self._authenticate(form, sent.authorization, now)
        if not once or app is None or (sent.method, sent.address) != ("POST", self.endpoint):
            return False
        if sent.type != "application/x-www-form-urlencoded" or not self._names_its_base(form, app):
            return False
        if form.get("grant_type") == "client_credentials":
            other = "code" in form or "refresh_token" in form
            return app.service and not other and "scope" in form and _within(form["scope"], app)
        if form.get("grant_type") == "refresh_token":
            is_own = self.refresh.get(form.get("refresh_token", "")) == app.client_id
            return is_own and _within(form.get("scope", ""), app)
        redeems = form.get("grant_type") == "authorization_code" and not app.service
        return redeems and self._redeems(form, app, now)

    def _names_its_base(self, form: dict[str, str], app: App) -> bool:
        """Whether the resource is allowed. A service may get a token for each base URL."""
        named = form.get("resource", self.bases[0]).removesuffix("/")
        return named in (self.bases if app.service else self.bases[:1])

    def spend(self, assertion: str | None) -> None:
        """Records that the assertion was accepted, so it can't be used again."""
        if assertion:
            self.used_jti.add(_json(assertion.split(".")[1])["jti"])

    def _redeems(self, form: dict[str, str], app: App, now: float) -> bool:
        code = self.codes.get(form.get("code", ""))
        if code is None or code.client_id != app.client_id or code.redirect_uri != form.get("redirect_uri"):
            return False
        verifier = form.get("code_verifier")
        if now - code.at > 60 or (code.challenge is None) != (verifier is None):
            return False
        if verifier is None:
            return True
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        return re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier) is not None and digest == code.challenge

    def _authenticate(self, form: dict[str, str], header: str | None, now: float) -> App | None:
        """Requires exactly the authentication method of the app's kind; none for a public client."""
        if sum(credential is not None for credential in (header, form.get("client_secret"), form.get("client_assertion"))) > 1:
            return None
        if header is not None:
            return self._by_header(form, header)
        if "client_assertion" in form:
            return self._by_assertion(form, now)
        app = self.apps.get(form.get("client_id", ""))
        if app is None or app.kind == "asymmetric":
            return None
        return app if form.get("client_secret") == (app.secret or None) else None

    def _by_header(self, form: dict[str, str], header: str) -> App | None:
        """RFC 6749 2.3.1 requires form-encoding, but an unencoded client ID and secret are accepted too."""
        match = re.fullmatch(r"basic +([A-Za-z0-9+/]+=*) *", header, re.I)
        try:
            pair = base64.b64decode(match[1] + "=" * (-len(match[1]) % 4), validate=True).decode() if match else ""
        except ValueError:
            return None
        id, _, secret = pair.partition(":")
        app = self.apps.get(unquote_plus(id))
        if app is not None and app.raw:
            good = (id, secret) == (app.client_id, app.secret) and form.get("client_id", id) == id
            return app if good and not re.search(r"[\r\n]", pair) else None
        if app is None or app.kind != "symmetric" or form.get("client_id", id) != id or re.search(r"[\r\n]", pair):
            return None
        return app if app.secret in (secret, unquote_plus(secret)) else None

    def _by_assertion(self, form: dict[str, str], now: float) -> App | None:
        parts = form["client_assertion"].split(".")
        header, claims = (_json(part) for part in parts[:2]) if len(parts) == 3 else ({}, {})
        app = self.apps.get(str(claims.get("iss")))
        if app is None or app.kind != "asymmetric" or form.get("client_assertion_type") != BEARER_TYPE:
            return None
        if claims.get("sub") != app.client_id or form.get("client_id", app.client_id) != app.client_id:
            return None
        return app if self._good(claims, now) and _is_signed(parts, header, app) else None

    def _good(self, claims: dict[str, Any], now: float) -> bool:
        exp, jti, aud = claims.get("exp"), claims.get("jti"), claims.get("aud")
        audiences = aud if isinstance(aud, list) else [aud]
        nbf = claims.get("nbf")
        if nbf is not None and not (type(nbf) in (int, float) and nbf <= now + LEEWAY):
            return False
        timely = (
            isinstance(exp, int | float) and type(exp) is not bool and now - LEEWAY - 2 <= exp <= now + LIFETIME + LEEWAY + 2
        )
        return timely and self.endpoint in audiences and type(jti) is str and jti != "" and jti not in self.used_jti


def _within(scope: str, app: App) -> bool:
    return {token for token in scope.split(" ") if token} <= app.may


def _once(text: str) -> tuple[bool, dict[str, str]]:
    """Whether no parameter is repeated, and the parameters. Empty values count as not sent (RFC 6749 3.1, 3.2)."""
    pairs = parse_qsl(text, keep_blank_values=True)
    return len(dict(pairs)) == len(pairs), {name: value for name, value in pairs if value}


def _bytes(part: str) -> bytes:
    """Decodes base64url without padding, and rejects anything else (RFC 7515, 2)."""
    if re.fullmatch(r"[A-Za-z0-9_-]*", part) is None:
        raise ValueError(part)
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _json(part: str) -> dict[str, Any]:
    try:
        document = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_signed(parts: list[str], header: dict[str, Any], app: App) -> bool:
    key = app.keys.get(str(header.get("kid")))
    if key is None or header.get("alg") != "ES384" or {"jku", "crit"} & header.keys():
        return False
    try:
        raw = _bytes(parts[2])
        half = len(raw) // 2
        signature = utils.encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
        key.verify(signature, f"{parts[0]}.{parts[1]}".encode(), ec.ECDSA(hashes.SHA384()))
    except (ValueError, InvalidSignature):
        return False
    return len(raw) == 96
