"""Finds the hospital and the app that a request to /admin names."""

from __future__ import annotations

from sickbay.authorization.models import Client
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import registration
from sickbay.services.context import Tenant
from sickbay.services.registration import Ambiguous
from sickbay.web.admin.wrong import Wrong


def find_tenant(sandbox: Sandbox, name: str) -> Tenant:
    """The hospital with this name. Raises Wrong with status 404."""
    if name not in sandbox.tenants:
        raise Wrong(404, f"There is no hospital {name}. Hospitals: {', '.join(sandbox.tenants)}")
    return sandbox.tenants[name]


async def find_app(sandbox: Sandbox, reference: str, tenant: str | None) -> Client:
    """The app with this app_id, client_id or unique name. Raises Wrong with status 404 or 409."""
    if tenant is not None:
        find_tenant(sandbox, tenant)
    try:
        client = await registration.find(sandbox.runtime, reference, tenant)
    except Ambiguous as error:
        raise Wrong(409, str(error)) from None
    if client is None:
        raise Wrong(404, f"There is no app {reference}")
    return client
