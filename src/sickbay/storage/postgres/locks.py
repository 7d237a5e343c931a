"""Determines what a transaction locks before it reads: everything that its conditions depend on, at once and in one order.

Each later statement sees everything that was committed before it (READ COMMITTED), and the locks prevent changes until the end.
So a condition that holds when it is checked still holds when the transaction commits, and transactions can't deadlock. A name
is locked shared by those who use it and exclusively by those who change it:

    everything                  shared by all, exclusive for clearing and for snapshots
    a family of records         shared for putting a record, exclusive for revoking
    a space                     shared for saving, exclusive for marks, fills, copies and large batches
    one resource                shared for referring to it, exclusive for saving or indexing it

Single records need no lock: their conditions are part of the statement that changes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from sickbay.storage.interface import (
    Clear,
    CopyResources,
    DeleteFamily,
    ImportSnapshot,
    Mark,
    Put,
    Reindex,
    ResourceSpace,
    ReturnToMark,
    Save,
    Step,
)
from sickbay.storage.query.saving import list_targets
from sickbay.storage.snapshot_steps import RestoreSnapshot, SaveSnapshot

MAXIMUM_LOCKED_RESOURCES = 200
"""If a transaction has more resources than this, it locks their spaces: the server holds all locks in one table."""
EVERYTHING = "everything"


def lock_for_steps(steps: Sequence[Step]) -> str:
    """Return the statement that takes the locks of these steps."""
    shared, exclusive = {EVERYTHING}, set[str]()
    saves: list[Save | Reindex] = []
    for step in steps:
        match step:
            case Put(record=record) if record.family:
                shared.add(f"family {record.family}")
            case DeleteFamily(family=family):
                exclusive.add(f"family {family}")
            case Clear() | SaveSnapshot() | RestoreSnapshot() | ImportSnapshot():
                exclusive.add(EVERYTHING)
            case Save() | Reindex():
                saves.append(step)
            case Mark() | ReturnToMark() | CopyResources():
                exclusive.add(_space_lock(step.space))
    spaces = {_space_lock(save.space) for save in saves}
    changed = {_resource_lock(save.space, save.type, save.id) for save in saves}
    used = {_resource_lock(save.space, *target) for save in saves for target in list_targets(save.facts)}
    if len(changed | used) > MAXIMUM_LOCKED_RESOURCES:
        return _lock_statement(shared, exclusive | spaces)
    return _lock_statement(shared | spaces | used, exclusive | changed)


def hash_to_number(name: str) -> int:
    """Return a 64-bit number. Two names with the same number only wait for each other."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8, person=b"sickbay").digest(), "big", signed=True)


def _lock_statement(shared: set[str], exclusive: set[str]) -> str:
    calls = {hash_to_number(name): "pg_advisory_xact_lock_shared" for name in shared}
    calls |= {hash_to_number(name): "pg_advisory_xact_lock" for name in exclusive}
    return f"SELECT {', '.join(f'{calls[key]}({key})' for key in sorted(calls))}"


def _space_lock(space: ResourceSpace) -> str:
    return f"space {space.tenant}/{space.version}"


def _resource_lock(space: ResourceSpace, type: str, id: str) -> str:
    return f"resource {space.tenant}/{space.version}/{type}/{id}"
