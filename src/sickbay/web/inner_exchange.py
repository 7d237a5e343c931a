"""The two ends of a request that Sickbay sends to itself, without a connection."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from sickbay.web.http_request import read_headers


class InnerExchange:
    """Sends the body of a request to the application, and keeps the beginning of its response, up to `kept_bytes`."""

    def __init__(self, body: bytes, kept_bytes: int) -> None:
        self._waiting = [{"type": "http.request", "body": body, "more_body": False}]
        self._is_over = asyncio.Event()
        self._kept_bytes = kept_bytes
        self.status, self.size = 0, 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    async def receive(self) -> dict[str, Any]:
        if self._waiting:
            return self._waiting.pop()
        await self._is_over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], read_headers(message["headers"])
            return
        piece = message.get("body", b"")
        self.size += len(piece)
        self.body += piece[: self._kept_bytes - len(self.body)]
        if not message.get("more_body"):
            self._is_over.set()
