"""Adds the headers that every response has, except those of FHIR, which adds its own."""

from __future__ import annotations

from collections.abc import Awaitable, MutableMapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay.sandbox.sandbox import Sandbox
from sickbay.settings.database import Unavailable
from sickbay.web.admin import wrong_tokens
from sickbay.web.http_request import get_first_segment

ID_HEADER: Final = b"x-correlation-id"
NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
"""Added to every response, so that no browser treats a text or JSON that quotes a request as a page."""
Message = MutableMapping[str, Any]


class PageHeaders:
    """A response with a wrong admin token is sent only once the wrong token is counted."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app, self._runtime = app, sandbox.runtime
        self._vendor_headers: dict[str, bytes] = {}
        """The vendors' own names of the header for the correlation id, by hospital."""
        self._list_vendor_headers()
        self._runtime.on_hospitals.append(self._list_vendor_headers)

    def _list_vendor_headers(self) -> None:
        self._vendor_headers = {
            name: header.lower().encode()
            for name, tenant in self._runtime.tenants.items()
            if (header := tenant.dialect.answers.correlation_header)
        }

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        state = scope["state"]
        id = state.exchange.encode()
        id_headers = [(ID_HEADER, id)]
        if (tenant := get_first_segment(scope)) in self._vendor_headers:
            id_headers.append((self._vendor_headers[tenant], id))

        async def add_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                state.is_answered = True
                if state.is_wrong_admin_token:
                    await wrong_tokens.count_wrong_token(self._runtime, scope)
                headers = message["headers"] = [*message["headers"], *id_headers]
                if message["status"] == 503:
                    add_retry_after(headers)
                if NOSNIFF not in headers:
                    headers.append(NOSNIFF)
            await send(message)

        return self._app(scope, receive, add_headers)


def add_retry_after(headers: list[tuple[bytes, bytes]]) -> None:
    """Every 503 says when to try again (RFC 9110 15.6.4), even if its handler forgot to."""
    if not any(name.lower() == b"retry-after" for name, _ in headers):
        headers.append((b"retry-after", str(Unavailable.retry_after).encode()))
