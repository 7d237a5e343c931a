"""The one line of `serve --json`: where everything is, who may sign in, which apps are registered."""

from __future__ import annotations

from typing import Any

from sickbay import population
from sickbay.authorization.models import Client
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import records
from sickbay.services.context import Tenant


async def line(sandbox: Sandbox) -> dict[str, Any]:
    """The shape of the outside contract, Command."""
    base = sandbox.runtime.base
    return {
        "base": base,
        "admin": f"{base}/admin",
        "tenants": {name: _addresses(tenant) for name, tenant in sandbox.tenants.items()},
        "users": [one for name in sandbox.tenants for one in _users(name, sandbox.filling.written.seed)],
        "apps": [one for name in sandbox.tenants for one in await _apps(sandbox, name)],
    }


def _addresses(tenant: Tenant) -> dict[str, Any]:
    server = tenant.server
    return {
        "issuer": server.issuer,
        "authorize": server.authorization_endpoint,
        "token": server.token_endpoint,
        "ehr": f"{tenant.base}/ehr",
        "fhir": {version: tenant.fhir_base(version) for version in tenant.dialect.fhir},
    }


def _users(tenant: str, seed: int) -> list[dict[str, Any]]:
    """The seeded ones, whose passwords are no secret."""
    return [
        {"tenant": tenant, "username": one.username, "password": one.password, "fhirUser": one.fhir_user}
        for one in population.users(seed)
    ]


async def _apps(sandbox: Sandbox, tenant: str) -> list[dict[str, Any]]:
    found = await sandbox.runtime.store.find("app", tenant=tenant, limit=1000)
    apps = [records.parse(Client, one.value) for one in found]
    return [{"tenant": tenant, "app_id": one.app_id, "client_id": one.client_id, "name": one.name} for one in apps]
