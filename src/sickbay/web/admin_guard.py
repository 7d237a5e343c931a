"""Reads from a request which host it is for and who sent it. authorization/administration.py decides."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec.structs import replace
from starlette.requests import Request

from sickbay.authorization.administration import (
    ADMINISTERS,
    AdminRequest,
    AdminRules,
    Bearer,
    SocketHolder,
    Standing,
    decide_admin_access,
    forwarding_sign,
    is_at_keyboard,
    is_foreign,
    is_loopback,
    is_own_origin,
    is_proven_own,
    list_own_origins,
    origin_of,
    stranger_sign,
)
from sickbay.settings.settings import Settings
from sickbay.web.admin.socket_owner import find_holder
from sickbay.web.http_request import get_peer, host_name, state_of

LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))
_OWN_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_DOTS: Final = re.compile(r"/(?:\.|%2e){1,2}(?:/|\Z)", re.I)
_ACCEPTS_FROM_LOOPBACK: Final = re.compile(r"Chrome/|Chromium/|Gecko/[0-9]")
ROUNDS: Final = 200_000


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Host names, without port, that are served."""
    own = urlsplit(settings.base).hostname or ""
    bound = {settings.host} if settings.host not in ("0.0.0.0", "::", "") else set()
    return LOOPBACK | bound | {own} | {name.lower() for name in settings.allowed_hosts}


class AdminGuard:
    """Distinguishes the administrator from everyone else. Each worker has one. salt: from the data folder. uid: the user who
    runs Sickbay; by default, the user of this process.
    """

    def __init__(self, settings: Settings, *, salt: str = "", uid: int | None = None) -> None:
        listening = f"{'https' if settings.https else 'http'}://localhost:{settings.port}"
        self.hosts = allowed_hosts(settings)
        self.base = settings.base
        self.everyone = settings.open_sign_in == "everyone"
        self.origins = list_own_origins(settings.base, listening, self.hosts)
        self.rules = AdminRules(
            urlsplit(settings.base).hostname or "",
            settings.require_admin_token or settings.class_mode,
            bool(settings.admin_token),
            settings.trusted_proxies,
        )
        self.has_token = bool(settings.admin_token or settings.admin_key)
        self._secrets = tuple(secret for secret in (settings.admin_token, settings.admin_key) if secret)
        self._digests = tuple(hashlib.sha256(secret.encode()).digest() for secret in self._secrets)
        self._salt = salt.encode()
        self._uid = os.getuid() if uid is None else uid

    def is_administrator(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        """Whether the administrator sent this request."""
        return self.decide_admin_access(scope, headers) in ADMINISTERS

    def decide_admin_access(self, scope: Mapping[str, Any], headers: Mapping[str, str], *, acts: bool = False) -> Standing:
        if state_of(scope).resent is not None:
            return "no-rights"
        own = self.own_origin(headers)
        state = state_of(scope)
        session = (state.is_administrator or state.owns) and (not acts or self._is_proven_own(headers, own))
        foreign, bearer = self.is_foreign(scope, headers, acts=acts), self._read_bearer(headers)
        request = _admin_request(scope, headers, foreign=foreign, bearer=bearer, session=session)
        verdict = decide_admin_access(self.rules, request)
        if verdict == "keyboard":
            verdict = decide_admin_access(self.rules, replace(request, stranger=self._sign_of_stranger(scope)))
        if verdict == "wrong-token":
            self._note_failure(scope)
        return verdict

    def is_at_keyboard(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        """Whether the request came directly from this machine and its user, whichever page is open there. A request that
        Sickbay resends didn't, even if that user started it.
        """
        return (
            state_of(scope).resent is None
            and is_at_keyboard(self.rules, _admin_request(scope, headers))
            and not self._sign_of_stranger(scope)
        )

    def why_not_keyboard(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> str:
        """The only reason why the request doesn't count as coming from the keyboard, as a sentence; "" if there are others."""
        request = _admin_request(scope, headers)
        if is_at_keyboard(self.rules, request):
            return self._sign_of_stranger(scope)
        forwarded = request.forwarded and is_at_keyboard(self.rules, replace(request, forwarded=""))
        return f"This request seems to come from a proxy ({request.forwarded})." if forwarded else ""

    def _sign_of_stranger(self, scope: Mapping[str, Any]) -> str:
        """Returns the sign that another user of this machine sent the request. It queries the kernel, so it is checked last."""
        client, server = scope["client"], scope.get("server")
        if server is not None and not _is_address(server[0]):  # a transport of a test; a socket has an address
            return ""
        return stranger_sign(find_holder(tuple(client), tuple(server)) if server else SocketHolder(), self._uid)

    def opens_sign_in(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        """Whether this request may sign in with one click and be approved automatically (setting open_sign_in). Students may,
        because they could type the published passwords. A request that Sickbay resends may not, because no one sees its pages.
        """
        state = state_of(scope)
        return state.resent is None and (self.everyone or bool(state.student) or self.is_at_keyboard(scope, headers))

    def is_secure(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        """Whether the browser accepts a Secure cookie: over https, or directly from a loopback name.

        Only browsers with the engines of Chromium and Firefox accept it from a loopback name. Safari, and all browsers on iOS,
        discard such a cookie, and Python's libraries never send it.
        """
        if self.base.startswith("https:") or scope.get("scheme") == "https":
            return True
        direct = not forwarding_sign(headers, scope.get("http_version", "1.1"))
        accepts = _ACCEPTS_FROM_LOOPBACK.search(headers.get("user-agent", "")) is not None
        return direct and accepts and is_loopback(host_name(headers.get("host", "")))

    def own_origin(self, headers: Mapping[str, str]) -> bool | None:
        """Whether the Origin header names one of our pages; None if there is no Origin header."""
        origin = headers.get("origin")
        if origin is None:
            return None
        return is_own_origin(origin, headers.get("host", ""), base=self.base, own=self.origins)

    def is_right(self, token: str) -> bool:
        """Compare digests, so that the time taken doesn't depend on the token or its length."""
        sent = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        return any(hmac.compare_digest(sent, digest) for digest in self._digests)

    def proof(self, token: str) -> str:
        """Returns the proof of the token that a session was signed in with. When the token changes, the session ends."""
        return hashlib.pbkdf2_hmac("sha256", token.encode(), self._salt, ROUNDS).hex()

    @cached_property
    def _accepted_proofs(self) -> tuple[str, ...]:
        return tuple(map(self.proof, self._secrets))

    def is_proof(self, proof: str) -> bool:
        return any(hmac.compare_digest(proof.encode(), valid.encode()) for valid in self._accepted_proofs)

    def wait(self, scope: Mapping[str, Any]) -> int:
        """Seconds until the next try if there were too many wrong tokens with this request's; else 0."""
        return state_of(scope).admin_wait or 0

    def _note_failure(self, scope: Mapping[str, Any]) -> None:
        """Note a wrong token, once per request even if it is checked several times. web/admin/wrong_tokens.py counts it."""
        state = state_of(scope)
        if "state" in scope and state.admin_wait is None:
            state.admin_wait = state.admin_throttled
            state.is_wrong_admin_token = not state.admin_throttled

    def _read_bearer(self, headers: Mapping[str, str]) -> Bearer:
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return "none"
        token = credentials.strip().encode("latin-1", "replace").decode("utf-8", "replace")
        return "right" if self.is_right(token) else "wrong"

    def is_foreign(self, scope: Mapping[str, Any], headers: Mapping[str, str], *, acts: bool) -> bool:
        """Whether a page of another origin sent this request. acts: it is a GET that does more than show a page."""
        own, method = self.own_origin(headers), scope.get("method", "GET")
        return is_foreign(headers, method, own_origin=own, own_referer=self._has_own_referer(headers), acts=acts)

    def _is_proven_own(self, headers: Mapping[str, str], own: bool | None) -> bool:
        return is_proven_own(headers, own_origin=own, own_referer=self._has_own_referer(headers))

    def _has_own_referer(self, headers: Mapping[str, str]) -> bool:
        """Whether the Referer header names one of our pages."""
        referer = origin_of(headers.get("referer", ""))
        return bool(referer) and is_own_origin(referer, headers.get("host", ""), base=self.base, own=self.origins)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_direct(request: Request, headers: Mapping[str, str], body: str) -> bool:
    """Whether a request with a client assertion comes from this machine. Not checked for other requests."""
    if "client_assertion" not in body:
        return True
    guard: AdminGuard = request.app.state.guard
    return guard.is_at_keyboard(request.scope, headers)


def _admin_request(scope: Mapping[str, Any], headers: Mapping[str, str], **known: Any) -> AdminRequest:
    """Returns the facts of a request and its connection, except the user of the connection."""
    sign = forwarding_sign(headers, scope.get("http_version", "1.1"))
    return AdminRequest(get_peer(scope), host_name(headers.get("host", "")), sign, **known)


def is_own_path(text: str) -> bool:
    r"""Whether a redirect to this path stays on this server.

    Browsers treat // and /\ as the start of another host, and drop tabs and line ends. They also resolve . and .. in a path,
    even if they are encoded, so the page would be a different one from the one in the path.
    """
    return _OWN_PATH.fullmatch(text) is not None and _DOTS.search(re.split("[?#]", text)[0]) is None
