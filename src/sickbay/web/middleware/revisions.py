"""Notes the settings and data that a request belongs to, so that a reset ends it."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay.services import runtime_settings
from sickbay.services.context import Runtime
from sickbay.web import health
from sickbay.web.fhir.public import NotFhir
from sickbay.web.http_request import get_first_segment


class CurrentRevisions:
    """Reads the settings again if other workers may have changed them. hospital: of the address; if None, its path names it."""

    def __init__(self, app: ASGIApp, runtime: Runtime, hospital: str | None = None) -> None:
        self._app, self._runtime, self._hospital = app, runtime, hospital

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self._runtime.shared and scope["path"] not in health.ADDRESSES:
            return self._refresh(scope, receive, send)
        return self._record_revisions(scope, receive, send)

    async def _refresh(self, scope: Scope, receive: Receive, send: Send) -> None:
        await runtime_settings.refresh_settings(self._runtime)
        await self._record_revisions(scope, receive, send)

    def _record_revisions(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """With one worker, this needs no coroutine of its own."""
        of = self._runtime.resets.of
        revisions = of.get(self._hospital or get_first_segment(scope))
        if revisions is None and self._hospital is not None:
            raise NotFhir  # another worker has just removed the hospital
        scope["state"].revisions = revisions or of[""]
        return self._app(scope, receive, send)
