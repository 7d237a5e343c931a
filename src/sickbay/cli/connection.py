"""A connection: uvicorn's protocol with time limits for headers, body, response and idle time."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from sickbay.cli.header_limits import Heads
from sickbay.cli.limits import HEALTH, Limits
from sickbay.cli.traffic import make_traffic, refuse_as_busy
from sickbay.web import counting

STOPPING = "Sickbay is stopping. Try again once it runs.\n"
TEXTS = {408: "The request took too long to arrive.\n", 503: "Sickbay holds too many request bodies. Try again.\n"}


class Connection(Heads):
    """A connection with limits. seconds: time in the current state, without the time in which data moved fast enough."""

    seconds = 0.0
    _state = ""
    _request: object = None
    _size = 0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.traffic = make_traffic(config, server_state, self.loop)
        self.app = self.traffic.gate
        self._bodies: dict[RequestResponseCycle, int] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.traffic.register(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.traffic.unregister(self)
        for cycle, _ in self.pipeline:
            self._stop_counting_body(cycle)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(self.pipeline) > self.traffic.limits.pipelined:
            self.pipeline.clear()
            self.end("pipeline_limit")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        refused = self in self.traffic.refused and cycle.scope["path"] not in HEALTH
        if refused:
            counting.REQUESTS_REFUSED.labels("connections").inc()
        cycle.scope["sickbay.transport"] = self.transport  # type: ignore[typeddict-unknown-key]
        task = self.loop.create_task(cycle.run_asgi(refuse_as_busy if refused else app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        cycle.task = task  # type: ignore[attr-defined]
        if cycle in self._bodies:
            task.add_done_callback(partial(self._stop_counting_body, cycle))

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if not cycle.response_complete:
            if cycle not in self._bodies:
                self._bodies[cycle] = 0
                if hasattr(cycle, "task"):
                    cycle.task.add_done_callback(partial(self._stop_counting_body, cycle))
            self._bodies[cycle] += len(body)
            self.traffic.take(len(body))
        super().on_body(body)

    def _stop_counting_body(self, cycle: RequestResponseCycle, task: asyncio.Task[None] | None = None) -> None:
        """Stops counting the body of a cycle, because the application has ended."""
        self.traffic.received -= self._bodies.pop(cycle, 0)

    def on_response_complete(self) -> None:
        """Like uvicorn's, but without a timer for each request: `sweep` closes idle connections."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def shutdown(self) -> None:
        """Lets the running request finish, for a while."""
        super().shutdown()
        if not self.transport.is_closing():
            self.loop.call_later(self.traffic.limits.grace, self._close_for_shutdown)

    def _close_for_shutdown(self) -> None:
        if not self.transport.is_closing():
            self._reject(503, STOPPING)
        elif self.unsent_bytes():
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.traffic.unread.add(self)
        self.traffic.measure()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.traffic.unread.discard(self)
        self.traffic.measure()

    def waits(self) -> bool:
        """Whether the connection is idle: no request is being handled, and no body is arriving."""
        return not self.transport.is_closing() and self._current_state()[0] in ("head", "idle")

    def unsent_bytes(self) -> int:
        """Bytes that the client hasn't read."""
        return self.transport.get_write_buffer_size()

    def incoming_bytes(self) -> int:
        """Bytes of an incomplete body."""
        cycle = self.cycle
        if cycle is None or not cycle.more_body or cycle.response_started or self.transport.is_closing():
            return 0
        return self._bodies.get(cycle, 0)

    def sweep(self, limits: Limits) -> None:
        """Checks the time limits. Called every `limits.sweep` seconds."""
        state, request, size = self._current_state()
        if (state, request) != (self._state, self._request):
            self._state, self._request, self._size, self.seconds = state, request, size, 0.0
        moved, self._size = abs(size - self._size), size
        self.seconds = max(0.0, self.seconds + limits.sweep - moved / limits.rate) if size else self.seconds + limits.sweep
        match state:
            case "head" if self.seconds > (limits.refusal if self in self.traffic.refused else limits.head):
                self.end("head_timeout", 408 if self.scope is not None else 0)
            case "idle" if self.seconds > limits.idle:
                self.end("idle_timeout", 0)
            case "body" if self.seconds > limits.slow:
                self.end("body_timeout", 408)
            case "write" if self.seconds > limits.stalled:
                self.end("write_timeout")

    def _current_state(self) -> tuple[str, object, int]:
        """The state, its request, and a number of bytes that changes as data moves."""
        size = self.transport.get_write_buffer_size()
        if size:
            return "write", self.cycle, size
        if self.transport.is_closing():
            return "closing", None, 0
        cycle = self.cycle
        if cycle is None or self.scope is not cycle.scope:
            return ("head", self.scope, 0) if "method" not in (self.scope or ()) else ("work", cycle, 0)
        if cycle.response_complete:
            return "idle", cycle, 0
        if cycle.more_body and not self.flow.read_paused:
            return "body", cycle, self._bodies.get(cycle, 0)
        return "work", cycle, 0

    def end(self, reason: str, status: int | None = None) -> None:
        """Closes the connection. status: send this response first; 0: no response; None: at once, dropping unsent data."""
        counting.CONNECTIONS_CLOSED.labels(reason).inc()
        cycle = self.cycle
        if cycle is not None:
            self._stop_counting_body(cycle)
        if status is None:
            self.transport.abort()
        elif status:
            self._reject(status, TEXTS[status])
        else:
            self.transport.close()
