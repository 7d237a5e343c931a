"""The whole of it as one ASGI application: hosts allowed, an id for every answer, FHIR past the router, the rest by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import suppress
from typing import Any, TypeAlias

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sickbay import dialects
from sickbay.operations import running
from sickbay.operations.reindexing import index_anew
from sickbay.protocol.headers import read
from sickbay.sandbox.sandbox import Sandbox
from sickbay.settings.database import Unavailable
from sickbay.web import show, unreadable
from sickbay.web.admin_session import may_use_session, recognise
from sickbay.web.app_state import AppStates
from sickbay.web.astray import Astray
from sickbay.web.discovery import Documents
from sickbay.web.doors import Guard, cors
from sickbay.web.fhir import Door
from sickbay.web.first_use import NotYet, not_yet
from sickbay.web.interactions import Interactions
from sickbay.web.pages.frame import Link
from sickbay.web.pages.notice import NoticeView
from sickbay.web.routes import direct, routes, sample_routes
from sickbay.web.wire import Unreadable, check_target

LOG = logging.getLogger("sickbay")
TWO_HOSTS = "The request has more than one Host header. Send one.\n"
Message = MutableMapping[str, Any]
Doors: TypeAlias = dict[str, list[Door]]
"""By the first two segments of a path: those that begin so, the longest first."""


class Application:
    """create() makes it. The sandbox is opened by whoever serves; its journal is written while this application lives."""

    def __init__(self, sandbox: Sandbox, pages: Starlette, doors: Doors) -> None:
        self.sandbox = sandbox
        self.pages = pages
        self.doors = doors
        self.direct = direct(pages.routes)
        world = sandbox.world
        self.guard = Guard(sandbox.settings, throttle=world.throttle, now=world.now, salt=world.keys.instance)
        pages.state.sandbox = sandbox
        pages.state.guard = self.guard
        self._writing: asyncio.Task[None] | None = None
        self._indexing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        world = self.sandbox.world
        id = world.effects.token(12)
        headers = read(scope["headers"])
        scope["state"] = {"exchange": id, "headers": headers}
        host = headers.get("host", "")
        if not self.guard.knows(host):
            await _wrong_host(send, self.sandbox.world.base, id, twice="," in host)
            return
        self._write()
        door = self._door(scope)
        if door is None:
            await self._page(scope, receive, _with_id(send, id, self._extra(scope)))
            return
        try:
            if world.shared:
                await running.refresh(world)
            await door(scope, receive, send)
        except Astray:
            await self._page(scope, receive, _with_id(send, id, self._extra(scope)))
        except ClientDisconnect:
            return
        except Unavailable as error:
            LOG.error("%s %s", id, error)
            await _failed(send, id, 503, "transient", error.detail)
        except Exception:
            LOG.exception("%s failed", id)
            await _failed(send, id, 500, "exception", f"Sickbay failed; its log says how, under {id}.")

    async def _refresh(self) -> None:
        """Another worker may have moved the clock, or been told another policy."""
        if self.sandbox.world.shared:
            await running.refresh(self.sandbox.world)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Past the router where the address has no variable: it and its middleware cost a tenth of a token request."""
        handler = self.direct.get((scope["method"], scope["path"]))
        scope["app"] = self.pages
        request = Request(scope, receive, send)
        try:
            check_target(scope)
            if scope["path"] != "/healthz":  # which says that the process lives, whatever the database does
                await self._refresh()
            if may_use_session(scope["path"], self.sandbox.tenants):
                await recognise(request, self.sandbox, self.guard)
            response = await handler(request) if handler else None
        except ClientDisconnect:
            return
        except Unavailable as error:
            response = await _away(request, error)
        except Unreadable as error:
            response = await _unreadable(request, error)
        except NotYet as error:
            response = await not_yet(request, error)
        except Exception as error:
            LOG.exception("%s failed", scope["state"]["exchange"])
            response = await _fault(request, error)
        if response is None:
            await self.pages(scope, receive, send)
            return
        await response(scope, receive, send)

    def _door(self, scope: Scope) -> Door | None:
        path: str = scope["path"]
        end = path.find("/", path.find("/", 1) + 1)
        for door in self.doors.get(path if end < 0 else path[:end], ()):
            if path.startswith(door.path) and path[door.prefix : door.prefix + 1] in ("", "/"):
                return door
        return None

    def _extra(self, scope: Scope) -> bytes | None:
        """A vendor's own name for the correlation id."""
        first = scope["path"].removeprefix("/").partition("/")[0]  # the path of OPTIONS * has no slash
        tenant = self.sandbox.tenants.get(first)
        name = tenant.dialect.answers.correlation_header if tenant else None
        return name.lower().encode() if name else None

    def _write(self) -> None:
        """The journal's task lives with the event loop that serves; a test may serve without a lifespan."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self.sandbox.journal.run())
            self._indexing = asyncio.get_running_loop().create_task(self._index())

    async def _index(self) -> None:
        """What an older Sickbay left; the newer kinds of searches find a resource once it is done."""
        try:
            count = await index_anew(self.sandbox.world)
        except Exception:
            LOG.exception("what an older Sickbay stored is not all indexed anew; the next start goes on")
            return
        if count:
            LOG.info("%d resources of an older Sickbay are indexed anew", count)

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


def create(sandbox: Sandbox) -> Application:
    """The application of a sandbox, for Uvicorn or for a test's transport."""
    documents = Documents(sandbox)
    pages = Starlette(
        routes=routes(sandbox, documents),
        exception_handlers={
            ClientDisconnect: _gone,
            Unavailable: _away,
            Unreadable: _unreadable,
            NotYet: not_yet,
            Exception: _fault,
        },
    )
    doors: Doors = {}
    for door in _doors(sandbox, documents):
        doors.setdefault("/".join(door.path.split("/")[:3]), []).append(door)
    return Application(sandbox, pages, doors)


def _doors(sandbox: Sandbox, documents: Documents) -> Iterator[Door]:
    """Of each base. Where a dialect has another path, the base answers under ours too: whoever knows one hospital finds all."""
    for tenant in sandbox.tenants.values():
        for version in tenant.dialect.fhir:
            door = Interactions(sandbox, tenant, version, documents)
            short = dialects.short_path(version)
            yield door
            if door.path != f"/{tenant.name}{short}":
                yield Interactions(sandbox, tenant, version, documents, short)
        if tenant.policy.app_state:
            yield AppStates(sandbox, tenant, documents)


def create_sample(sandbox: Sandbox) -> Starlette:
    """The sample app, for a port of its own."""
    return Starlette(routes=sample_routes(sandbox))


def _with_id(send: Send, id: str, extra: bytes | None) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = [b"x-correlation-id", *([extra] if extra else [])]
            message["headers"] = [*message["headers"], *((name, id.encode()) for name in names)]
        await send(message)

    return sending


async def _failed(send: Send, id: str, status: int, code: str, said: str) -> None:
    """A fault of ours: nothing of it goes out but the id under which the log has it."""
    issue = {"severity": "fatal", "code": code, "diagnostics": said}
    body = orjson.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
    headers = [
        (b"content-type", b"application/fhir+json"),
        (b"x-correlation-id", id.encode()),
        *cors(None),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _gone(request: Request, error: Exception) -> Response:
    """The client hung up in the middle of its body, so no one reads the response."""
    return Response(status_code=400)


async def _away(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unavailable)
    LOG.error("%s %s", request.scope["state"]["exchange"], error)
    return _trouble(request, 503, error.title, error.detail)


async def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unreadable)
    try:
        return await unreadable.answered_openly(request, request.app.state.sandbox, error)
    except Unavailable as away:
        return await _away(request, away)


async def _fault(request: Request, error: Exception) -> Response:
    """The same for everything but FHIR. Whoever calls it logs the traceback."""
    said = f"Its log says how, under {request.scope['state']['exchange']}."
    return _trouble(request, 500, "Sickbay failed", said)


def _trouble(request: Request, status: int, title: str, said: str) -> Response:
    view = NoticeView(title=title, text=said, primary=Link("Go to the hospitals", "/"))
    return show.trouble(request, request.app.state.sandbox, status, title, said, view)


async def _wrong_host(send: Send, base: str, id: str, twice: bool) -> None:
    """421; two Host headers are no request at all (RFC 9112 3.2)."""
    named = f"Sickbay answers as {base}. To be asked by another name too, start it with --allowed-host NAME.\n"
    body = (TWO_HOSTS if twice else named).encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-correlation-id", id.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 400 if twice else 421, "headers": headers})
    await send({"type": "http.response.body", "body": body})
