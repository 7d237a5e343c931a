"""The other hospitals on the page of an app: where it is registered too, and where it can be enabled."""

from __future__ import annotations

from sickbay.authorization.models import Client
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import enabling
from sickbay.services.context import Tenant
from sickbay.web.portal.views import OtherHospital


async def hospitals_for_app(sandbox: Sandbox, client: Client) -> tuple[OtherHospital, ...]:
    """One entry per other hospital. The sample apps are registered everywhere, so their pages show none."""
    others = [tenant for name, tenant in sandbox.runtime.tenants.items() if name != client.tenant and not client.sample]
    return tuple([await _describe_other_hospital(sandbox, client, tenant) for tenant in others])


async def _describe_other_hospital(sandbox: Sandbox, client: Client, tenant: Tenant) -> OtherHospital:
    counterpart = await enabling.find_counterpart(sandbox.runtime, client, tenant)
    if counterpart is not None:
        return OtherHospital(tenant.name, tenant.title, href=f"/developer/apps/{counterpart.app_id}")
    reason = enabling.find_obstacle(sandbox.runtime, client, tenant)
    if reason:
        return OtherHospital(tenant.name, tenant.title, reason=f"{reason}.")
    return OtherHospital(tenant.name, tenant.title, command=f"sickbay apps enable {client.app_id} --tenant {tenant.name}")
