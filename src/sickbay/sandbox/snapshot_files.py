"""Exports a snapshot as one file to attach to a bug report, and imports such a file, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from sickbay import __version__
from sickbay.authorization.models import Client
from sickbay.sandbox import filled_space, population_progress, seeding, snapshots
from sickbay.sandbox.filled_space import FilledSpace
from sickbay.sandbox.population_progress import WrittenPortions
from sickbay.sandbox.sandbox import Sandbox
from sickbay.sandbox.snapshots import CannotRestore, NameTaken, Snapshot, SnapshotError
from sickbay.services.snapshot_files import archive, history, manifest, people, stored_secrets
from sickbay.services.snapshot_files.archive import BadFile, FileTooLarge
from sickbay.services.snapshot_files.history import VersionLine
from sickbay.services.snapshot_files.manifest import Manifest, PopulationOf, SpaceOf
from sickbay.services.snapshot_files.people import NewSecret
from sickbay.storage.interface import Conflict, ImportSnapshot, Record, ResourceSpace
from sickbay.storage.resets import OUTSIDE, compare_with
from sickbay.storage.snapshot_steps import SavedSpace


class WrongFile(SnapshotError):
    """The file isn't a snapshot, or doesn't fit this Sickbay."""


class SnapshotTooLarge(SnapshotError):
    """The file or the snapshot is over a limit."""


class Imported(NamedTuple):
    """secrets: the new secrets of apps, shown only here."""

    snapshot: Snapshot
    secrets: list[NewSecret]


class _Space(NamedTuple):
    """The part of the file about one space."""

    space: ResourceSpace
    described: SpaceOf
    lines: list[tuple[str, VersionLine]]


async def export_file(sandbox: Sandbox, name: str) -> bytes:
    """Return the file of a snapshot. Raises UnknownSnapshot and SnapshotTooLarge."""
    snapshot, _ = await snapshots.find(sandbox, name)
    if snapshot.bytes > archive.UNPACKED_BYTES * 2:  # it also counts sessions and tokens
        raise SnapshotTooLarge(f"The snapshot {name} is too large for a file: {snapshot.bytes // 1_000_000} MB")
    stored = await sandbox.runtime.store.read_snapshot_records(name)
    spaces = [await sandbox.runtime.store.read_snapshot_space(name, space) for space in snapshot.spaces]
    files = await asyncio.to_thread(_write_parts, sandbox, snapshot, stored, spaces)
    try:
        return await asyncio.to_thread(archive.pack, await stored_secrets.remove_secrets(sandbox.runtime, files, stored))
    except FileTooLarge as error:
        raise SnapshotTooLarge(str(error)) from None


def _write_parts(sandbox: Sandbox, snapshot: Snapshot, stored: list[Record], spaces: list[SavedSpace]) -> dict[str, bytes]:
    described = manifest.dump(
        Manifest(
            format=manifest.FORMAT,
            version=manifest.VERSION,
            sickbay=__version__,
            name=snapshot.name,
            at=snapshot.at,
            seconds=snapshot.seconds,
            frozen_at=snapshot.frozen_at,
            population=_population_lookup(sandbox),
            hospitals=snapshot.hospitals,
            policies=snapshot.policies,
            spaces=tuple(_describe_space(saved, stored) for saved in spaces),
        )
    )
    files = {
        archive.MANIFEST: described,
        archive.APPS: people.dump_apps(record for record in stored if record.kind == "app"),
        archive.USERS: people.dump_users(record for record in stored if record.kind == "user"),
    }
    return files | {archive.resources_name(*saved.space): history.dump(saved.versions) for saved in spaces}


def _population_lookup(sandbox: Sandbox) -> PopulationOf:
    written = sandbox.filling.written
    return PopulationOf(written.patients, written.seed, written.messiness)


def _describe_space(saved: SavedSpace, stored: list[Record]) -> SpaceOf:
    tenant, version = saved.space
    meta = {record.key: record for record in stored if record.kind == "meta"}
    filled = meta.get(filled_space.make_key(saved.space))
    if filled is None:
        day = population_progress.parse(meta[population_progress.make_key(saved.space)]).day
        return SpaceOf(tenant, version, day, versions=len(saved.versions))
    parsed = filled_space.parse(filled)
    return SpaceOf(tenant, version, parsed.day, parsed.first, parsed.versions, saved.filled, len(saved.versions))


async def import_file(sandbox: Sandbox, packed: bytes, name: str | None = None) -> Imported:
    """Import a snapshot. name: instead of the one in the file. Raises SnapshotError. Then nothing was changed."""
    async with sandbox.importing:
        try:
            return await _import_file(sandbox, packed, name)
        except FileTooLarge as error:
            raise SnapshotTooLarge(str(error)) from None
        except BadFile as error:
            raise WrongFile(str(error)) from None


async def _import_file(sandbox: Sandbox, packed: bytes, name: str | None) -> Imported:
    described, spaces, (apps, secrets), users = await asyncio.to_thread(_read_parts, sandbox, packed)
    name = described.name if name is None else name
    snapshots.check_name(name)
    await snapshots.check_free(sandbox, name)
    for part in spaces:
        await sandbox.filling.ensure(part.space)
    saved = [await _complete_space(sandbox, part) for part in spaces]
    stored = [*apps, *users, *(_fill_record(sandbox, part) for part in spaces)]
    size = sum(len(record.value) for record in stored)
    size += sum(len(version.body or b"") for space in saved for version in space.versions)
    snapshot = Snapshot(
        name,
        described.at,
        size,
        described.seconds,
        described.frozen_at,
        described.policies,
        tuple(part.space for part in spaces),
        described.hospitals,
    )
    await _store_snapshot(sandbox, snapshot, ImportSnapshot(name, stored, saved))
    return Imported(snapshot, secrets)


def _read_parts(
    sandbox: Sandbox, packed: bytes
) -> tuple[Manifest, list[_Space], tuple[list[Record], list[NewSecret]], list[Record]]:
    """Read and check everything that doesn't depend on the sample data."""
    runtime, files = sandbox.runtime, archive.unpack(packed)
    described = manifest.read(files)
    manifest.check_fits(described, runtime.tenants, _population_lookup(sandbox))
    spaces = []
    for part in described.spaces:
        space = ResourceSpace(part.hospital, part.fhir)
        name = archive.resources_name(*space)
        parsed = history.read_lines(name, files.pop(name, b""), part.versions)
        spaces.append(_Space(space, part, parsed))
    if unused := files.keys() - {archive.MANIFEST, archive.APPS, archive.USERS}:
        raise BadFile(min(unused), "the manifest doesn't name this hospital and FHIR version")
    apps = people.read_apps(runtime, files.get(archive.APPS, b""), _sample_apps(sandbox))
    password = seeding.PASSWORD_HASHES["sickbay"]
    return described, spaces, apps, people.read_users(runtime.tenants, files.get(archive.USERS, b""), password)


def _sample_apps(sandbox: Sandbox) -> Mapping[str, Client]:
    runtime = sandbox.runtime
    here = [seeding.make_sample(runtime, tenant, fhir) for tenant in runtime.tenants.values() for fhir in tenant.dialect.fhir]
    return {client.client_id: client for client in here}


async def _complete_space(sandbox: Sandbox, part: _Space) -> SavedSpace:
    """Check the versions, also against the sample data."""
    store, address = sandbox.runtime.store, sandbox.runtime.tenants[part.space.tenant].fhir_base(part.space.version)
    checked = await asyncio.to_thread(history.read_versions, part.space, part.lines, address)
    base: dict[tuple[str, str], tuple[int, str]] = {}
    for type, ids in history.ids_by_type(part.lines).items():
        base |= {(type, id): found for id, found in (await store.read_base(part.space, type, ids)).items()}
    versions = history.complete_versions(checked, [place for place, _ in part.lines], base)
    return SavedSpace(part.space, versions, part.described.filled)


def _fill_record(sandbox: Sandbox, part: _Space) -> Record:
    """The record that says how far the space is filled."""
    described, patients = part.described, sandbox.filling.written.patients
    if described.first is None:
        return WrittenPortions(described.day, patients + 1).put(part.space, always=True).record
    return FilledSpace(described.day, described.first, described.written).put(part.space).record


async def _store_snapshot(sandbox: Sandbox, snapshot: Snapshot, step: ImportSnapshot) -> None:
    """Write the snapshot in one transaction."""
    async with sandbox.filling.pause(None):
        await snapshots.check_room(sandbox, snapshot)
        try:
            with compare_with(OUTSIDE):
                await sandbox.runtime.store.transaction([snapshots.store_new_snapshot(snapshot), step])
        except Conflict as error:
            if isinstance(error.step, ImportSnapshot):
                raise CannotRestore("A hospital was reset while the file was imported. Import it again") from None
            raise NameTaken(f"A snapshot named {snapshot.name} already exists") from None
