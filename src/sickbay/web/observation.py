"""Calls the observers, which are the JSON log and OpenTelemetry, after each request. Without observers it costs nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

from sickbay.services.context import ExchangeListener, LogLine
from sickbay.services.request_metrics import Kind
from sickbay.web.http_request import RequestState

Send: TypeAlias = Callable[[Any], Awaitable[None]]


class FinishedRequest(NamedTuple):
    """A request that has ended.

    status: 0 if no response was sent. seconds: from its headers to the end of its response. line: the exchange that was
    recorded for it; None for a page. headers: as received, with secrets.
    """

    id: str
    method: str
    kind: Kind
    status: int
    seconds: float
    headers: dict[str, str]
    line: LogLine | None


Observer: TypeAlias = Callable[[FinishedRequest], None]


class Observers:
    """The observers of an application, and the recorded exchanges of the requests that are running."""

    def __init__(self, observers: Sequence[Observer], say: ExchangeListener | None) -> None:
        """say: is also called with each exchange when it is recorded."""
        self._observers = observers
        self._next = say
        self._lines: dict[str, LogLine | None] = {}

    def say(self, line: LogLine) -> None:
        if line.id in self._lines:
            self._lines[line.id] = line
        if self._next is not None:
            self._next(line)

    async def watched(self, serve: Callable[[Any, Any, Send], Awaitable[None]], scope: Any, receive: Any, send: Send) -> None:
        """Serve a request, and tell the observers how it ended, also if it failed or was cancelled."""
        started, status, state = perf_counter(), 0, scope["state"]
        self._lines[state.exchange] = None

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await serve(scope, receive, sending)
        finally:
            self._finish(state, scope["method"], status, perf_counter() - started)

    def _finish(self, state: RequestState, method: str, status: int, seconds: float) -> None:
        line = self._lines.pop(state.exchange, None)
        finished = FinishedRequest(state.exchange, method, state.kind, status, seconds, state.headers, line)
        for observer in self._observers:
            observer(finished)
