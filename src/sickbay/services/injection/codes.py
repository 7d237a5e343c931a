"""Makes the redirect to an app faulty, and the code that it carries."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from sickbay.authorization.models import AuthorizationCode
from sickbay.faults import redirects
from sickbay.faults.fault import Fault
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.services.injection import marks
from sickbay.services.injection.wording import describe_fault
from sickbay.storage.interface import Put, UseOnce

KINDS = ("authorize-error", "state", "iss", "code")
"""The kinds of faults that are about this redirect."""


def is_about_redirect(fault: Fault) -> bool:
    """Whether the fault is about the redirect to the app."""
    return fault.kind in KINDS


async def apply_to_redirect(
    runtime: Runtime, tenant: Tenant, faults: Sequence[Fault], parameters: dict[str, str | None]
) -> dict[str, str | None]:
    """The parameters of the redirect with these faults."""
    code = parameters.get("code")
    for fault in faults:
        if fault.kind == "code" and code:
            await _invalidate_code(runtime, tenant, fault, code)
        parameters = redirects.apply_to_redirect(fault, parameters, describe_fault(fault))
    return parameters


async def _invalidate_code(runtime: Runtime, tenant: Tenant, fault: Fault, text: str) -> None:
    """Makes a code expire now, or uses it up."""
    key, now = records.digest(text), runtime.now()
    record = await runtime.store.get("code", key)
    if record is None:
        return
    if fault.members["value"] == "used":
        await runtime.store.transaction([UseOnce("code", key, now)])
    else:
        code = records.parse(AuthorizationCode, record.value)
        expired = records.make_code_record(key, structs.replace(code, issued_at=now - code.lifetime - 1), tenant.name)
        kept = structs.replace(expired, expires_at=record.expires_at)
        await runtime.store.transaction([Put(kept, record.revision)])
    await marks.add_mark(runtime, tenant.name, fault, text)
