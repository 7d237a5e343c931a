"""What each process serves: the sandbox, opened when it starts, and Sickbay and the sample app behind one set of sockets."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import signal
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from uvicorn import Config

from sickbay.cli import signals, streams, terminal
from sickbay.cli.connection import Connection
from sickbay.cli.limits import limits
from sickbay.sandbox.sandbox import open_sandbox
from sickbay.settings import Settings
from sickbay.web import app as web

GRACE = 5
"""Seconds that open requests have when the server stops."""
THREADS = 2
"""For password hashes, and for bodies that are too large for the event loop; further ones wait."""
SWITCHES = 0.0001
"""Seconds after which a thread that computes lets another one run."""

Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass
class Worker:
    """The ASGI application of a process. Picklable until it has started, since processes are spawned with it."""

    settings: Settings
    main: web.Application | None = None
    sample: Asgi | None = None

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            return self._live(receive, send)
        app = self.sample if scope["server"][1] == self.settings.sample_port else self.main
        assert app is not None
        return app(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        """From the server's start to its end. What was answered is on the disk before this returns."""
        await receive()
        if self.settings.workers > 1:
            _belong()
        streams.ready()
        _prepare(self.settings.max_connections)
        say = None if self.settings.json else terminal.say(terminal.coloured())
        sandbox = await open_sandbox(self.settings, say=say)
        self.main, self.sample = web.create(sandbox), web.create_sample(sandbox)
        await send({"type": "lifespan.startup.complete"})
        with suppress(asyncio.CancelledError):  # a second Ctrl-C: nothing is waited for, all is closed the same
            await receive()
        await self.main.stop()
        await sandbox.close()
        await send({"type": "lifespan.shutdown.complete"})


def _prepare(connections: int) -> None:
    """Room for the connections; few threads, which return Python's lock soon: the event loop needs it for each row."""
    sys.setswitchinterval(SWITCHES)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "sickbay-work"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 1000
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _belong() -> None:
    """To the process that started us: Ctrl-C may reach us from here on, and without it we end, or we would keep the port."""
    signals.reached()
    parent = multiprocessing.parent_process()
    assert parent is not None
    loop = asyncio.get_running_loop()

    def orphaned() -> None:
        loop.remove_reader(parent.sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(parent.sentinel, orphaned)


def config(app: Asgi, settings: Settings) -> Config:
    """The flags of every server here; the limit in the benchmark is measured with the same."""
    made = Config(
        app,
        interface="asgi3",
        loop="sickbay.cli.loops:Loop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        workers=settings.workers,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )
    made.limits = limits(settings)  # type: ignore[attr-defined]
    return made
