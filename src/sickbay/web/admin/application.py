"""An ASGI application that serves only /admin, for commands that run without a server. It loads neither FHIR nor pages."""

from __future__ import annotations

from starlette.datastructures import State
from starlette.types import Receive, Scope, Send

from sickbay.sandbox.sandbox import Sandbox
from sickbay.web.admin import handlers
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.middleware.stack import wrap_pages, wrap_requests
from sickbay.web.router import PageRouter


class AdminApplication:
    """Answers as `web.app.Application` does at /admin. Its caller opens and closes the sandbox, which stores the journal."""

    def __init__(self, sandbox: Sandbox) -> None:
        guard = AdminGuard(sandbox.settings, salt=sandbox.runtime.keys.instance)
        self.state = State({"sandbox": sandbox, "guard": guard})
        """Available to handlers as request.app.state."""
        pages = wrap_pages(PageRouter(handlers.list_routes(sandbox)), sandbox, guard)
        self.handle = wrap_requests(pages, sandbox, guard)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        await self.handle(scope, receive, send)
