"""Gives each request its id and state, and counts it in the metrics."""

from __future__ import annotations

from time import perf_counter

from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay.kernel.effects import Effects
from sickbay.services.request_metrics import METRICS
from sickbay.storage.resets import OUTSIDE, begin
from sickbay.web.http_request import RequestState, read_headers


class Tracking:
    """scope["state"] is the RequestState from here on."""

    def __init__(self, app: ASGIApp, effects: Effects) -> None:
        self._app, self._effects = app, effects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        state = scope["state"] = RequestState(self._effects.token(12), read_headers(scope["headers"]), started=started)
        begin(state)
        try:
            await self._app(scope, receive, send)
        finally:
            state.revisions = OUTSIDE
            METRICS.add_duration(state.kind, perf_counter() - started)
