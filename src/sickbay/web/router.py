"""Finds the handler of a request that isn't for FHIR, and imports the module of a page with the first request for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send


class PageRouter(Router):
    """Looks up addresses without a variable in a dictionary, and finds all others as Starlette does."""

    def __init__(self, table: Sequence[BaseRoute]) -> None:
        super().__init__()
        self.replace(table)

    def replace(self, table: Sequence[BaseRoute]) -> None:
        """Use this table from the next request on."""
        self.routes = list(table)
        # A route with any method is an endpoint for forms.
        fixed = [route for route in table if isinstance(route, Route) and not route.param_convertors]
        self._fixed = {(method, route.path): route for route in reversed(fixed) for method in route.methods or ("POST",)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._fixed.get((scope["method"], scope["path"]))
        if route is None:
            await super().__call__(scope, receive, send)
        else:
            response = await route.endpoint(Request(scope, receive, send))
            await response(scope, receive, send)


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
