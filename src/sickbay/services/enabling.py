"""Registers an app at another hospital with the same settings. As at real hospitals, it gets another client_id there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from sickbay.authorization.values import Client
from sickbay.operations import registration, users
from sickbay.operations.context import Tenant, World
from sickbay.operations.registration import Registered

NEW = ("client_id", "app_id")
"""Members that differ at every hospital."""


async def counterpart(world: World, client: Client, tenant: Tenant) -> Client | None:
    """The same app at another hospital, identified by its name, type and URIs; None if it isn't registered there."""
    apps = await registration.every(world, tenant.name)
    return next((app for app in apps if _identity(app) == _identity(client)), None)


def _identity(client: Client) -> tuple[object, ...]:
    return client.name, client.type, client.client, client.launch_uri, client.redirect_uris


def obstacle(world: World, client: Client, tenant: Tenant) -> str:
    """Why the app can't be registered there, as a sentence; "" if it can."""
    return registration.lacking(world, _settings(client, tenant))


async def enable(world: World, client: Client, tenant: Tenant) -> Registered:
    """Register the app there. The checks of a registration apply; a symmetric client gets another secret."""
    approval = client.auto_approve
    if approval and approval.user not in {user.username for user in await users.every(world, tenant)}:
        client = replace(client, auto_approve=None)
    return await registration.register(world, _settings(client, tenant))


def _settings(client: Client, tenant: Tenant) -> dict[str, Any]:
    settings: dict[str, Any] = msgspec.to_builtins(client)
    return {name: value for name, value in settings.items() if name not in NEW} | {"tenant": tenant.name}
