"""Handlers of pages, whose modules are imported with the first request for one of them, so that Sickbay starts sooner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from starlette.responses import Response


class HandlersOf:
    """Stands for a module in the route table. Its attributes are the handlers of the module, which import it when called."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._imported: ModuleType | None = None

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Response]]:
        async def handle(*arguments: Any) -> Response:
            if self._imported is None:  # on a thread, because an import may take longer than others should wait
                self._imported = await asyncio.to_thread(import_module, self._module)
            response: Response = await getattr(self._imported, name)(*arguments)
            return response

        return handle
