"""Registers an app at another hospital with the same settings. As with real hospitals, it gets a different client_id there."""

from __future__ import annotations

from typing import Any

import msgspec

from sickbay.authorization.models import Client
from sickbay.services import records, registration, secret_rotation, users
from sickbay.services.context import Runtime, Tenant
from sickbay.services.registration import Registered
from sickbay.services.writing.saving import LOCK_FOR
from sickbay.storage.interface import Conflict, Put, Record

NEW = ("client_id", "app_id")
"""Members that are different at every hospital."""
LOCK = "condition"
"""The kind of the record that lets only one of several simultaneous requests register the app. It is the kind of a conditional
create's lock, and is deleted like it.
"""


async def find_counterpart(runtime: Runtime, client: Client, tenant: Tenant) -> Client | None:
    """The same app at another hospital, identified by its name, type, URIs and student; None if it isn't registered there."""
    apps = await registration.list_clients(runtime, tenant.name)
    return next((app for app in apps if _identity_of_client(app) == _identity_of_client(client)), None)


def _identity_of_client(client: Client) -> tuple[object, ...]:
    return client.name, client.type, client.client, client.launch_uri, client.redirect_uris, client.student


def find_obstacle(runtime: Runtime, client: Client, tenant: Tenant) -> str:
    """Says in one sentence why the app can't be registered there; "" if it can."""
    return registration.settings_problem(runtime, _settings_at_hospital(client, tenant))


async def enable_app(runtime: Runtime, client: Client, tenant: Tenant, form: str = "") -> Registered | Client:
    """Register the app there, or return the existing one, even if another request registers it at the same time.

    The checks of a registration apply. A symmetric client gets another secret. form: see `secret_of_form`. Raises AppTooLarge.
    """
    approval, sent = client.auto_approve, _settings_at_hospital(client, tenant)
    if approval and approval.user not in {user.username for user in await users.list_users(runtime, tenant)}:
        sent["auto_approve"] = None
    if form and client.client == "symmetric":
        sent["app_id"] = registration.make_identifier(runtime.effects, 9)
        sent["client_secret"] = secret_rotation.secret_of_form(runtime, sent["app_id"], form)
    while True:
        lock = await _lock_step(runtime, client, tenant)
        if (there := await find_counterpart(runtime, client, tenant)) is not None:
            return there
        try:
            return await registration.register_app(runtime, sent, steps=(lock,))
        except Conflict as conflict:
            if conflict.step != lock:
                raise


async def _lock_step(runtime: Runtime, client: Client, tenant: Tenant) -> Put:
    """The step that succeeds for one of several simultaneous requests to enable the same app there, from any hospital."""
    key = records.digest(f"enable {tenant.name} {_identity_of_client(client)}")
    found, now = await runtime.store.get(LOCK, key), runtime.now()
    return Put(Record(LOCK, key, b"", tenant.name, at=now, expires_at=now + LOCK_FOR), found.revision if found else 0)


def _settings_at_hospital(client: Client, tenant: Tenant) -> dict[str, Any]:
    settings: dict[str, Any] = msgspec.to_builtins(client)
    return {name: value for name, value in settings.items() if name not in NEW} | {"tenant": tenant.name}
