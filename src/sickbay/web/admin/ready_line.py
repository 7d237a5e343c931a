"""The JSON line of `serve --json`, also returned by `GET /admin`: the addresses, the users and the registered apps."""

from __future__ import annotations

from typing import Any

from sickbay import population
from sickbay.authorization.models import Client
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import records
from sickbay.services.class_mode import members
from sickbay.services.context import Tenant


async def make_line(sandbox: Sandbox) -> dict[str, Any]:
    """The JSON object. Scripts rely on its members."""
    base = sandbox.runtime.base
    return {
        "base": base,
        "admin": f"{base}/admin",
        "ephemeral": sandbox.settings.ephemeral,
        "tenants": {name: _tenant_addresses(tenant) for name, tenant in sandbox.runtime.tenants.items()},
        "users": [user for name in sandbox.runtime.tenants for user in _seeded_users(name, sandbox.filling.written.seed)],
        "apps": [app for name in sandbox.runtime.tenants for app in await _sample_apps(sandbox, name)],
        **({"class": await _class_addresses(sandbox)} if sandbox.settings.class_mode else {}),
    }


async def _class_addresses(sandbox: Sandbox) -> dict[str, str]:
    """The address where students join, and the teacher's overview."""
    base, key = sandbox.runtime.base, await members.load_join_key(sandbox.runtime)
    return {"join": f"{base}/developer/join/{key}", "overview": f"{base}/developer/class"}


def _tenant_addresses(tenant: Tenant) -> dict[str, Any]:
    server = tenant.server
    return {
        "issuer": server.issuer,
        "authorize": server.authorization_endpoint,
        "token": server.token_endpoint,
        "ehr": f"{tenant.base}/ehr",
        "fhir": {version: tenant.fhir_base(version) for version in tenant.dialect.fhir},
    }


def _seeded_users(tenant: str, seed: int) -> list[dict[str, Any]]:
    """The seeded users. Their passwords are published."""
    return [
        {"tenant": tenant, "username": user.username, "password": user.password, "fhirUser": user.fhir_user}
        for user in population.list_users(seed)
    ]


async def _sample_apps(sandbox: Sandbox, tenant: str) -> list[dict[str, Any]]:
    stored = await sandbox.runtime.store.find("app", tenant=tenant, limit=1000)
    apps = [records.parse(Client, record.value) for record in stored]
    return [{"tenant": tenant, "app_id": app.app_id, "client_id": app.client_id, "name": app.name} for app in apps]
