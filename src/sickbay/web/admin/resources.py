"""Protected resources that are added and removed through the administration API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.models import ProtectedResource
from sickbay.authorization.protected_resource import list_advertised_scopes, make_document, metadata_url, read_resource
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import resources
from sickbay.services.context import Tenant
from sickbay.web.admin import schemas as admin_schemas
from sickbay.web.admin.lookup import find_app, find_tenant, json_response, parse_body
from sickbay.web.admin.wrong import Wrong


async def add_resource(request: Request, sandbox: Sandbox) -> Response:
    body: admin_schemas.NewResource = await parse_body(request, admin_schemas.NewResource)
    tenant = find_tenant(sandbox, body.tenant)
    client = await find_app(sandbox, body.client, tenant.name) if body.client else None
    if client is not None and client.client == "public":
        raise Wrong(422, f"{client.name} is a public app. Introspection needs an app with a secret or a key")
    members = {"url": body.url, "name": body.name, "scopes": body.scopes, "client_id": client.client_id if client else ""}
    resource = read_resource(members)
    if isinstance(resource, str):
        raise Wrong(422, resource)
    try:
        await resources.add_resource(sandbox.runtime, tenant, resource)
    except resources.ResourceTaken as error:
        raise Wrong(409, str(error)) from None
    return json_response(describe(tenant, resource, resources.make_id(resource)), 201)


async def list_resources(request: Request, sandbox: Sandbox) -> Response:
    chosen = request.query_params.get("tenant")
    tenants = [find_tenant(sandbox, chosen)] if chosen else list(sandbox.runtime.tenants.values())
    return json_response([entry for tenant in tenants for entry in describe_resources(tenant)])


async def remove_resource(request: Request, sandbox: Sandbox) -> Response:
    for tenant in sandbox.runtime.tenants.values():
        if await resources.remove_resource(sandbox.runtime, tenant, request.path_params["id"]):
            return Response(status_code=204)
    raise Wrong(404, "No protected resource with this id was added")


def describe_resources(tenant: Tenant) -> list[admin_schemas.Resource]:
    """The resources of a hospital. Those of a file have no id, because they can't be removed here."""
    added = [describe(tenant, resource, resources.make_id(resource)) for resource in tenant.added_resources]
    return [*(describe(tenant, resource, None) for resource in tenant.resources), *added]


def describe(tenant: Tenant, resource: ProtectedResource, id: str | None) -> admin_schemas.Resource:
    """A resource with the metadata that its server must publish."""
    metadata = make_document(resource.url, tenant.server.issuer, list_advertised_scopes(resource.scopes), resource.name)
    return admin_schemas.Resource(
        id,
        tenant.name,
        resource.url,
        resource.name,
        " ".join(resource.scopes),
        resource.client_id,
        metadata_url(resource.url),
        metadata,
    )
