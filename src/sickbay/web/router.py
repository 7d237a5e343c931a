"""Looks up the route of a request that isn't for FHIR."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
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
