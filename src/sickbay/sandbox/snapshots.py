"""Snapshots: everything that apps and users change, saved under a name and restored on every worker.

A reset returns to the data as seeded, a restore to the data as saved; both use the same steps and the same announcement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from sickbay.sandbox import filled_space, population_progress, seeding
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import clock, record_kinds, records, reindexing, reset_revisions, runtime_settings
from sickbay.services.context import Runtime
from sickbay.services.runtime_settings import RuntimeSettings
from sickbay.storage.interface import Clear, Conflict, Delete, Put, Record, ResourceSpace, Step
from sickbay.storage.resets import OUTSIDE, compare_with
from sickbay.storage.snapshot_steps import RemoveSnapshot, RestoreSnapshot, SaveSnapshot

KIND = "snapshot"
MAXIMUM_SNAPSHOTS: Final = 50
MAXIMUM_BYTES: Final = 1_000_000_000
"""Maximum total size of all snapshots, in bytes."""
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """at: seconds since 1970, in real time. bytes: of the copies. seconds, frozen_at: the clock, as in RuntimeSettings.

    spaces: those that were filled; the others are as seeded in the snapshot. hospitals: all that existed.
    """

    name: str
    at: int
    bytes: int = 0
    seconds: float = 0.0
    frozen_at: float | None = None
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    spaces: tuple[ResourceSpace, ...] = ()
    hospitals: tuple[str, ...] = ()


class SnapshotError(Exception):
    """Raised if a snapshot can't be saved, restored or removed. The text is a sentence. Nothing was changed."""


class BadName(SnapshotError):
    """The name doesn't match [a-z0-9-]{1,64}."""


class NameTaken(SnapshotError):
    """A snapshot with this name exists."""


class UnknownSnapshot(SnapshotError):
    """No snapshot has this name."""


class CannotRestore(SnapshotError):
    """A hospital was filled again since the snapshot was saved, or by an older Sickbay."""


class NoRoom(SnapshotError):
    """There are too many snapshots, or they take too much space."""


def check_name(name: str) -> None:
    """Raises BadName."""
    if not _NAME.fullmatch(name):
        raise BadName("A snapshot's name has 1 to 64 characters: lowercase letters a to z, digits and hyphens")


async def list_snapshots(sandbox: Sandbox) -> list[Snapshot]:
    """All snapshots, the newest first."""
    found = await sandbox.runtime.store.find(KIND, limit=MAXIMUM_SNAPSHOTS + 10)
    return [records.parse(Snapshot, record.value) for record in found]


async def save(sandbox: Sandbox, name: str) -> Snapshot:
    """Save a snapshot. Raises BadName, NameTaken, NoRoom and CannotRestore."""
    check_name(name)
    async with sandbox.filling.pause(None):
        snapshot = await _describe_snapshot(sandbox, name)
        step = SaveSnapshot(name, record_kinds.IN_SNAPSHOTS, _population_keys(snapshot.spaces), snapshot.spaces)
        snapshot = replace(snapshot, bytes=await sandbox.runtime.store.measure_snapshot(step))
        await check_room(sandbox, snapshot)
        try:
            await sandbox.runtime.store.transaction([store_new_snapshot(snapshot), step])
        except Conflict:
            raise NameTaken(f"A snapshot named {name} already exists") from None
    return snapshot


async def check_free(sandbox: Sandbox, name: str) -> None:
    """Raises NameTaken."""
    if await sandbox.runtime.store.get(KIND, name) is not None:
        raise NameTaken(f"A snapshot named {name} already exists")


async def _describe_snapshot(sandbox: Sandbox, name: str) -> Snapshot:
    runtime = sandbox.runtime
    await check_free(sandbox, name)
    settings, _ = await runtime_settings.read_runtime_settings(runtime)
    spaces = await sandbox.filling.list_filled_spaces()
    if spaces is None:
        raise CannotRestore(
            "An older Sickbay created the sample patients of a hospital, so it can't be restored. Run sickbay reset once"
        )
    at = runtime.effects.arrival() // 1_000_000
    hospitals = tuple(runtime.tenants)
    return Snapshot(name, at, 0, settings.seconds, settings.frozen_at, settings.policies, tuple(spaces), hospitals)


def store_new_snapshot(snapshot: Snapshot) -> Put:
    """Raises Conflict if there is one with its name."""
    return Put(Record(KIND, snapshot.name, records.dump(snapshot), at=snapshot.at), if_revision=0)


async def check_room(sandbox: Sandbox, new: Snapshot) -> None:
    """Raises NoRoom."""
    others = await list_snapshots(sandbox)
    if len(others) >= MAXIMUM_SNAPSHOTS:
        raise NoRoom(f"There are {len(others)} snapshots, which is the maximum. Remove one first")
    if new.bytes + sum(other.bytes for other in others) > MAXIMUM_BYTES:
        raise NoRoom(
            f"All snapshots together may have at most {MAXIMUM_BYTES // 1_000_000} MB; this one has {new.bytes // 1_000_000}"
        )


def _population_keys(spaces: tuple[ResourceSpace, ...]) -> tuple[str, ...]:
    """The keys of the records that say how far the spaces are filled."""
    return tuple(key(space) for space in spaces for key in (filled_space.make_key, population_progress.make_key))


async def remove(sandbox: Sandbox, name: str) -> None:
    """Remove a snapshot. Raises UnknownSnapshot."""
    _, record = await find(sandbox, name)
    steps: list[Step] = [Put(record, record.revision), Delete(KIND, name), RemoveSnapshot(name)]
    try:
        await sandbox.runtime.store.transaction(steps)
    except Conflict:
        raise _explain_unknown(name) from None


async def find(sandbox: Sandbox, name: str) -> tuple[Snapshot, Record]:
    """Raises UnknownSnapshot."""
    record = await sandbox.runtime.store.get(KIND, name)
    if record is None:
        raise _explain_unknown(name)
    return records.parse(Snapshot, record.value), record


def _explain_unknown(name: str) -> UnknownSnapshot:
    return UnknownSnapshot(f"There is no snapshot named {name}")


async def restore(sandbox: Sandbox, name: str) -> None:
    """Make everything as it was saved, except the journal, faults, administrators and signing keys.

    Requests that began before change nothing any more, on any worker. Raises UnknownSnapshot and CannotRestore.
    """
    await find(sandbox, name)
    await sandbox.journal.flush()
    async with sandbox.filling.pause(None):
        while not await _is_restored(sandbox, name):
            continue


async def _is_restored(sandbox: Sandbox, name: str) -> bool:
    """Try to restore. False if another worker changed the settings, or reset or restored at the same time."""
    runtime = sandbox.runtime
    await runtime_settings.refresh_settings(runtime)
    try:
        with compare_with(OUTSIDE):
            await runtime.store.transaction(await _restore_steps(sandbox, *await find(sandbox, name)))
    except Conflict as error:
        if isinstance(error.step, RestoreSnapshot):
            raise CannotRestore("The sample patients of a hospital were created again after this snapshot was saved") from None
        return False
    await runtime_settings.refresh_settings(runtime)
    return True


async def _restore_steps(sandbox: Sandbox, snapshot: Snapshot, record: Record) -> list[Step]:
    runtime, now = sandbox.runtime, clock.read(sandbox.runtime)
    spaces = tuple(space for space in snapshot.spaces if space.tenant in runtime.tenants)
    settings, revision = await runtime_settings.read_runtime_settings(runtime)
    restored = _restore_settings(settings, snapshot, now.real)
    today = sandbox.filling.today(now.now - now.real - clock.offset_of(restored, now.real))
    index = partial(reindexing.extract_entries_of_body, runtime)
    return [
        Put(record, record.revision),
        RestoreSnapshot(snapshot.name, record_kinds.IN_SNAPSHOTS, _population_keys(spaces), spaces, index),
        *_drop_removed_hospitals(snapshot, runtime),
        *await sandbox.filling.steps_of_reset(None, today, kept=frozenset(spaces)),
        *await _seed_added_hospitals(sandbox, snapshot),
        runtime_settings.store_settings(restored, revision),
        reset_revisions.make_step(runtime.resets, None, False, restores=True),
    ]


def _drop_removed_hospitals(snapshot: Snapshot, runtime: Runtime) -> list[Step]:
    """Leave out what the snapshot has of hospitals that were removed since."""
    removed = [name for name in snapshot.hospitals if name not in runtime.tenants]
    spaces = tuple(space for space in snapshot.spaces if space.tenant in removed)
    clears = [Clear(kind, name) for name in removed for kind in record_kinds.IN_SNAPSHOTS]
    return [*clears, *(Delete("meta", key) for key in _population_keys(spaces))]


async def _seed_added_hospitals(sandbox: Sandbox, snapshot: Snapshot) -> list[Put]:
    """The users and sample apps of hospitals that were added since."""
    runtime, written = sandbox.runtime, sandbox.filling.written
    added = [name for name in runtime.tenants if name not in snapshot.hospitals]
    return [put for name in added for put in await seeding.list_steps(runtime, written, name, everything=True)]


def _restore_settings(settings: RuntimeSettings, snapshot: Snapshot, real: float) -> RuntimeSettings:
    behind = clock.remember_behind(settings, real)
    return replace(behind, seconds=snapshot.seconds, frozen_at=snapshot.frozen_at, policies=snapshot.policies)
