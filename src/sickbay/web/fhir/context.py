"""The FHIR base and the context that handlers receive."""

from __future__ import annotations

from msgspec import Struct

from sickbay.fhir.outcome import Issue
from sickbay.fhir.routing import Route
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.access import AccessResult
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import ResourceSpace, Store
from sickbay.web.fhir.response import FhirResponse, Headers, issue_response
from sickbay.web.oauth.discovery import Documents


class FhirBase(Struct, frozen=True, eq=False):
    """One hospital's FHIR base in one version. url: as discovery names it. path: where it is served, which may be another
    address of the same base.
    """

    sandbox: Sandbox
    version: str
    url: str
    path: str
    space: ResourceSpace
    store: Store
    documents: Documents

    @property
    def tenant(self) -> Tenant:
        """The hospital with its current policy."""
        return self.sandbox.runtime.tenants[self.space.tenant]


def fhir_base(sandbox: Sandbox, tenant: Tenant, version: str, documents: Documents, path: str | None = None) -> FhirBase:
    """path: below the hospital's address; None for its dialect's path."""
    served_at = f"/{tenant.name}{path or tenant.dialect.fhir_path(version)}"
    url, space = tenant.fhir_base(version), ResourceSpace(tenant.name, version)
    return FhirBase(sandbox, version, url, served_at, space, sandbox.runtime.store, documents)


class FhirContext(Struct, frozen=True, gc=False):
    """The context of a granted request.

    query: that of a search or a conditional write. content: the Content-Type header of a response with a resource.
    """

    base: FhirBase
    access: AccessResult
    route: Route
    query: Query | None
    content: Headers

    @property
    def tenant(self) -> Tenant:
        return self.base.tenant

    @property
    def version(self) -> str:
        return self.base.version

    @property
    def runtime(self) -> Runtime:
        return self.base.sandbox.runtime

    @property
    def store(self) -> Store:
        return self.base.store

    @property
    def space(self) -> ResourceSpace:
        return self.base.space

    @property
    def visibility(self) -> Visibility:
        return self.access.visibility

    @property
    def type(self) -> str:
        """The resource type of the address."""
        assert self.route.type is not None
        return self.route.type

    @property
    def id(self) -> str:
        """The resource id of the address."""
        assert self.route.id is not None
        return self.route.id

    def issue(self, status: int, *issues: Issue) -> FhirResponse:
        return issue_response(self.base.version, status, *issues)
