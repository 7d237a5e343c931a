"""What a transaction does: the steps of an operation, a chunk of a population, a copy of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sickbay.storage.interface import Clear, Delete, DeleteFamily, Put, Reindex, Save, Step, UseOnce
from sickbay.storage.postgres import records
from sickbay.storage.postgres.id_allocation import IdAllocator
from sickbay.storage.postgres.resources import reindex, save
from sickbay.storage.query.copying import TABLES, copies, forgets, live


async def apply(db: Any, numbers: IdAllocator, nids: dict[int, list[int]], steps: Sequence[Step]) -> None:
    """All steps in order, neighbours of a kind together. Raises Conflict; whoever calls undoes."""
    for together in _runs(steps):
        match together[0]:
            case Put():
                await records.put(db, [one for one in together if isinstance(one, Put)])
            case Save():
                await save(db, numbers, nids, [one for one in together if isinstance(one, Save)])
            case Reindex():
                await reindex(db, numbers, nids, [one for one in together if isinstance(one, Reindex)])
            case one:
                await _single(db, one)


async def copy(db: Any, start: int, end: int) -> int:
    """How many live resources there are now; the target's own are forgotten."""
    for text in forgets(end):
        await db.execute(text)
    allocated = await db.fetchval("SELECT allocated FROM space WHERE number = $1 FOR UPDATE", end)
    for text in copies(start, end, allocated):
        await db.execute(text)
    return int(await db.fetchval(live(end)))


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
    """Forget all resources of a tenant: a range in every table; or of all: the tables are emptied at once."""
    if not tenant:
        await db.execute(f"TRUNCATE {', '.join(TABLES)}")
        return
    for (number,) in await db.fetch("SELECT number FROM space WHERE tenant = $1", tenant):
        for text in forgets(number):
            await db.execute(text)


def _runs(steps: Sequence[Step]) -> Iterator[list[Step]]:
    for _, together in groupby(enumerate(steps), key=lambda pair: type(pair[1]) if _joins(pair[1]) else pair[0]):
        yield [step for _, step in together]


def _joins(step: Step) -> bool:
    return isinstance(step, Put | Save | Reindex)
