"""The ASGI application: checks the host, gives every exchange its id, and passes requests to FHIR endpoints or pages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import suppress
from contextvars import Context
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from sickbay import dialects
from sickbay.authorization.administration import may_use_session
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import runtime_settings
from sickbay.services.reindexing import reindex
from sickbay.services.request_metrics import METRICS
from sickbay.settings.database import Unavailable
from sickbay.storage.resets import OUTSIDE, WasReset, begin
from sickbay.web import app_state, errors, health
from sickbay.web.admin import wrong_tokens
from sickbay.web.admin.session import recognise
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.errors import NOSNIFF
from sickbay.web.fhir import endpoint
from sickbay.web.fhir.context import fhir_base
from sickbay.web.fhir.public import NotFhir
from sickbay.web.http_request import RequestState, check_target, host_name, read_headers
from sickbay.web.oauth.discovery import Documents
from sickbay.web.observation import Observer, Observers
from sickbay.web.routes import Pages, routes, sample_routes

LOG = logging.getLogger("sickbay")
ID_HEADER = b"x-correlation-id"
Message = MutableMapping[str, Any]


class Endpoint(NamedTuple):
    """A FHIR base or the app state of a hospital. path: where it is served."""

    path: str
    tenant: str
    serve: Callable[[Scope, Receive, Send], Awaitable[None]]


Endpoints: TypeAlias = dict[str, list[Endpoint]]
"""Endpoints by the first two segments of their paths. Of those with the same segments, the longest path comes first."""


class Application:
    """The ASGI application, made by create(). Its caller opens and closes the sandbox.

    The journal is written while it lives.
    """

    def __init__(self, sandbox: Sandbox, pages: Pages, endpoints: Endpoints, observers: Sequence[Observer] = ()) -> None:
        self.sandbox = sandbox
        self.pages = pages
        self.endpoints = endpoints
        runtime = sandbox.runtime
        self.observation = Observers(observers, runtime.on_exchange) if observers else None
        if self.observation is not None:
            runtime.on_exchange = self.observation.say
        self.guard = AdminGuard(sandbox.settings, salt=runtime.keys.instance)
        self.state = State({"sandbox": sandbox, "guard": self.guard})
        """Available to handlers as request.app.state."""
        self.routes = pages.routes
        """Read by the page that lists the methods of an address."""
        self._vendor_headers = {
            name: header.lower().encode()
            for name, tenant in sandbox.tenants.items()
            if (header := tenant.dialect.answers.correlation_header)
        }
        """The vendors' own names of the header for the correlation id, by hospital."""
        self._writing: asyncio.Task[None] | None = None
        self._indexing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        started = perf_counter()
        state = scope["state"] = RequestState(self.sandbox.runtime.effects.token(12), read_headers(scope["headers"]))
        begin(state)
        try:
            if self.observation is None:
                await self._answer(scope, receive, send)
            else:
                await self.observation.watched(self._answer, scope, receive, send)
        finally:
            state.revisions = OUTSIDE
            METRICS.took(state.kind, perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        runtime, id = self.sandbox.runtime, scope["state"].exchange
        host = scope["state"].headers.get("host", "")
        if host_name(host) not in self.guard.hosts:
            await errors.send_wrong_host(send, runtime.base, id, host)
            return
        self._start_tasks()
        endpoint = self._endpoint(scope["path"])
        if endpoint is None:
            await self._page(scope, receive, send)
            return
        try:
            if runtime.shared:
                await runtime_settings.refresh(runtime)
            scope["state"].revisions = runtime.resets.of[endpoint.tenant]
            await endpoint.serve(scope, receive, send)
        except NotFhir:
            await self._page(scope, receive, send)
        except ClientDisconnect:
            return
        except Unavailable as error:
            await self._notice_reset(error)
            LOG.error("%s %s", id, error, extra={"correlation_id": id})
            await errors.send_fhir_error(send, id, 503, "transient", error.detail, error.retry_after)
        except Exception:
            LOG.exception("%s failed", id, extra={"correlation_id": id})
            await errors.send_fhir_error(send, id, 500, "exception", f"Sickbay failed; its log says how, under {id}.")

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that isn't for a FHIR endpoint, and every failure while doing so."""
        state: RequestState = scope["state"]
        started, id, runtime = False, state.exchange.encode(), self.sandbox.runtime
        id_headers = [(ID_HEADER, id)]
        first, _, _ = scope["path"].removeprefix("/").partition("/")  # the path of OPTIONS * has no slash
        if first in self._vendor_headers:
            id_headers.append((self._vendor_headers[first], id))

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if state.is_wrong_admin_token:
                    await wrong_tokens.count_noted(runtime, scope)
                headers = message["headers"] = [*message["headers"], *id_headers]
                if message["status"] == 503:
                    errors.add_retry_after(headers)
                if NOSNIFF not in headers:
                    headers.append(NOSNIFF)
            await send(message)

        scope["app"] = self
        try:
            check_target(scope)
            if runtime.shared and scope["path"] not in health.ADDRESSES:
                await runtime_settings.refresh(runtime)
            state.revisions = runtime.resets.of.get(first) or runtime.resets.of[""]
            if runtime.throttle.until and "authorization" in state.headers:
                await wrong_tokens.look_up(runtime, scope)
            if may_use_session(scope["path"], self.sandbox.tenants):
                await recognise(Request(scope, receive, sending), self.sandbox, self.guard)
            await self.pages(scope, receive, sending)
        except ClientDisconnect:
            return
        except Exception as error:
            if started:
                raise
            await self._notice_reset(error)
            response = await errors.page_error(Request(scope, receive, sending), error)
            await response(scope, receive, sending)

    async def _notice_reset(self, error: Exception) -> None:
        """Another process may have reset the data. A single worker doesn't look for that at every request."""
        if isinstance(error, WasReset):
            with suppress(Unavailable):
                await runtime_settings.refresh(self.sandbox.runtime)

    def _endpoint(self, path: str) -> Endpoint | None:
        end = path.find("/", path.find("/", 1) + 1)
        for served in self.endpoints.get(path if end < 0 else path[:end], ()):
            if path.startswith(served.path) and path[len(served.path) :][:1] in ("", "/"):
                return served
        return None

    def _start_tasks(self) -> None:
        """Start the background tasks on the event loop that serves. A test may serve without a lifespan."""
        if self._writing is None or self._writing.done():
            loop, context = asyncio.get_running_loop(), Context()  # they don't belong to the request that starts them
            self._writing = loop.create_task(self.sandbox.journal.run(), context=context)
            self._indexing = loop.create_task(self._index(), context=context)

    async def _index(self) -> None:
        """Index the resources that an older Sickbay stored. Newer kinds of searches find them once this is done."""
        try:
            count = await reindex(self.sandbox.runtime)
        except Exception:
            LOG.exception("reindexing of resources from an older Sickbay stopped; it resumes at the next start")
            return
        if count:
            LOG.info("reindexed %d resources from an older Sickbay", count)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def stop(self) -> None:
        for task in (self._indexing, self._writing):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


def create(sandbox: Sandbox, observers: Sequence[Observer] = ()) -> Application:
    """Create the application of a sandbox, for Uvicorn or for a test's transport. observers: are called after each request."""
    documents = Documents(sandbox)
    endpoints: Endpoints = {}
    for served in _endpoints(sandbox, documents):
        endpoints.setdefault("/".join(served.path.split("/")[:3]), []).append(served)
    return Application(sandbox, Pages(routes(sandbox, documents)), endpoints, observers)


def _endpoints(sandbox: Sandbox, documents: Documents) -> Iterator[Endpoint]:
    """Yield the endpoints of each hospital. If a dialect has another path for a FHIR base, both paths are served."""
    for tenant in sandbox.tenants.values():
        for version in tenant.dialect.fhir:
            short = dialects.short_path(version)
            for path in dict.fromkeys((tenant.dialect.fhir_path(version), short)):
                base = fhir_base(sandbox, tenant, version, documents, path)
                yield Endpoint(base.path, tenant.name, partial(endpoint.serve, endpoint.FHIR, base))
        if tenant.policy.app_state:
            base = app_state.app_state_base(sandbox, tenant, documents)
            yield Endpoint(base.path, tenant.name, partial(endpoint.serve, app_state.API, base))


def create_sample(sandbox: Sandbox) -> Starlette:
    """Create the sample app, which is served on a port of its own."""
    return Starlette(routes=sample_routes(sandbox))
