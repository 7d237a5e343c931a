"""Registers an app at another hospital with the same settings. As at real hospitals, it gets another client_id there."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import structs

from sickbay.authorization.models import Client
from sickbay.services import registration, users
from sickbay.services.context import Runtime, Tenant
from sickbay.services.registration import Registered

NEW = ("client_id", "app_id")
"""Members that differ at every hospital."""


async def counterpart(runtime: Runtime, client: Client, tenant: Tenant) -> Client | None:
    """The same app at another hospital, identified by its name, type, URIs and student; None if it isn't registered there."""
    apps = await registration.all_clients(runtime, tenant.name)
    return next((app for app in apps if _identity(app) == _identity(client)), None)


def _identity(client: Client) -> tuple[object, ...]:
    return client.name, client.type, client.client, client.launch_uri, client.redirect_uris, client.student


def find_obstacle(runtime: Runtime, client: Client, tenant: Tenant) -> str:
    """Why the app can't be registered there, as a sentence; "" if it can."""
    return registration.settings_fault(runtime, _settings(client, tenant))


async def enable(runtime: Runtime, client: Client, tenant: Tenant) -> Registered:
    """Register the app there. The checks of a registration apply; a symmetric client gets another secret."""
    approval = client.auto_approve
    if approval and approval.user not in {user.username for user in await users.all_users(runtime, tenant)}:
        client = structs.replace(client, auto_approve=None)
    return await registration.register(runtime, _settings(client, tenant))


def _settings(client: Client, tenant: Tenant) -> dict[str, Any]:
    settings: dict[str, Any] = msgspec.to_builtins(client)
    return {name: value for name, value in settings.items() if name not in NEW} | {"tenant": tenant.name}
