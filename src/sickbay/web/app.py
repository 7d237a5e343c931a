"""The ASGI application: the middleware, then the FHIR bases, then the pages."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay.sandbox.sandbox import Sandbox
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.middleware.background import BackgroundTasks
from sickbay.web.middleware.bodies import KeepBodies
from sickbay.web.middleware.failures import FhirFailures
from sickbay.web.middleware.fhir_bases import FhirBases
from sickbay.web.middleware.injection import InjectedFaults
from sickbay.web.middleware.observation import Observer
from sickbay.web.middleware.revisions import CurrentRevisions
from sickbay.web.middleware.stack import compose, wrap_pages, wrap_requests
from sickbay.web.oauth.discovery import Documents
from sickbay.web.router import PageRouter
from sickbay.web.routes import list_routes, sample_routes


class Application:
    """The ASGI application, made by create(). Its caller opens and closes the sandbox.

    The journal is written while it lives.
    """

    def __init__(self, sandbox: Sandbox, observers: Sequence[Observer] = ()) -> None:
        runtime, documents = sandbox.runtime, Documents(sandbox)
        guard = AdminGuard(sandbox.settings, salt=runtime.keys.instance)
        self.sandbox = sandbox
        self.background = BackgroundTasks(sandbox)
        self.state = State({"sandbox": sandbox, "guard": guard, "documents": documents})
        """Available to handlers as request.app.state."""
        self.pages = PageRouter(list_routes(sandbox, documents))
        pages = wrap_pages(compose(self.pages.__call__, Middleware(InjectedFaults, sandbox)), sandbox, guard)

        def with_fhir(base: ASGIApp, hospital: str) -> ASGIApp:
            current = Middleware(CurrentRevisions, runtime, hospital)
            kept = runtime.kept_bodies
            keeping = [Middleware(KeepBodies, runtime, kept, hospital)] if kept is not None else []
            return compose(
                base, *keeping, Middleware(FhirFailures, runtime, pages), current, Middleware(InjectedFaults, sandbox)
            )

        self.bases = FhirBases(pages, sandbox, documents, with_fhir)
        runtime.on_hospitals += [self.bases.list_endpoints, lambda: self.pages.replace(list_routes(sandbox, documents))]
        self.handle = wrap_requests(self.bases.__call__, sandbox, guard, observers)

    @property
    def routes(self) -> list[BaseRoute]:
        """Used by the page that lists the methods that an address allows."""
        return self.pages.routes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine function, so Uvicorn needs `interface="asgi3"`. Raises ValueError for another type, as ASGI says."""
        if scope["type"] == "lifespan":
            return self.background.handle_lifespan(receive, send)
        if scope["type"] != "http":
            raise ValueError(f"Sickbay serves HTTP, not {scope['type']}")
        self.background.start()
        scope["app"] = self
        return self.handle(scope, receive, send)

    async def stop(self) -> None:
        await self.background.stop()


def create(sandbox: Sandbox, observers: Sequence[Observer] = ()) -> Application:
    """Create the application of a sandbox, for Uvicorn or for a test's transport. observers: are called after each request."""
    return Application(sandbox, observers)


def create_sample(sandbox: Sandbox) -> Starlette:
    """Create the sample app, which is served on its own port."""
    return Starlette(routes=sample_routes(sandbox))
