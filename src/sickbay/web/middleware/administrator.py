"""Recognises the sessions of the administrator and of students, and limits how often a wrong admin token may be sent."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay.authorization.administration import may_use_session
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import students
from sickbay.web.admin import wrong_tokens
from sickbay.web.admin.session import recognise
from sickbay.web.admin_guard import AdminGuard


class Administrator:
    """The guard decides without waiting for the database, so what it needs is looked up here."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox, guard: AdminGuard) -> None:
        self._app, self._sandbox, self._guard = app, sandbox, guard

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        runtime = self._sandbox.runtime
        has_token = bool(runtime.throttle.until) and "authorization" in scope["state"].headers
        if has_token or runtime.class_mode or may_use_session(scope["path"], runtime.tenants):
            return self._recognise_session(scope, receive, send, has_token=has_token)
        return self._app(scope, receive, send)

    async def _recognise_session(self, scope: Scope, receive: Receive, send: Send, *, has_token: bool) -> None:
        if has_token:
            await wrong_tokens.note_wait(self._sandbox.runtime, scope)
        if may_use_session(scope["path"], self._sandbox.runtime.tenants):
            await recognise(Request(scope, receive, send), self._sandbox, self._guard)
        if self._sandbox.runtime.class_mode:
            refusal = await students.recognise(Request(scope, receive, send), self._sandbox)
            if refusal is not None:
                return await refusal(scope, receive, send)
        await self._app(scope, receive, send)
