"""Health, readiness and metrics endpoints."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sickbay.sandbox.folder import DATABASE
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.journal import metrics as journal_metrics
from sickbay.services.request_metrics import METRICS
from sickbay.settings.database import Unavailable
from sickbay.storage.sqlite.connection import log_size
from sickbay.web import counting
from sickbay.web.http_request import state_of

ANSWER_SECONDS = 2.0
"""Maximum seconds that /readyz and /metrics wait for the database."""
ADDRESSES = frozenset(("/healthz", "/readyz", "/metrics"))
"""These need no settings from the database, and wait for it only as long as documented."""


async def show_health(request: Request) -> Response:
    """Return 200 while the worker responds, whatever the state of the database."""
    state_of(request.scope).kind = "health"
    return PlainTextResponse("ok\n")


async def show_readiness(request: Request) -> Response:
    """Return 200 if the database answers soon; 503 otherwise. Before Sickbay has started, nothing listens."""
    state_of(request.scope).kind = "health"
    sandbox: Sandbox = request.app.state.sandbox
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await sandbox.runtime.store.get("meta", "")
    except TimeoutError:
        raise Unavailable(f"The database didn't answer within {ANSWER_SECONDS:g} s.") from None
    return PlainTextResponse("ok\n")


async def show_metrics(request: Request) -> Response:
    state_of(request.scope).kind = "health"
    METRICS.publish()
    await set_gauges(request.app.state.sandbox)
    return Response(_read_metrics(), media_type=CONTENT_TYPE_LATEST)


async def set_gauges(sandbox: Sandbox) -> None:
    counting.WRITES_WAITING.set(sandbox.runtime.store.writes_waiting())
    with suppress(Unavailable, TimeoutError):  # then the last known values are returned
        await asyncio.wait_for(_measure_database(sandbox), ANSWER_SECONDS)
    folder = sandbox.settings.folder
    if folder is not None:
        counting.LOG.set(log_size(folder / DATABASE))


async def _measure_database(sandbox: Sandbox) -> None:
    store = sandbox.runtime.store
    journal_metrics.report_journal_size(await store.journal_size(), sandbox.journal.most)
    counting.DATABASE.set(await store.database_size())


def _read_metrics() -> bytes:
    """The metrics of all workers, if PROMETHEUS_MULTIPROC_DIR was set before the import."""
    import os

    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    from prometheus_client import CollectorRegistry, multiprocess

    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
