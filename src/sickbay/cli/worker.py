"""A worker process: opens the sandbox and serves Sickbay and the sample app on the same sockets."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from uvicorn import Config

from sickbay.cli import json_log, population_report, signals, streams, telemetry, terminal
from sickbay.cli.connection import Connection
from sickbay.cli.limits import make_limits
from sickbay.cli.warm_up import warm_up
from sickbay.sandbox.sandbox import Sandbox, open_sandbox
from sickbay.services.context import ExchangeListener
from sickbay.settings import Settings
from sickbay.web import app as web
from sickbay.web.health import set_gauges
from sickbay.web.middleware.observation import Observer

if TYPE_CHECKING:
    from sickbay.cli.loop_watch import LoopWatch
    from sickbay.cli.telemetry_export import Telemetry

CANCEL_SECONDS = 0.1
"""Seconds after the end of their connections at which requests are cancelled."""
THREADS = 2
"""Threads for password hashes, and for bodies that are too large for the event loop. Further ones wait."""
SWITCHES = 0.0001
"""Seconds after which Python switches threads."""

Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass
class Worker:
    """The ASGI application of a process. It can be pickled before it has started, which spawning a process needs."""

    settings: Settings
    main: web.Application | None = None
    sample: Asgi | None = None

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            return self._run_lifespan(receive, send)
        app = self.sample if scope["server"][1] == self.settings.sample_port else self.main
        assert app is not None
        return app(scope, receive, send)

    async def _run_lifespan(self, receive: Any, send: Any) -> None:
        """Runs from the server's start to its end. Before it returns, all acknowledged writes are on the disk."""
        await receive()
        if self.settings.workers > 1:
            _end_with_parent()
        streams.prepare_streams()
        streams.escape_log()
        _prepare_process(self.settings.max_connections)
        on_exchange, observers = self._exchange_log()
        sandbox = await open_sandbox(self.settings, on_exchange=on_exchange)
        sandbox.runtime.on_stall = terminal.log_stall if terminal.log_exchange in observers else on_exchange
        exporting = _find_exporters(sandbox)
        observers += [exporting.observe] if exporting else []
        self.main, self.sample = web.create(sandbox, observers), web.create_sample(sandbox)
        sandbox.filling.writer.listen = population_report.report_of_server(self.settings)
        self._stop_on_signal(sandbox)
        watch = _start_watch() if self.settings.debug_loop else None
        await send({"type": "lifespan.startup.complete"})
        warming = asyncio.create_task(warm_up(sandbox))
        with suppress(asyncio.CancelledError):  # a second Ctrl-C: close everything without waiting
            await receive()
        warming.cancel()
        if watch is not None:
            await asyncio.to_thread(watch.stop)
        await self.main.stop()
        if exporting is not None:
            await exporting.stop()
        await sandbox.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _stop_on_signal(self, sandbox: Sandbox) -> None:
        """Stops the creation of patients and ends streams as soon as a signal arrives, so that requests get a response."""
        if threading.current_thread() is not threading.main_thread():  # a test: signals reach only the main thread
            return
        seconds = signals.STOP_SECONDS if self.settings.workers == 1 else signals.WORKER_STOP_SECONDS
        loop = asyncio.get_running_loop()

        def stop() -> None:
            signals.begin_deadline(seconds=seconds)
            loop.call_soon_threadsafe(sandbox.begin_to_stop)

        signals.add_signal_callback(stop)

    def _exchange_log(self) -> tuple[ExchangeListener | None, list[Observer]]:
        """Returns what prints exchanges: as text when they are recorded, as JSON when their responses were sent, or nothing."""
        json_log.choose_format(self.settings.log_format)
        logging.getLogger("uvicorn.error").addFilter(_was_not_cancelled)
        if self.settings.log_format == "json":
            return None, [] if self.settings.json else [terminal.log_exchange]
        return None if self.settings.json else terminal.make_exchange_printer(terminal.is_coloured()), []


def _was_not_cancelled(record: logging.LogRecord) -> bool:
    """Leaves out requests that a stopping server cancels: their clients got 503, and a traceback would look like an error."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _find_exporters(sandbox: Sandbox) -> Telemetry | None:
    """OpenTelemetry's exporters; None if no endpoint is set, or if the extra isn't installed, which `serving` says."""
    signals_to_export = telemetry.list_signals()
    if not signals_to_export or not telemetry.is_installed():
        return None
    from sickbay.cli.telemetry_export import Telemetry

    return Telemetry(signals_to_export, partial(set_gauges, sandbox))


def _start_watch() -> LoopWatch:
    """Starts to log what blocks the loop."""
    from sickbay.cli import loop_watch

    watch = loop_watch.LoopWatch(asyncio.get_running_loop(), loop_watch.log_hold)
    watch.start()
    return watch


def _prepare_process(connections: int) -> None:
    """Raises the limit of open files, and starts few threads that release the GIL soon: the event loop needs it often."""
    sys.setswitchinterval(SWITCHES)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "sickbay-work"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 1000
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _end_with_parent() -> None:
    """Lets Ctrl-C reach this process from now on, and ends it if its parent ends: otherwise it would keep the port."""
    import multiprocessing

    signals.unblock_interrupt()
    parent = multiprocessing.parent_process()
    assert parent is not None
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(parent.sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(parent.sentinel, end)


def make_config(app: Asgi, settings: Settings) -> Config:
    """The configuration of the server. The benchmark measures the upper limit with the same one."""
    bounds = make_limits(settings)
    configuration = Config(
        app,
        interface="asgi3",
        loop="sickbay.cli.loops:Loop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=bounds.grace + CANCEL_SECONDS,  # type: ignore[arg-type]  # asyncio takes fractions
        workers=settings.workers,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=["*"] if "*" in settings.trusted_proxies else list(settings.trusted_proxies),
    )
    configuration.limits = bounds  # type: ignore[attr-defined]
    return configuration
