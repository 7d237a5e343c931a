"""POST /mcp: the tools for coding agents, for the administrator.

A tool asks the application itself, with the connection and the headers of its own request. A tool can therefore do what the
same client can do at /admin, and nothing more.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Context
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.requests import Request
from starlette.responses import Response

from sickbay.agents import engine
from sickbay.agents.api import NO_RESPONSE, ApiAnswer, CannotStart, KeptToken, accept_header
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import error_responses, http_request
from sickbay.web.admin.session import refuse_stranger
from sickbay.web.http_request import JSON, headers_of
from sickbay.web.inner_exchange import InnerExchange

T = TypeVar("T")
WAIT_SECONDS: Final = 30.0
"""For the response to a tool. An injected fault may delay it for longer."""
KEPT_BYTES: Final = 4_000_000
_OF_THE_MESSAGE: Final = frozenset(
    b"content-length content-type content-encoding transfer-encoding accept accept-encoding mcp-protocol-version mcp-method"
    b" mcp-name mcp-session-id".split()
)
"""Headers that describe the message, not its sender."""
TRANSPORT: Final = "sickbay.transport"
"""The member of the scope with the connection. An injected fault may break the inner request, but not the connection."""
_PREFIX: Final = "token-"
_NONCE_BYTES: Final = 12


async def handle_mcp(request: Request, sandbox: Sandbox) -> Response:
    """Answer one message. It is read only after checking that the administrator sent it and that there is room."""
    if rejection := refuse_stranger(request, sandbox, acts=True, pages=False):
        return rejection
    if sandbox.tool_calls.locked():
        return error_responses.respond_problem(503, "Too many calls of tools at the same time", detail="Try again in a second.")
    async with sandbox.tool_calls:
        return await _respond_to_message(request, sandbox)


async def _respond_to_message(request: Request, sandbox: Sandbox) -> Response:
    headers = headers_of(request.scope)
    if headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        return error_responses.respond_problem(415, f"The message must be {JSON}")
    body = await http_request.read_body(request, engine.MESSAGE_BYTES)
    reply = await engine.answer(body.encode(), InnerApi(request, sandbox), headers)
    if reply.message is None:
        return Response(status_code=reply.status)
    return Response(orjson.dumps(reply.message), reply.status, error_responses.NO_STORE, JSON)


class InnerApi:
    """The application for a tool, over the request that called the tool."""

    is_local = False

    def __init__(self, request: Request, sandbox: Sandbox) -> None:
        self._request, self._sandbox = request, sandbox
        self.read_only = sandbox.settings.mcp == "read-only"

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str | None = None) -> ApiAnswer:
        content = b"" if body is None else orjson.dumps(body)
        exchange = InnerExchange(content, KEPT_BYTES)
        scope = self._asgi_scope(method, path, content, token)
        handle = self._request.app.handle
        task = asyncio.get_running_loop().create_task(handle(scope, exchange.receive, exchange.send), context=Context())
        with suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(task, WAIT_SECONDS)
        is_whole = exchange.size <= KEPT_BYTES
        return ApiAnswer(exchange.status or NO_RESPONSE, exchange.headers, bytes(exchange.body), is_whole)

    def _asgi_scope(self, method: str, path: str, content: bytes, token: str | None) -> dict[str, Any]:
        """The scope of the message with another target and body. token: of an app; the administrator's isn't sent with it."""
        dropped = _OF_THE_MESSAGE | ({b"authorization"} if token is not None else set())
        headers = [(name, value) for name, value in self._request.scope["headers"] if name not in dropped]
        headers += [(b"accept", accept_header(token).encode()), (b"content-type", JSON.encode())]
        headers += [(b"content-length", str(len(content)).encode())]
        headers += [(b"authorization", f"Bearer {token}".encode("latin-1", "replace"))] if token else []
        target, _, query = path.partition("?")
        changed = {
            "method": method,
            "path": unquote(target),
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "headers": headers,
        }
        scope = {name: value for name, value in self._request.scope.items() if name != TRANSPORT}
        return scope | changed

    async def keep_token(self, token: str) -> KeptToken:
        """Encrypt the token. Each worker can read the handle, and nothing is stored."""
        nonce = os.urandom(_NONCE_BYTES)
        return KeptToken(
            _PREFIX + base64.urlsafe_b64encode(nonce + self._session_cipher.encrypt(nonce, token.encode(), None)).decode()
        )

    async def find_token(self, handle: str) -> str | None:
        try:
            sealed = base64.urlsafe_b64decode(handle.removeprefix(_PREFIX).encode("ascii"))
            return self._session_cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
        except (InvalidTag, binascii.Error, ValueError):
            return None

    @property
    def _session_cipher(self) -> AESGCM:
        return AESGCM(hmac.digest(self._sandbox.runtime.keys.refresh, b"sickbay token handles of /mcp", hashlib.sha256))

    async def keep_secret(self, secret: str) -> str:
        return ""

    async def compute(self, function: Callable[..., T], *arguments: Any) -> T:
        """Runs a function. The number of concurrent runs is limited as for texts on the doctor's page."""
        async with self._sandbox.short_texts:
            return await asyncio.to_thread(function, *arguments)

    async def start(self) -> None:
        raise CannotStart("Sickbay runs already.")
