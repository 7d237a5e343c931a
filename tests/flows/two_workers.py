"""Two workers on the same data, in one process: each has its own sandbox, its own memory and its own application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from tests.flows.flow import BASE, CONTENT, FEW_PATIENTS, Flow, copy_filled

from sickbay.sandbox.sandbox import open_sandbox
from sickbay.settings.settings import Settings
from sickbay.web.app import create

T = TypeVar("T")


def run_two(steps: Callable[[Flow, Flow], Coroutine[Any, Any, T]], data: str | None, folder: Path, **settings: Any) -> T:
    """Run the steps with both workers. data: the URL of a database; None for a file in the folder."""

    if data is None and settings.keys().isdisjoint(CONTENT | {"patients"}):
        copy_filled(folder, FEW_PATIENTS)

    async def run() -> T:
        own: dict[str, Any] = {"data": data or str(folder), "folder": folder, "patients": FEW_PATIENTS, "workers": 2}
        chosen = Settings(**own | settings)
        async with AsyncExitStack() as stack:
            return await steps(await _worker(stack, chosen), await _worker(stack, chosen))

    return asyncio.run(run())


async def _worker(stack: AsyncExitStack, settings: Settings) -> Flow:
    sandbox = await open_sandbox(settings)
    stack.push_async_callback(sandbox.close)
    app = create(sandbox)
    stack.push_async_callback(app.stop)
    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE, trust_env=False)
    return Flow(sandbox, await stack.enter_async_context(http))
