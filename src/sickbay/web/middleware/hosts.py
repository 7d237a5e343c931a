"""Serves only the hosts that are allowed, and tells all others how to reach this Sickbay."""

from __future__ import annotations

from collections.abc import Awaitable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay.protocol.nearby_hosts import find_nearby_host
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.http_request import host_name
from sickbay.web.middleware.page_headers import ID_HEADER, NOSNIFF

TWO_HOSTS = "The request has more than one Host header. Send one.\n"
NO_HOST = "The request has no Host header with a host name or an address. Send one.\n"


class AllowedHosts:
    """A browser may be made to send requests to this server under another name (DNS rebinding)."""

    def __init__(self, app: ASGIApp, guard: AdminGuard, base: str) -> None:
        self._app, self._guard, self._base = app, guard, base

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        host = scope["state"].headers.get("host", "")
        if host_name(host) in self._guard.hosts:
            return self._app(scope, receive, send)
        return send_wrong_host(send, self._base, scope["state"].exchange, host)


def wrong_host(base: str, host: str) -> str:
    """Explains how to reach Sickbay under another name, as phones, emulators and containers have to."""
    name = host_name(host)
    found = find_nearby_host(name)
    if found is None:
        return f"Sickbay’s address is {base}. To allow another host name, start it with --allowed-host NAME.\n"
    own = urlsplit(base)
    port = own.port or (443 if own.scheme == "https" else 80)
    listens = "--host 0.0.0.0 " if found.listens else ""
    forward = f"Or keep {base}, and forward its port: adb reverse tcp:{port} tcp:{port}\n"
    return (
        f"Sickbay’s address is {base}, but this request names {name}: {found.meaning}.\n"
        f"To use this address everywhere, start Sickbay with: {listens}--base-url {own.scheme}://{host.lower()}\n"
        f"{forward if found.forwards else ''}"
        f"To accept the name without using it in links and tokens, add: --allowed-host {name}\n"
        f"See {base}/docs/how-to/phones-and-emulators.html\n"
    )


async def send_wrong_host(send: Send, base: str, id: str, host: str) -> None:
    """421; 400 if there is none, a malformed one or two (RFC 9112 3.2). host: the Host header."""
    malformed = TWO_HOSTS if "," in host else "" if host_name(host) else NO_HOST
    body = (malformed or wrong_host(base, host)).encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (ID_HEADER, id.encode()),
        (b"content-length", str(len(body)).encode()),
        NOSNIFF,
    ]
    await send({"type": "http.response.start", "status": 400 if malformed else 421, "headers": headers})
    await send({"type": "http.response.body", "body": body})
