"""A Sickbay in a thread of the test, whose real time the test moves, so that it needn't wait for a launch to stall."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from tests.flows.flow import FEW_PATIENTS, copy_filled
from tests.flows.later_effects import LaterEffects

from sickbay.cli import sockets
from sickbay.sandbox.sandbox import open_sandbox
from sickbay.settings.settings import Settings
from sickbay.web.admin import ready_line
from sickbay.web.app import create


@contextmanager
def serving_later(folder: Path) -> Iterator[tuple[dict[str, Any], LaterEffects]]:
    """Yields the line of `serve --json`, and the effects whose `later` moves the time. Connections wait until it serves."""
    copy_filled(folder, FEW_PATIENTS)
    listening = sockets.listen("127.0.0.1", 0)
    effects, port, ready = LaterEffects(), sockets.port_of(listening), threading.Event()
    line: dict[str, Any] = {}
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        settings = Settings(data=str(folder), patients=FEW_PATIENTS, port=port, base_url=f"http://localhost:{port}")
        sandbox = await open_sandbox(settings, effects=effects)
        app = create(sandbox)
        servers.append(uvicorn.Server(uvicorn.Config(app, interface="asgi3", lifespan="off", log_level="warning", ws="none")))
        line.update(await ready_line.make_line(sandbox))
        ready.set()
        await servers[0].serve(listening)
        await app.stop()
        await sandbox.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(60)
    yield line, effects
    servers[0].should_exit = True
    thread.join(60)
