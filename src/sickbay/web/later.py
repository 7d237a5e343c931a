"""Handlers of pages, whose modules are imported with the first request for one of them, so that Sickbay starts sooner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from starlette.responses import Response


class HandlersOf:
    """Stands for a module in the route table. Its attributes are the handlers of the module, which import it when called."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Response]]:
        async def handle(*arguments: Any) -> Response:
            response: Response = await getattr(import_module(self._module), name)(*arguments)
            return response

        return handle
