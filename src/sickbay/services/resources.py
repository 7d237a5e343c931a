"""Adds and removes the protected resources of a hospital while Sickbay runs, such as a developer's MCP server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sickbay.authorization import protected_resource
from sickbay.authorization.models import ProtectedResource
from sickbay.services import records, runtime_settings
from sickbay.services.context import Runtime, Tenant
from sickbay.services.runtime_settings import RuntimeSettings


class ResourceTaken(ValueError):
    """The URL belongs to a resource of this hospital, or there are too many. The message says which."""


def make_id(resource: ProtectedResource) -> str:
    """The id of a resource in addresses, which can't contain its URL."""
    return records.digest(resource.url)[:12]


async def add_resource(runtime: Runtime, tenant: Tenant, resource: ProtectedResource) -> None:
    """Adds a resource on every worker. Raises ResourceTaken."""

    def with_added(settings: RuntimeSettings) -> RuntimeSettings:
        listed = settings.resources.get(tenant.name, [])
        if reason := protected_resource.find_conflict(resource, tenant.apply_settings(tenant.chosen, listed).server):
            raise ResourceTaken(reason)
        return _replace_resources(settings, tenant, [*listed, resource])

    await runtime_settings.change_settings(runtime, with_added)


async def remove_resource(runtime: Runtime, tenant: Tenant, id: str) -> bool:
    """Removes an added resource, so that no token is issued for it. False if there is none with this id."""
    if not any(make_id(resource) == id for resource in tenant.added_resources):
        return False
    await runtime_settings.change_settings(
        runtime,
        lambda settings: _replace_resources(
            settings, tenant, [resource for resource in settings.resources.get(tenant.name, []) if make_id(resource) != id]
        ),
    )
    return True


def _replace_resources(settings: RuntimeSettings, tenant: Tenant, listed: Sequence[ProtectedResource]) -> RuntimeSettings:
    return replace(settings, resources={**settings.resources, tenant.name: [*listed]})
