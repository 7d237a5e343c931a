"""Executes the steps of a transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sickbay.storage.interface import Clear, Delete, DeleteFamily, Put, Reindex, Save, Step, UseOnce
from sickbay.storage.postgres import records
from sickbay.storage.postgres.id_allocation import IdAllocator
from sickbay.storage.postgres.resources import reindex, save
from sickbay.storage.query.space_tables import TABLES, forgets


async def apply(db: Any, numbers: IdAllocator, nids: dict[int, list[int]], steps: Sequence[Step]) -> None:
    """Apply all steps in order, combining adjacent steps of a kind. Raises Conflict; the caller undoes the changes."""
    for run in _runs(steps):
        match run[0]:
            case Put():
                await records.put(db, [step for step in run if isinstance(step, Put)])
            case Save():
                await save(db, numbers, nids, [step for step in run if isinstance(step, Save)])
            case Reindex():
                await reindex(db, numbers, nids, [step for step in run if isinstance(step, Reindex)])
            case step:
                await _single(db, step)


async def _single(db: Any, step: Step) -> None:
    match step:
        case UseOnce():
            await records.use_once(db, step)
        case Delete():
            await records.delete(db, step)
        case DeleteFamily():
            await records.delete_family(db, step)
        case Clear(kind="resources"):
            await _clear(db, step.tenant)
        case Clear():
            await records.clear(db, step)


async def _clear(db: Any, tenant: str) -> None:
    """Delete all resources of a tenant: a range in every table. For all tenants, truncate the tables."""
    if not tenant:
        await db.execute(f"TRUNCATE {', '.join(TABLES)}")
        return
    for (number,) in await db.fetch("SELECT number FROM space WHERE tenant = $1", tenant):
        for text in forgets(number):
            await db.execute(text)


def _runs(steps: Sequence[Step]) -> Iterator[list[Step]]:
    for _, run in groupby(enumerate(steps), key=lambda pair: type(pair[1]) if _joins(pair[1]) else pair[0]):
        yield [step for _, step in run]


def _joins(step: Step) -> bool:
    return isinstance(step, Put | Save | Reindex)
