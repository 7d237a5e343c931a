"""Keeps the bodies of FHIR requests and responses, if `--keep-bodies` is set. Without it, this middleware isn't there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay.services.context import Runtime
from sickbay.services.kept_bodies import BODY_BYTES, KeptBodies, KeptBody, KeptExchange
from sickbay.web.http_request import decompress, state_of


class _Collector:
    """The pieces of a body, as long as they aren't too long."""

    def __init__(self) -> None:
        self._size = 0
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= BODY_BYTES:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def collect(self, content_type: str, encoding: str = "") -> KeptBody:
        content = b"".join(self._pieces)
        is_compressed = encoding.lower() in ("gzip", "x-gzip")
        return KeptBody(content_type, self._size, _decompress_content(content) if is_compressed else content)


def _decompress_content(content: bytes) -> bytes:
    """The content; empty if it is too long or isn't gzip."""
    try:
        plain = decompress(content, BODY_BYTES)
    except ValueError:
        return b""
    return plain if len(plain) <= BODY_BYTES else b""


class KeepBodies:
    """Around a FHIR base or the app state of a hospital."""

    def __init__(self, app: ASGIApp, runtime: Runtime, kept: KeptBodies, hospital: str) -> None:
        self._app, self._runtime, self._kept, self._hospital = app, runtime, kept, hospital

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent, received, content_type = _Collector(), _Collector(), ""

        async def receiving() -> Any:
            message = await receive()
            if message["type"] == "http.request":
                sent.add(message.get("body", b""))
            return message

        async def sending(message: Any) -> None:
            nonlocal content_type
            if message["type"] == "http.response.start":
                content_type = dict(message.get("headers", ())).get(b"content-type", b"").decode("latin-1")
            elif message["type"] == "http.response.body":
                received.add(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        finally:
            state = state_of(scope)
            request = sent.collect(state.headers.get("content-type", ""), state.headers.get("content-encoding", ""))
            version = self._find_version(scope["path"])
            self._kept.keep(state.exchange, KeptExchange(self._hospital, version, request, received.collect(content_type)))

    def _find_version(self, path: str) -> str:
        """The FHIR version of an address."""
        versions = self._runtime.tenants[self._hospital].versions
        found = [version for base, version in versions.items() if path.startswith(urlsplit(base).path)]
        return found[0] if found else next(iter(versions.values()))
