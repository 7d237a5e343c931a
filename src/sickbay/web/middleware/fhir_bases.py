"""Finds the FHIR base, or the app state of a hospital, that a request is for. All other requests are for pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay import dialects
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import runtime_settings
from sickbay.services.hospitals.hospital_file import RESERVED
from sickbay.settings.database import Unavailable
from sickbay.web import app_state
from sickbay.web.fhir import endpoint
from sickbay.web.fhir.context import fhir_base
from sickbay.web.http_request import get_first_segment
from sickbay.web.oauth.discovery import Documents


class Endpoint(NamedTuple):
    """A FHIR base or the app state of a hospital. path: where it is served."""

    path: str
    serve: Callable[[Scope, Receive, Send], Awaitable[None]]


class FhirBases:
    """Passes a request to its FHIR base, or to the pages. compose: puts FHIR middleware around an endpoint of a hospital."""

    def __init__(
        self, pages: ASGIApp, sandbox: Sandbox, documents: Documents, compose: Callable[[ASGIApp, str], ASGIApp]
    ) -> None:
        self._pages, self._sandbox, self._documents, self._compose = pages, sandbox, documents, compose
        self.endpoints: dict[str, list[Endpoint]] = {}
        """Endpoints by the first two segments of their paths, longest path first."""
        self.list_endpoints()

    def list_endpoints(self) -> None:
        """List the endpoints of all hospitals again, when hospitals were added or removed."""
        self.endpoints = {}
        for served in _fhir_endpoints(self._sandbox, self._documents):
            composed = served._replace(serve=self._compose(served.serve, served.path.split("/")[1]))
            self.endpoints.setdefault("/".join(served.path.split("/")[:3]), []).append(composed)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        serve = self._find_base(scope["path"])
        if serve is not None:
            return serve(scope, receive, send)
        runtime = self._sandbox.runtime
        if runtime.shared and (name := get_first_segment(scope)) and name not in runtime.tenants and name not in RESERVED:
            return self._refresh_bases(scope, receive, send)
        return self._pages(scope, receive, send)

    async def _refresh_bases(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look up the endpoints again: another worker may have added the hospital that the path names."""
        with suppress(Unavailable):  # then the pages say so
            await runtime_settings.refresh_settings(self._sandbox.runtime)
        await (self._find_base(scope["path"]) or self._pages)(scope, receive, send)

    def _find_base(self, path: str) -> Callable[[Scope, Receive, Send], Awaitable[None]] | None:
        end = path.find("/", path.find("/", 1) + 1)
        for served in self.endpoints.get(path if end < 0 else path[:end], ()):
            if path.startswith(served.path) and path[len(served.path) :][:1] in ("", "/"):
                return served.serve
        return None


def _fhir_endpoints(sandbox: Sandbox, documents: Documents) -> Iterator[Endpoint]:
    """Yield the endpoints of each hospital. If a dialect has another path for a FHIR base, both paths are served."""
    for tenant in sandbox.runtime.tenants.values():
        for version in tenant.dialect.fhir:
            short = dialects.short_path(version)
            for path in dict.fromkeys((tenant.dialect.fhir_path(version), short)):
                base = fhir_base(sandbox, tenant, version, documents, path)
                yield Endpoint(base.path, partial(endpoint.serve, endpoint.FHIR, base))
        if tenant.policy.app_state:
            base = app_state.app_state_base(sandbox, tenant, documents)
            yield Endpoint(base.path, partial(endpoint.serve, app_state.API, base))
