"""Adds and removes hospitals while Sickbay runs, on every worker at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from sickbay.faults.fault import MAXIMUM_FAULTS
from sickbay.sandbox import seeding
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import record_kinds, reset_revisions, runtime_settings, sessions
from sickbay.services.context import Runtime, Tenant
from sickbay.services.hospitals import definition, hospital_file, stored
from sickbay.services.hospitals.hospital_file import FileProblem, HospitalFile
from sickbay.services.hospitals.problems import find_problems
from sickbay.services.hospitals.stored import MAXIMUM_HOSPITALS, StoredHospital
from sickbay.services.runtime_settings import RuntimeSettings
from sickbay.storage.interface import Clear, Conflict, Delete, Put, Step
from sickbay.storage.resets import OUTSIDE, compare_with


class WrongHospital(ValueError):
    """The file can't be used. problems: what is wrong with it, in the order of its lines."""

    def __init__(self, problems: Sequence[FileProblem]) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = tuple(problems)


class HospitalTaken(ValueError):
    """There is a hospital with this name, or there are too many hospitals or faults."""


async def add(sandbox: Sandbox, text: str, *, toml: bool = True) -> Tenant:
    """Add the hospital that the file describes. toml: otherwise it is JSON. Raises WrongHospital or HospitalTaken."""
    file = hospital_file.read_hospital_file(text, toml=toml)
    if isinstance(file, FileProblem):
        raise WrongHospital([file])
    runtime = sandbox.runtime
    await runtime_settings.refresh_settings(runtime)
    seeded = [user.username for user in seeding.make_users(runtime.tenants["general"], sandbox.filling.written.seed)]
    if problems := find_problems(file, (), seeded):
        raise WrongHospital(problems)
    await _store_hospital(sandbox, file)
    await runtime_settings.refresh_settings(runtime)
    return runtime.tenants[file.document["name"]]


async def _store_hospital(sandbox: Sandbox, file: HospitalFile) -> None:
    """Write the hospital, its users and sample apps and the settings in one transaction."""
    runtime, users = sandbox.runtime, [*file.document.get("users", ())]
    hashes = await _hash_passwords(runtime, [user["password"] for user in users])
    document = {**file.document, "users": [{**user, "password": hash} for user, hash in zip(users, hashes, strict=True)]}
    hospital = StoredHospital(document)
    tenant = definition.create_hospital(document, runtime.base, stored.hash_hospital(hospital))
    steps = [Put(stored.make_record(hospital, runtime.now()), 0), *seeding.steps_of(runtime, sandbox.filling.written, tenant)]

    def with_added(settings: RuntimeSettings) -> RuntimeSettings:
        _check_free(runtime, settings, tenant)
        hospitals = {**settings.hospitals, tenant.name: tenant.digest}
        return replace(settings, hospitals=hospitals, faults=[*settings.faults, *tenant.faults])

    await _change_settings(runtime, with_added, steps)


def _check_free(runtime: Runtime, settings: RuntimeSettings, tenant: Tenant) -> None:
    name = tenant.name
    if name in settings.hospitals or name in runtime.tenants:
        instruction = "Remove it first, or choose another name" if name in settings.hospitals else "Choose another name"
        raise HospitalTaken(f"There is already a hospital {name}. {instruction}.")
    if len(settings.hospitals) >= MAXIMUM_HOSPITALS:
        raise HospitalTaken(f"At most {MAXIMUM_HOSPITALS} hospitals can be added. Remove one first.")
    if len(settings.faults) + len(tenant.faults) > MAXIMUM_FAULTS:
        raise HospitalTaken(f"At most {MAXIMUM_FAULTS} faults can be active, with those of the file. Remove some first.")


async def _change_settings(
    runtime: Runtime, modify: Callable[[RuntimeSettings], RuntimeSettings], steps: Sequence[Step]
) -> None:
    """Change the settings in one transaction with these steps. Another worker's change at the same time isn't lost."""
    while True:
        settings, revision = await runtime_settings.read_runtime_settings(runtime)
        try:
            with compare_with(OUTSIDE):
                return await runtime.store.transaction([*steps, runtime_settings.store_settings(modify(settings), revision)])
        except Conflict:
            await runtime_settings.refresh_settings(runtime)


async def _hash_passwords(runtime: Runtime, passwords: Sequence[str]) -> list[str]:
    async with runtime.hashing:
        return await asyncio.to_thread(lambda: [sessions.hash_password(password) for password in passwords])


async def remove(sandbox: Sandbox, name: str) -> bool:
    """Remove a hospital that was added, with everything stored for it. False if there is none with this name."""
    runtime = sandbox.runtime
    await runtime_settings.refresh_settings(runtime)
    tenant = runtime.tenants.get(name)
    if tenant is None or not tenant.digest:
        return False
    async with sandbox.filling.pause(name):
        await _change_settings(runtime, lambda settings: _remove_hospital(settings, name), _removal_steps(sandbox, tenant))
    await runtime_settings.refresh_settings(runtime)
    return True


def _remove_hospital(settings: RuntimeSettings, name: str) -> RuntimeSettings:
    return replace(
        settings,
        hospitals={other: digest for other, digest in settings.hospitals.items() if other != name},
        policies={other: policy for other, policy in settings.policies.items() if other != name},
        resources=runtime_settings.remove_resources(settings.resources, name),
        faults=[fault for fault in settings.faults if fault.tenant != name],
    )


def _removal_steps(sandbox: Sandbox, tenant: Tenant) -> list[Step]:
    kinds = (kind for kind in record_kinds.list_cleared_kinds(everything=True) if kind != stored.KIND)
    return [
        *(Clear(kind, tenant.name) for kind in kinds),
        *sandbox.filling.steps_of_removal(tenant),
        Delete(stored.KIND, tenant.name),
        reset_revisions.make_step(sandbox.runtime.resets, tenant.name, everything=False),
    ]
