"""Finds the FHIR base, or the app state of a hospital, that a request is for. All other requests are for pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay import dialects
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import runtime_settings
from sickbay.services.hospitals.hospital_file import RESERVED
from sickbay.web import app_state
from sickbay.web.fhir import endpoint
from sickbay.web.fhir.context import fhir_base
from sickbay.web.fhir.public import NotFhir
from sickbay.web.http_request import first_segment
from sickbay.web.oauth.discovery import Documents


class Endpoint(NamedTuple):
    """A FHIR base or the app state of a hospital. path: where it is served."""

    path: str
    serve: Callable[[Scope, Receive, Send], Awaitable[None]]


class FhirBases:
    """Passes a request to its FHIR base, or to the pages. compose: puts FHIR middleware around an endpoint of a hospital."""

    def __init__(
        self, sandbox: Sandbox, documents: Documents, compose: Callable[[ASGIApp, str], ASGIApp], pages: ASGIApp
    ) -> None:
        self._sandbox, self._documents, self._compose, self._pages = sandbox, documents, compose, pages
        self.endpoints: dict[str, list[Endpoint]] = {}
        """Endpoints by the first two segments of their paths. Of those with the same segments, the longest path comes first."""
        self.list_endpoints()

    def list_endpoints(self) -> None:
        """List the endpoints of all hospitals again, when hospitals were added or removed."""
        self.endpoints = {}
        for served in _endpoints(self._sandbox, self._documents):
            composed = served._replace(serve=self._compose(served.serve, served.path.split("/")[1]))
            self.endpoints.setdefault("/".join(served.path.split("/")[:3]), []).append(composed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        serve = self._find(scope["path"]) or await self._find_new(scope)
        if serve is not None:
            try:
                return await serve(scope, receive, send)
            except NotFhir:
                pass
        await self._pages(scope, receive, send)

    async def _find_new(self, scope: Scope) -> Callable[[Scope, Receive, Send], Awaitable[None]] | None:
        """Find the FHIR base of a hospital that another worker may have added since this one looked."""
        runtime, name = self._sandbox.runtime, first_segment(scope)
        if not runtime.shared or not name or name in runtime.tenants or name in RESERVED:
            return None
        await runtime_settings.refresh(runtime)
        return self._find(scope["path"])

    def _find(self, path: str) -> Callable[[Scope, Receive, Send], Awaitable[None]] | None:
        end = path.find("/", path.find("/", 1) + 1)
        for served in self.endpoints.get(path if end < 0 else path[:end], ()):
            if path.startswith(served.path) and path[len(served.path) :][:1] in ("", "/"):
                return served.serve
        return None


def _endpoints(sandbox: Sandbox, documents: Documents) -> Iterator[Endpoint]:
    """Yield the endpoints of each hospital. If a dialect has another path for a FHIR base, both paths are served."""
    for tenant in sandbox.tenants.values():
        for version in tenant.dialect.fhir:
            short = dialects.short_path(version)
            for path in dict.fromkeys((tenant.dialect.fhir_path(version), short)):
                base = fhir_base(sandbox, tenant, version, documents, path)
                yield Endpoint(base.path, partial(endpoint.serve, endpoint.FHIR, base))
        if tenant.policy.app_state:
            base = app_state.app_state_base(sandbox, tenant, documents)
            yield Endpoint(base.path, partial(endpoint.serve, app_state.API, base))
