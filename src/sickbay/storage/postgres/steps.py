"""Executes the steps of a transaction. Conditions are part of the statements, so nothing can change in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sickbay.storage import quotas
from sickbay.storage.counts import Failures, Volume
from sickbay.storage.interface import (
    Clear,
    Conflict,
    CopyResources,
    Delete,
    DeleteFamily,
    ImportSnapshot,
    Mark,
    Put,
    Reindex,
    ReturnToMark,
    Save,
    Step,
    UseOnce,
)
from sickbay.storage.kinds import CHANGES, COUNTED
from sickbay.storage.postgres.copying import copy_resources
from sickbay.storage.postgres.id_allocation import IdAllocator
from sickbay.storage.postgres.locks import hash_to_number
from sickbay.storage.postgres.marks import perform_actions, set_mark
from sickbay.storage.postgres.resources import reindex, save
from sickbay.storage.postgres.snapshots import import_snapshot
from sickbay.storage.postgres.sql_dialect import convert_values, translate_to_postgres
from sickbay.storage.query import exchanges
from sickbay.storage.query import records as record_sql
from sickbay.storage.query.returning import actions_of
from sickbay.storage.query.space_tables import TABLES, list_deletions
from sickbay.storage.query.statement import Sql
from sickbay.storage.snapshot_steps import RemoveSnapshot, RestoreSnapshot, SaveSnapshot

_PUT_IF = record_sql.PUT_IF.replace("?", "$")
_COUNT_FAILURE = record_sql.COUNT_FAILURE.replace("?", "$")
_DELETE_OLDEST = f"DELETE FROM record WHERE number IN ({quotas.OLDEST} FOR UPDATE SKIP LOCKED)"


def append_changes(steps: Sequence[Step]) -> Sequence[Step]:
    """Append CHANGES if one of the steps may change a record of a counted kind."""
    for step in steps:
        kind = step.record.kind if isinstance(step, Put) else step.kind if isinstance(step, (Delete, Clear)) else ""
        if kind in COUNTED or isinstance(step, RestoreSnapshot):
            return (*steps, CHANGES)
    return steps


async def apply(db: Any, numbers: IdAllocator, nids: dict[int, list[int]], steps: Sequence[Step]) -> None:
    """Apply all steps in order, combining adjacent steps of a kind. Raises Conflict; the caller undoes the changes."""
    for run in _runs_of_steps(steps):
        match run[0]:
            case Put():
                await _put_records(db, [step for step in run if isinstance(step, Put)])
            case Save():
                await save(db, numbers, nids, [step for step in run if isinstance(step, Save)])
            case Reindex():
                await reindex(db, numbers, nids, [step for step in run if isinstance(step, Reindex)])
            case Mark() as step:
                await set_mark(db, numbers, step)
            case (ReturnToMark() | SaveSnapshot() | RestoreSnapshot() | RemoveSnapshot()) as step:
                await perform_actions(db, numbers, actions_of(step))
            case CopyResources() as step:
                await copy_resources(db, numbers, step)
            case ImportSnapshot() as step:
                await import_snapshot(db, numbers, step)
            case step:
                await _run_step(db, step)
    for label in sorted(quotas.labels_of(steps)):
        await _delete_over_quota(db, label)


async def _delete_over_quota(db: Any, label: str) -> None:
    """Delete the oldest records over the quota, except those that another transaction changes: waiting for it, while it waits
    for us to change the size of the quota, would be a deadlock.
    """
    while number := quotas.measure_excess(label, *await db.fetchrow(translate_to_postgres(quotas.SIZE).text, label)):
        if not await _count_changed_rows(db, _DELETE_OLDEST, label, number):
            return


async def count_failure(db: Any, binds: tuple[Any, ...]) -> Failures:
    counted = Failures(*await db.fetchrow(_COUNT_FAILURE, *convert_values(binds)))
    await _delete_over_quota(db, quotas.FAILURES)
    return counted


async def _run_step(db: Any, step: Step) -> None:
    match step:
        case UseOnce():
            await _change_row(db, step, record_sql.USE, step.now, step.kind, step.key)
        case Delete():
            await _count_changed_rows(db, record_sql.DELETE, step.kind, step.key)
        case DeleteFamily():
            for kind in step.kinds:
                await _count_changed_rows(db, record_sql.DELETE_FAMILY, step.family, kind)
        case Clear(kind="resources"):
            await _clear_resources(db, step.tenant)
        case Clear():
            await _count_changed_rows(db, record_sql.CLEAR, step.kind, step.tenant, step.tenant)


async def _clear_resources(db: Any, tenant: str) -> None:
    """Delete all resources of a tenant: a range in every table. For all tenants, truncate the tables."""
    if not tenant:
        await db.execute(f"TRUNCATE {', '.join(TABLES)}")
        return
    for (space,) in await db.fetch("SELECT number FROM space WHERE tenant = $1", tenant):
        for text in list_deletions(space):
            await db.execute(text)


def _runs_of_steps(steps: Sequence[Step]) -> Iterator[list[Step]]:
    for _, run in groupby(enumerate(steps), key=lambda pair: type(pair[1]) if _can_join(pair[1]) else pair[0]):
        yield [step for _, step in run]


def _can_join(step: Step) -> bool:
    return isinstance(step, Put | Save | Reindex)


async def _put_records(db: Any, steps: Sequence[Put]) -> None:
    """Write records without a condition together, and each of the others separately."""
    unconditional: list[Put] = []
    for step in steps:
        if step.if_revision is None:
            unconditional.append(step)
            continue
        await _put_unconditional(db, unconditional)
        unconditional.clear()
        if step.if_revision == 0:
            await _change_row(db, step, record_sql.PUT_ABSENT, *record_sql.list_fields(step.record))
        else:
            await _change_row(db, step, _PUT_IF, *record_sql.list_fields(step.record), step.if_revision)
    await _put_unconditional(db, unconditional)


async def purge(db: Any, now: int, most: int) -> int:
    return await _count_changed_rows(db, record_sql.PURGE, now - record_sql.KEPT, most)


async def delete_exchanges(db: Any, statement: Sql) -> int:
    return await _count_changed_rows(db, statement.text, *statement.binds)


async def trim(db: Any, most: Volume, at_once: int) -> int:
    """Add up `journal_size` and delete the excess. Only one worker does it at a time; others return 0."""
    if not await db.fetchval(f"SELECT pg_try_advisory_xact_lock({hash_to_number('journal')})"):
        return 0
    await db.execute(exchanges.FOLD)
    shares = [exchanges.Share(owner, int(count), int(size)) for owner, count, size in await db.fetch(exchanges.SHARES)]
    excess = exchanges.find_excess(shares, most, at_once)
    return 0 if excess is None else await _count_changed_rows(db, exchanges.TRIM, *excess)


async def _put_unconditional(db: Any, steps: Sequence[Put]) -> None:
    if len(steps) == 1:
        await _count_changed_rows(db, record_sql.PUT, *record_sql.list_fields(steps[0].record))
    elif steps:
        await db.executemany(
            translate_to_postgres(record_sql.PUT).text, [convert_values(record_sql.list_fields(step.record)) for step in steps]
        )


async def _change_row(db: Any, step: Put | UseOnce, text: str, *binds: Any) -> None:
    if await _count_changed_rows(db, text, *binds) != 1:
        raise Conflict(step)


async def _count_changed_rows(db: Any, text: str, *binds: Any) -> int:
    """Execute a statement and return the number of rows, which ends PostgreSQL's status: "UPDATE 1"."""
    status: str = await db.execute(translate_to_postgres(text).text, *convert_values(binds))
    return int(status.rpartition(" ")[2])
