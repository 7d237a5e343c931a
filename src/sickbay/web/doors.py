"""Who may knock: the allow-list of hosts, the administrator, CORS, and the framing of pages. Headers become plain values
here; authorization/administration.py decides.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request

from sickbay.authorization.administration import (
    ADMINISTERS,
    AdminRequest,
    AdminRules,
    Bearer,
    Standing,
    at_keyboard,
    forwarding_sign,
    is_foreign,
    is_loopback,
    is_own_origin,
    is_proven_own,
    origin_of,
    own_origins,
    standing,
)
from sickbay.kernel.remembering import remembered
from sickbay.operations.throttle import Key, Throttle, Throttled
from sickbay.protocol.headers import read
from sickbay.settings.settings import Settings
from sickbay.web.socket_owner import service_account

LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))
_OWN_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?")
EXPOSED: Final = "Location, Content-Location, ETag, Last-Modified, WWW-Authenticate, Retry-After, X-Progress, X-Correlation-Id"
ALLOWED: Final = (
    "Authorization, Content-Type, Accept, Prefer, If-Match, If-None-Match, If-None-Exist, If-Modified-Since, X-Requested-With"
)

MOST_ASKED: Final = 1000
"""Characters of Access-Control-Request-Headers that are read; of browsers it has a few dozen."""
_HEADER_NAMES: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")

SIGNED_IN, WAITS = "administrator", "admin_waits"
"""Members of scope["state"]: the browser's session is the administrator's; seconds until a wrong token is looked at."""
ROUNDS: Final = 200_000


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """As the application read them of this request already; whoever is called without it reads them."""
    kept: dict[str, str] | None = scope["state"].get("headers") if "state" in scope else None
    return read(scope["headers"]) if kept is None else kept


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Host names, without port, that we answer to."""
    own = urlsplit(settings.base).hostname or ""
    bound = {settings.host} if settings.host not in ("0.0.0.0", "::", "") else set()
    return LOOPBACK | bound | {own} | {name.lower() for name in settings.allowed_hosts}


@remembered(256)
def host_name(header: str) -> str:
    """The name in a Host header, without port and brackets; "" if it has none (RFC 9110 7.2)."""
    match = _HOST.fullmatch(header.lower())
    return (match[1] or match[2]) if match else ""


_CORS: Final = ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", EXPOSED.encode()))
_CORS_TO_A_PAGE: Final = (
    *_CORS,
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"),
    (b"access-control-allow-headers", ALLOWED.encode()),
    (b"access-control-max-age", b"600"),
)


def cors(origin: str | None) -> tuple[tuple[bytes, bytes], ...]:
    """Any origin, without credentials (contract, CORS)."""
    return _CORS_TO_A_PAGE if origin else _CORS


def cors_with(asked: str) -> tuple[tuple[bytes, bytes], ...]:
    """The same for a preflight that names headers: clients send headers of their own, such as X-Medplum, and with
    credentials "*" would not mean them. What is no list of header names is ignored.
    """
    if len(asked) > MOST_ASKED or not _HEADER_NAMES.fullmatch(asked):
        return _CORS_TO_A_PAGE
    listed = set(ALLOWED.lower().split(", "))
    others = [name for name in dict.fromkeys(re.split(r"[ \t]*,[ \t]*", asked)) if name.lower() not in listed]
    allowed = (b"access-control-allow-headers", ", ".join((ALLOWED, *others)).encode())
    return tuple(allowed if line[0] == allowed[0] else line for line in _CORS_TO_A_PAGE)


class Guard:
    """Tells the administrator from everyone else. salt: of the data folder. One for each worker."""

    def __init__(
        self,
        settings: Settings,
        *,
        throttle: Throttle | None = None,
        now: Callable[[], int] = lambda: 0,
        salt: str = "",
    ) -> None:
        listening = f"{'https' if settings.https else 'http'}://localhost:{settings.port}"
        self.hosts = allowed_hosts(settings)
        self.base = settings.base
        self.everyone = settings.open_sign_in == "everyone"
        self.origins = own_origins(settings.base, listening, self.hosts)
        self.rules = AdminRules(
            urlsplit(settings.base).hostname or "",
            settings.require_admin_token,
            bool(settings.admin_token),
            settings.trusted_proxies,
        )
        self.has_token = bool(settings.admin_token or settings.admin_key)
        self._secrets = tuple(one for one in (settings.admin_token, settings.admin_key) if one)
        self._digests = tuple(hashlib.sha256(one.encode()).digest() for one in self._secrets)
        self._throttle, self._now, self._salt = throttle or Throttle(0), now, salt.encode()

    def knows(self, host: str) -> bool:
        return host_name(host) in self.hosts

    def administers(self, scope: Mapping[str, Any], headers: Mapping[str, str], *, acts: bool = False) -> bool:
        """Whether the administrator sent this request. acts: a GET that does more than show a page."""
        return self.standing(scope, headers, acts=acts) in ADMINISTERS

    def standing(self, scope: Mapping[str, Any], headers: Mapping[str, str], *, acts: bool = False) -> Standing:
        own = self.own_origin(headers)
        session = _state(scope, SIGNED_IN) is True and (not acts or self._is_proven_own(headers, own))
        found = standing(
            self.rules,
            AdminRequest(
                peer(scope),
                host_name(headers.get("host", "")),
                self._forwarded(scope, headers),
                is_foreign(headers, scope.get("method", "GET"), own_origin=own, acts=acts),
                self._bearer(headers),
                session,
            ),
        )
        if found == "wrong-token":
            self._failed(scope)
        return found

    def at_keyboard(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        """Whether someone on this machine asks directly, with any page open."""
        host, sign = host_name(headers.get("host", "")), forwarding_sign(headers, scope.get("http_version", "1.1"))
        return at_keyboard(self.rules, AdminRequest(peer(scope), host, sign))

    def forwarded_by(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> str:
        """What shows that a proxy forwarded this request, if that alone keeps it from being the keyboard's."""
        sign = self._forwarded(scope, headers)
        direct = AdminRequest(peer(scope), host_name(headers.get("host", "")))
        return sign if at_keyboard(self.rules, direct) else ""

    def _forwarded(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> str:
        """The sign of a proxy: in the headers, or, as nginx 1.29.7 and newer leave none, in the user it runs as."""
        sign = forwarding_sign(headers, scope.get("http_version", "1.1"))
        if sign or not is_loopback(peer(scope)) or not scope.get("server"):
            return sign
        account = service_account(tuple(scope["client"]), tuple(scope["server"]))
        return f"a service account, user id {account}, holds the connection" if account else ""

    def opens(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        """Whether this request may sign in by one click and be approved automatically (setting open_sign_in)."""
        return self.everyone or self.at_keyboard(scope, headers)

    def is_secure(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        """Whether the browser takes a Secure cookie: over https, or directly from a loopback name."""
        if self.base.startswith("https:") or scope.get("scheme") == "https":
            return True
        direct = not forwarding_sign(headers, scope.get("http_version", "1.1"))
        return direct and is_loopback(host_name(headers.get("host", "")))

    def own_origin(self, headers: Mapping[str, str]) -> bool | None:
        """Whether the Origin header names one of our pages; None if there is no Origin header."""
        origin = headers.get("origin")
        if origin is None:
            return None
        return is_own_origin(origin, headers.get("host", ""), base=self.base, own=self.origins)

    def is_right(self, token: str) -> bool:
        """Compares digests, so that the time taken says nothing about the token or its length."""
        sent = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        return any(hmac.compare_digest(sent, one) for one in self._digests)

    def proof(self, token: str) -> str:
        """What a session keeps of the token that it signed in with: it ends when the token changes."""
        return hashlib.pbkdf2_hmac("sha256", token.encode(), self._salt, ROUNDS).hex()

    @cached_property
    def _proofs(self) -> tuple[str, ...]:
        return tuple(map(self.proof, self._secrets))

    def is_proof(self, proof: str) -> bool:
        return any(hmac.compare_digest(proof.encode(), one.encode()) for one in self._proofs)

    def wait(self, scope: Mapping[str, Any]) -> int:
        """Seconds until the next try, if this request's wrong token was one too many; else 0."""
        return int(_state(scope, WAITS) or 0)

    def failed(self, scope: Mapping[str, Any]) -> int:
        """Count a wrong token of this peer. A correct one is always accepted, even while others guess from there."""
        key, now = Key("admin", "", "", _network(peer(scope))), self._now()
        try:
            self._throttle.check(key, now)
        except Throttled as waits:
            return waits.seconds
        self._throttle.failed(key, now)
        return 0

    def _failed(self, scope: Mapping[str, Any]) -> None:
        """Once for a request, however often it is asked."""
        if "state" in scope and WAITS not in scope["state"]:
            scope["state"][WAITS] = self.failed(scope)

    def _bearer(self, headers: Mapping[str, str]) -> Bearer:
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return "none"
        token = credentials.strip().encode("latin-1", "replace").decode("utf-8", "replace")
        return "right" if self.is_right(token) else "wrong"

    def _is_proven_own(self, headers: Mapping[str, str], own: bool | None) -> bool:
        referer = origin_of(headers.get("referer", ""))
        ours = bool(referer) and is_own_origin(referer, headers.get("host", ""), base=self.base, own=self.origins)
        return is_proven_own(headers, own_origin=own, own_referer=ours)


def _state(scope: Mapping[str, Any], name: str) -> Any:
    return scope["state"].get(name) if "state" in scope else None


def _network(address: str) -> str:
    """The owner of an IPv6 address usually has all of its /64."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(read, ipaddress.IPv4Address) or read.ipv4_mapped:
        return str(read)
    return str(ipaddress.IPv6Network((int(read), 64), strict=False).network_address)


def is_direct(request: Request, headers: Mapping[str, str], body: str) -> bool:
    """Whether a client that signs with a key asks from this machine; of others it makes no difference, and costs nothing."""
    guard: Guard = request.app.state.guard
    return "client_assertion" not in body or guard.at_keyboard(request.scope, headers)


def peer(scope: Mapping[str, Any]) -> str:
    """The address of who asks, as the socket has it."""
    return str((scope.get("client") or ("", 0))[0])


def is_own_path(text: str) -> bool:
    """Whether a redirect to it stays here: browsers take // and /\\ for another host, and leave out tabs and line ends."""
    return _OWN_PATH.fullmatch(text) is not None


def page_headers(form_action: str = "'self'", frame_ancestors: str = "'none'") -> dict[str, str]:
    """Of every HTML page (contract, Sessions). form_action: 'self' plus the origin of a proven redirect URI."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'; base-uri 'none'; form-action {form_action}; frame-ancestors {frame_ancestors}"
    )
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }
