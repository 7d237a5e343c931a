"""Stores the added hospitals as records, and keeps the runtime of each worker up to date with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sickbay.services import records
from sickbay.services.context import Hospitals, Runtime, Tenant
from sickbay.services.hospitals import definition
from sickbay.storage.interface import Record

KIND = "hospital"
MAXIMUM_HOSPITALS = 20
"""Maximum number of hospitals that can be added."""


class StoredHospital(msgspec.Struct, frozen=True):
    """document: the file, parsed. Its passwords are replaced by their hashes."""

    document: dict[str, Any]


def make_record(hospital: StoredHospital, at: int) -> Record:
    return Record(KIND, hospital.document["name"], records.dump(hospital), at=at)


def hash_hospital(hospital: StoredHospital) -> str:
    """Returns a hash that differs if the hospital's file differs."""
    return records.digest(records.dump(hospital).decode())[:16]


async def load_hospital(runtime: Runtime, name: str) -> StoredHospital | None:
    return await records.load(runtime, KIND, name, StoredHospital)


async def update_tenants(runtime: Runtime, digests: Mapping[str, str]) -> None:
    """Update this worker's added hospitals to match these digests, by name."""
    known = {name: tenant.digest for name, tenant in runtime.tenants.items() if tenant.digest}
    if known == digests:
        return
    kept = {name: tenant for name, tenant in runtime.tenants.items() if not tenant.digest or digests.get(name) == tenant.digest}
    for name, digest in digests.items():
        if name not in kept and (tenant := await _load_tenant(runtime, name, digest)) is not None:
            kept[name] = tenant
    runtime.tenants = Hospitals(kept)
    for listener in runtime.on_hospitals:
        listener()


async def _load_tenant(runtime: Runtime, name: str, digest: str) -> Tenant | None:
    stored = await load_hospital(runtime, name)
    return definition.create_hospital(stored.document, runtime.base, digest) if stored else None
