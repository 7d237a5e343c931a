"""Looks up the route of a request that isn't for FHIR, and calls its handler with the sandbox and what the address names."""

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

from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Tenant
from sickbay.services.request_metrics import Kind
from sickbay.web.admin.session import refuse_stranger
from sickbay.web.http_request import state_of
from sickbay.web.middleware.cors import allow_origins

Handler = Callable[[Request], Awaitable[Response]]


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
    """Stands for a module in the route table, so that Sickbay starts sooner. Its attributes are the handlers of the module,
    which import it when called.
    """

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


def bind_sandbox(sandbox: Sandbox, answer: Callable[[Request, Sandbox], Awaitable[Response]]) -> Handler:
    async def handler(request: Request) -> Response:
        return await answer(request, sandbox)

    return handler


def bind_id(sandbox: Sandbox, answer: Callable[[Request, Sandbox, str], Awaitable[Response]]) -> Handler:
    async def handler(request: Request) -> Response:
        return await answer(request, sandbox, request.path_params["id"])

    return handler


def bind_admin(sandbox: Sandbox, answer: Callable[[Request, Sandbox], Awaitable[Response]]) -> Handler:
    """The handler is called only for the administrator."""
    return bind_sandbox(sandbox, _only_for_administrator(answer))


def bind_admin_id(sandbox: Sandbox, answer: Callable[[Request, Sandbox, str], Awaitable[Response]]) -> Handler:
    return bind_id(sandbox, _only_for_administrator(answer))


def _only_for_administrator(answer: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    async def handler(request: Request, sandbox: Sandbox, *names: str) -> Response:
        return refuse_stranger(request, sandbox) or await answer(request, sandbox, *names)

    return handler


def bind_tenant(
    sandbox: Sandbox, tenant: Tenant, answer: Callable[..., Awaitable[Response]], *more: Any, kind: Kind = "page"
) -> Handler:
    """kind: what its requests are counted as in the metrics."""

    async def handler(request: Request) -> Response:
        state_of(request.scope).kind = kind
        return await answer(request, sandbox, sandbox.runtime.tenants[tenant.name], *more)

    return handler


def bind_oauth(sandbox: Sandbox, tenant: Tenant, answer: Callable[..., Awaitable[Response]], *more: Any) -> Handler:
    return bind_tenant(sandbox, tenant, answer, *more, kind="oauth")


def bind_cross_origin(
    sandbox: Sandbox, tenant: Tenant, endpoint: Callable[..., Awaitable[Response]], *, credentials: bool = False
) -> Handler:
    """Pages of any origin may use this endpoint and read every response, errors too, unless a policy forbids it.

    credentials: whether the policy credentialed_cors applies.
    """

    async def handler(request: Request) -> Response:
        state = state_of(request.scope)
        state.open_to = "credentials" if credentials else "origins"
        if request.method == "OPTIONS":
            return await allow_origins(request, sandbox, Response(status_code=204))
        state.kind = "oauth"
        return await allow_origins(request, sandbox, await endpoint(request, sandbox, sandbox.runtime.tenants[tenant.name]))

    return handler
