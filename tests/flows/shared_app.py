"""One running application for all tests of a module, so that not every row opens a sandbox."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from tests.flows.flow import BASE, KEPT, PATIENTS, Flow, copy_filled, open_alone

from sickbay.settings.settings import Settings
from sickbay.web.app import create

T = TypeVar("T")
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
"""The characters allowed in an error_description (RFC 6749 4.1.2.1)."""


class SharedApp:
    """A shared application. `do` runs steps on its event loop; `flow()` is a new browser and app without cookies."""

    def __init__(self, runner: asyncio.Runner, flow: Flow, opened: Callable[[], Flow]) -> None:
        self._runner = runner
        self.first = flow
        self.flow = opened

    def do(self, steps: Callable[[Flow], Coroutine[Any, Any, T]], flow: Flow | None = None) -> T:
        return self._runner.run(steps(flow or self.first))


@contextmanager
def open_shared_app(folder: Path, data: str | None = None, **settings: Any) -> Iterator[SharedApp]:
    """Open a shared application. data: the URL of a database; without it everything is in the folder.

    Its R4 patients already exist if only their number is given or nothing, except in a database.
    """
    patients = settings.get("patients", PATIENTS)
    if data is None and settings.keys() <= {"patients"} and patients in KEPT:
        copy_filled(folder, patients)
    with asyncio.Runner() as runner:
        sandbox = runner.run(
            open_alone(Settings(data=data or str(folder), folder=folder, **{"patients": PATIENTS, **settings}))
        )
        application = create(sandbox)
        clients: list[httpx2.AsyncClient] = []

        def open_page() -> Flow:
            transport = httpx2.ASGITransport(app=application)
            clients.append(httpx2.AsyncClient(transport=transport, base_url=BASE, trust_env=False))
            flow = Flow(sandbox, clients[-1])
            flow.application = application
            return flow

        try:
            yield SharedApp(runner, open_page(), open_page)
        finally:
            for client in clients:
                runner.run(client.aclose())
            runner.run(application.stop())
            runner.run(sandbox.close())
