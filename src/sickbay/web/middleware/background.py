"""The background tasks: writing the journal, watching launches, and indexing resources that an older Sickbay stored."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from contextvars import Context

from starlette.types import Receive, Send

from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import stall_watch
from sickbay.services.journal.old_lines import write_missing_lines
from sickbay.services.reindexing import reindex_resources

LOG = logging.getLogger("sickbay")


class BackgroundTasks:
    """Starts the tasks on the event loop that serves. A test may serve without a lifespan, so the first request starts them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._writing: asyncio.Task[None] | None = None
        self._indexing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._writing is None or self._writing.done():
            loop, context = asyncio.get_running_loop(), Context()  # they don't belong to the request that starts them
            self._writing = loop.create_task(self._sandbox.journal.run(), context=context)
            self._indexing = loop.create_task(self._index_older_data(), context=context)
            if self._sandbox.runtime.on_stall is not None:
                watching = stall_watch.watch_launches(self._sandbox.runtime, self._sandbox.journal)
                self._watching = loop.create_task(watching, context=context)

    async def _index_older_data(self) -> None:
        """Index the resources and exchanges that an older Sickbay stored. Searches and filters find them once this is done."""
        try:
            await write_missing_lines(self._sandbox.runtime)
            count = await reindex_resources(self._sandbox.runtime)
        except Exception:
            LOG.exception("reindexing of data from an older Sickbay stopped; it resumes at the next start")
            return
        if count:
            LOG.info("reindexed %d resources from an older Sickbay", count)

    async def handle_lifespan(self, receive: Receive, send: Send) -> None:
        """The lifespan of ASGI: wait for the shutdown, and stop."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def stop(self) -> None:
        for task in (self._sandbox.runtime.explaining, self._watching, self._indexing, self._writing):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
