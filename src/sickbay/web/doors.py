"""Who may knock: the allow-list of hosts, the foreign origin, the person at the keyboard, the framing of pages."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from sickbay.kernel.remembering import remembered
from sickbay.protocol.headers import read
from sickbay.settings.settings import Settings

LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
EXPOSED: Final = (
    "Location, Content-Location, ETag, Last-Modified, WWW-Authenticate, Retry-After, X-Progress, X-Correlation-Id"
)
ALLOWED: Final = (
    "Authorization, Content-Type, Accept, Prefer, If-Match, If-None-Match, If-None-Exist, If-Modified-Since, "
    "X-Requested-With"
)


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
    """The name in a Host header, without port and brackets; "" where it is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


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


class Guard:
    """Tells the administrator from everybody else."""

    def __init__(self, settings: Settings) -> None:
        self.hosts = allowed_hosts(settings)
        self.token = settings.admin_token
        self.proxies = frozenset(settings.trusted_proxies)

    def knows(self, host: str) -> bool:
        return host_name(host) in self.hosts

    def administers(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        """From loopback, or with the admin token; never from a foreign page."""
        if foreign(scope, headers):
            return False
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if self.token and scheme.lower() == "bearer":
            return hmac.compare_digest(credentials.strip().encode(), self.token.encode())
        return self.from_loopback(scope, headers)

    def from_loopback(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        """A loopback peer proves nothing when it forwards for somebody: then the named proxy's word counts, or none."""
        peer = (scope.get("client") or ("", 0))[0]
        told = next((headers[name] for name in FORWARDED if name in headers), None)
        if told is None:
            return _loopback(peer)
        return peer in self.proxies and _loopback(told.split(",")[0].strip())


def peer(scope: Mapping[str, Any]) -> str:
    """The address of who asks, as the socket has it."""
    return str((scope.get("client") or ("", 0))[0])


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def foreign(scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    """A page of another origin asks. A top-level navigation to one of our pages is nobody's page asking."""
    if headers.get("sec-fetch-mode") == "navigate" and scope.get("method") == "GET":
        return False
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and not same_origin(origin, scope, headers)


def same_origin(origin: str, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    """By host alone where a proxy may have ended TLS: the host was allowed already."""
    return origin.partition("://")[2].lower() == headers.get("host", "").lower()


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
