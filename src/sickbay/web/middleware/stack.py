"""The middleware around all requests, and around pages and /admin, each in one list. The first is the outermost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.middleware import Middleware
from starlette.types import ASGIApp

from sickbay.sandbox.sandbox import Sandbox
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.middleware.administrator import Administrator
from sickbay.web.middleware.failures import PageFailures
from sickbay.web.middleware.hosts import AllowedHosts
from sickbay.web.middleware.observation import Observer, Observers
from sickbay.web.middleware.page_headers import PageHeaders
from sickbay.web.middleware.revisions import CurrentRevisions
from sickbay.web.middleware.tracking import Tracking


def wrap_pages(pages: ASGIApp, sandbox: Sandbox, guard: AdminGuard) -> ASGIApp:
    """Put the middleware around everything except FHIR."""
    runtime = sandbox.runtime
    return compose(
        pages,
        Middleware(PageHeaders, sandbox),
        Middleware(PageFailures, runtime),
        Middleware(CurrentRevisions, runtime),
        Middleware(Administrator, sandbox, guard),
    )


def wrap_requests(app: ASGIApp, sandbox: Sandbox, guard: AdminGuard, observers: Sequence[Observer] = ()) -> ASGIApp:
    """Put the middleware around every request. observers: are called after each."""
    runtime = sandbox.runtime
    return compose(
        app,
        Middleware(Tracking, runtime.effects),
        *([Middleware(Observers, observers, runtime)] if observers else []),
        Middleware(AllowedHosts, guard, runtime.base),
    )


def compose(app: ASGIApp, *middleware: Middleware) -> ASGIApp:
    """Put the middleware around an application. The first is the outermost.

    Each layer gets the method of the next one, because a call of a method takes half the instructions of a call of an object.
    """
    for middle in reversed(middleware):
        layer: Any = middle.cls(app, *middle.args, **middle.kwargs)
        app = layer.__call__
    return app
