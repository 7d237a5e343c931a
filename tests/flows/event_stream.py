"""Reads server-sent events from the application in this process: httpx would wait for the end of the response."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode

SECONDS = 60
"""How long a test waits for an event on a busy machine."""


class Event(NamedTuple):
    name: str
    data: dict[str, Any]
    id: str


class Stream:
    """The response of GET /exchanges. status: None before it has begun."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.text = ""
        self.began, self.ended = asyncio.Event(), False
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._unread = ""

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            return
        self.text += message.get("body", b"").decode()
        *events, self._unread = (self._unread + message.get("body", b"").decode()).split("\n\n")
        for event in events:
            fields = dict(line.partition(":")[::2] for line in event.split("\n") if line and not line.startswith(":"))
            if "data" in fields:
                data = json.loads(fields["data"])
                self._events.put_nowait(Event(fields["event"].strip(), data, fields.get("id", "").strip()))
        self.began.set()
        if not message.get("more_body"):
            self._events.put_nowait(None)

    async def event(self, name: str = "") -> Event:
        """The next event, or the next with this name."""
        while True:
            event = await asyncio.wait_for(self._events.get(), SECONDS)
            assert event is not None, "the stream has ended"
            if not name or event.name == name:
                return event

    async def exchanges(self, number: int) -> list[dict[str, Any]]:
        return [(await self.event("exchange")).data for _ in range(number)]

    async def end(self) -> None:
        """Wait for the end of the response."""
        while await asyncio.wait_for(self._events.get(), SECONDS) is not None:
            continue


@asynccontextmanager
async def open_stream(
    application: Any, headers: dict[str, str] | None = None, client: str = "127.0.0.1", **query: str
) -> AsyncIterator[Stream]:
    """Open the stream; it has begun when this returns, or the response has ended. Closing it disconnects."""
    stream, left = Stream(), asyncio.Event()
    sent = {"host": "localhost:7425", "accept": "text/event-stream"} | (headers or {})
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/exchanges",
        "raw_path": b"/exchanges",
        "query_string": urlencode(query).encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": (client, 50000),
        "server": ("localhost", 7425),
        "root_path": "",
    }
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    task = asyncio.create_task(application(scope, receive, stream.send))
    await asyncio.wait_for(stream.began.wait(), SECONDS)
    try:
        yield stream
    finally:
        left.set()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, SECONDS)
