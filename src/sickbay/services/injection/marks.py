"""Remembers codes and tokens that a fault made partly or fully useless. Their refusal isn't the app's mistake."""

from __future__ import annotations

from dataclasses import replace

from sickbay.faults.fault import Fault
from sickbay.faults.kinds import list_kinds
from sickbay.services import records, runtime_settings
from sickbay.services.context import Runtime
from sickbay.services.injection.choose import Injected
from sickbay.services.runtime_settings import RuntimeSettings
from sickbay.storage.interface import Put, Record

KIND = "injected"
SECONDS = 86400
"""Number of seconds that a mark is remembered."""


async def add_mark(runtime: Runtime, tenant: str, fault: Fault, secret: str) -> None:
    """Remembers that this fault made a code or token partly or completely useless. Only its hash is stored."""
    now = runtime.now()
    value = records.dump([fault.id, fault.kind])
    record = Record(KIND, records.digest(secret), value, tenant, at=now, expires_at=now + SECONDS)

    def remember(settings: RuntimeSettings) -> RuntimeSettings:
        return settings if settings.injected_until >= now + SECONDS // 2 else replace(settings, injected_until=now + SECONDS)

    await runtime.store.transaction([Put(record, aside=True)])
    await runtime_settings.change_settings(runtime, remember)


async def find_mark(runtime: Runtime, secrets: tuple[str, ...]) -> Injected | None:
    """The fault that made one of these codes or tokens useless."""
    for secret in filter(None, secrets):
        if record := await runtime.store.get(KIND, records.digest(secret)):
            fault, kind = records.parse(tuple[str, str], record.value)
            return Injected(fault, kind, refuses=True, causes=list_kinds()[kind].causes if kind in list_kinds() else ())
    return None
