"""A reset: what it deletes, and what it would delete. It also reaches the memory of every worker."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.sandbox import seeding
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import clock, record_kinds, registration, reset_revisions, runtime_settings, sessions, users
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Clear, Conflict, Step
from sickbay.storage.resets import OUTSIDE, compare_with
from sickbay.storage.snapshot_steps import RemoveSnapshot


class ResetLosses(NamedTuple):
    """The numbers of records that a reset would delete. apps, users: those that were added.

    changes: how many times resources were loaded, created, changed or deleted. None: not known, or too many to count.
    """

    changes: int | None
    apps: int
    users: int
    exchanges: int | None
    snapshots: int = 0


async def reset(sandbox: Sandbox, tenant: str | None = None, everything: bool = False) -> None:
    """Restore the initial data and the policy of a hospital or of all, and with all hospitals the clock.

    Deletes sessions, tokens, launches and exchanges, but not the sessions of the administrator and of students. Requests that
    began before change nothing any more, on any worker. everything: also deletes added apps, users and students, and with all
    hospitals the snapshots.
    """
    async with sandbox.filling.pause(tenant):
        while not await _is_reset(sandbox, tenant, everything):
            continue


async def _is_reset(sandbox: Sandbox, tenant: str | None, everything: bool) -> bool:
    """Try to reset. False if another worker changed the settings or reset at the same time."""
    await runtime_settings.refresh_settings(sandbox.runtime)
    try:
        with compare_with(OUTSIDE):
            await sandbox.runtime.store.transaction(await _reset_steps(sandbox, tenant, everything))
    except Conflict:
        return False
    await runtime_settings.refresh_settings(sandbox.runtime)
    return True


async def _reset_steps(sandbox: Sandbox, tenant: str | None, everything: bool) -> list[Step]:
    runtime = sandbox.runtime
    moved = clock.read(runtime).offset if tenant is None else 0.0
    now = int(runtime.effects.now() - moved)
    kept = (
        [*await sessions.keep_administrators(runtime, now), *await sessions.keep_students(runtime, now)]
        if tenant is None
        else []
    )
    snapshots = await runtime.store.find("snapshot") if everything and tenant is None else []
    return [
        *(RemoveSnapshot(record.key) for record in snapshots),
        *(Clear(kind, tenant or "") for kind in record_kinds.list_cleared_kinds(everything)),
        *kept,
        *await sandbox.filling.steps_of_reset(tenant, sandbox.filling.today(moved)),
        *(
            step
            for added in _list_removed_hospitals(runtime, tenant, everything)
            for step in sandbox.filling.steps_of_removal(added)
        ),
        *await seeding.list_steps(runtime, sandbox.filling.written, tenant, everything=everything),
        await runtime_settings.make_reset_step(runtime, tenant, everything),
        reset_revisions.make_step(runtime.resets, tenant, everything),
    ]


def _list_removed_hospitals(runtime: Runtime, tenant: str | None, everything: bool) -> list[Tenant]:
    """The hospitals that the reset removes: those that were added."""
    return [hospital for hospital in runtime.tenants.values() if hospital.digest] if everything and tenant is None else []


async def count_losses(sandbox: Sandbox, tenant: str | None = None, everything: bool = False) -> ResetLosses:
    """Counts the records that `reset` would delete."""
    runtime = sandbox.runtime
    await sandbox.journal.collect()
    clients = await registration.list_clients(runtime, tenant) if everything else []
    tenants = [runtime.tenants[tenant]] if tenant else list(runtime.tenants.values())
    people = [user for hospital in tenants for user in await users.list_users(runtime, hospital)] if everything else []
    return ResetLosses(
        changes=await sandbox.filling.changes(tenant),
        apps=sum(not client.sample for client in clients),
        users=sum(not user.seeded for user in people),
        exchanges=None if tenant else (await runtime.store.journal_size()).exchanges,
        snapshots=len(await runtime.store.find("snapshot")) if everything and not tenant else 0,
    )
