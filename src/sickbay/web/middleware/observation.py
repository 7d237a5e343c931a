"""Calls the observers, which are the JSON log and OpenTelemetry, after each request. Without observers it costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay.services.context import LogLine, Runtime
from sickbay.services.request_metrics import Kind
from sickbay.web.http_request import RequestState


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
    """Tells the observers how each request ended, even if it failed or was cancelled. Keeps the exchanges of those that run."""

    def __init__(self, app: ASGIApp, observers: Sequence[Observer], runtime: Runtime) -> None:
        """From now on, the listener of the runtime gets each exchange through these observers."""
        self._app, self._observers = app, observers
        self._next = runtime.on_exchange
        runtime.on_exchange = self.print_line
        self._lines: dict[str, LogLine | None] = {}

    def print_line(self, line: LogLine) -> None:
        if line.id in self._lines:
            self._lines[line.id] = line
        if self._next is not None:
            self._next(line)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status, state = perf_counter(), 0, scope["state"]
        self._lines[state.exchange] = None

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._notify_observers(state, scope["method"], status, perf_counter() - started)

    def _notify_observers(self, state: RequestState, method: str, status: int, seconds: float) -> None:
        line = self._lines.pop(state.exchange, None)
        finished = FinishedRequest(state.exchange, method, state.kind, status, seconds, state.headers, line)
        for observer in self._observers:
            observer(finished)
