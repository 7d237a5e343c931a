"""Is a Sickbay server whose instructions are counted: it writes the journal only when an exchange is read, never explains
an empty search, closes no connection, wakes up once a second instead of ten times, and looks for garbage only among the
youngest objects.

Otherwise the time that a run takes would decide how many exchanges it writes, how many searches it explains and how often it
wakes up. On a busy machine, a connection can wait for minutes until it is its turn again, and the server would close it. Python
looks at the tables of FHIR definitions once after the first create has loaded them: as many instructions as five creates, which
chance would add to one count and not to another.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from importlib import import_module
from importlib.util import find_spec

import uvicorn

from sickbay.cli import worker
from sickbay.cli.limits import Limits, make_limits
from sickbay.cli.main import main
from sickbay.sandbox import sandbox
from sickbay.settings import Settings

NEVER = 86_400.0
PERIODS = ("EVERY", "SOON", "LEAST_PAUSE_SECONDS")
"""Names of the constants for the seconds between two writes or explanations. Older revisions don't have all of them."""
EXPLAINING = "sickbay.services.empty_searches.explain"


def _limits_without_sweep(settings: Settings) -> Limits:
    """The limits of connections, which are never checked."""
    return make_limits(settings)._replace(sweep=NEVER)


async def _wait_for_end(server: uvicorn.Server) -> None:
    """Replaces `Server.main_loop`."""
    while not await server.on_tick(0):  # noqa: ASYNC110  # a signal sets a member of the server
        await asyncio.sleep(1)


if __name__ == "__main__":
    setattr(uvicorn.Server, "main_loop", _wait_for_end)  # noqa: B010  # as a plain assignment, mypy refuses it
    vars(worker)["limits"] = _limits_without_sweep
    journal = sys.modules[vars(sandbox)["Journal"].__module__]  # older revisions have it elsewhere
    explaining = import_module(EXPLAINING) if find_spec(EXPLAINING.rpartition(".")[0]) else None
    for module in (journal, explaining):
        for period in PERIODS:
            if hasattr(module, period):
                setattr(module, period, NEVER)
    gc.set_threshold(gc.get_threshold()[0], int(NEVER), int(NEVER))
    main()
