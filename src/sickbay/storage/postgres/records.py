"""Steps on records. What is a condition stands in the statement, so that nothing lies between looking and changing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sickbay.storage.interface import Clear, Conflict, Delete, DeleteFamily, Put, UseOnce, Volume
from sickbay.storage.postgres.locks import number
from sickbay.storage.postgres.sql_dialect import spoken, values
from sickbay.storage.query import exchanges
from sickbay.storage.query import records as said

_PUT_IF = (
    "UPDATE record SET value = $3, tenant = $4, owner = $5, family = $6, label = $7, at = $8, expires_at = $9,"
    " used_at = $10, revision = revision + 1 WHERE kind = $1 AND key = $2 AND revision = $11"
)


async def put(db: Any, steps: Sequence[Put]) -> None:
    """Those without a condition together, each other one by itself."""
    plain: list[Put] = []
    for step in steps:
        if step.if_revision is None:
            plain.append(step)
            continue
        await _put_all(db, plain)
        plain.clear()
        if step.if_revision == 0:
            await _one(db, step, said.PUT_ABSENT, *said.fields(step.record))
        else:
            await _one(db, step, _PUT_IF, *said.fields(step.record), step.if_revision)
    await _put_all(db, plain)


async def use_once(db: Any, step: UseOnce) -> None:
    await _one(db, step, said.USE, step.now, step.kind, step.key)


async def delete(db: Any, step: Delete) -> None:
    await _change(db, said.DELETE, step.kind, step.key)


async def delete_family(db: Any, step: DeleteFamily) -> None:
    for kind in step.kinds:
        await _change(db, said.DELETE_FAMILY, step.family, kind)


async def clear(db: Any, step: Clear) -> None:
    await _change(db, said.CLEAR, step.kind, step.tenant, step.tenant)


async def purge(db: Any, now: int, most: int) -> int:
    return await _change(db, said.PURGE, now - said.KEPT, most)


async def trim(db: Any, most: Volume, at_once: int) -> int:
    """Adds up `journal_size`, and deletes what is too much. One worker at a time; 0 for the others."""
    if not await db.fetchval(f"SELECT pg_try_advisory_xact_lock({number('journal')})"):
        return 0
    await db.execute(exchanges.FOLD)
    shares = [exchanges.Share(owner, int(kept), int(size)) for owner, kept, size in await db.fetch(exchanges.SHARES)]
    found = exchanges.excess(shares, most, at_once)
    return 0 if found is None else await _change(db, exchanges.TRIM, *found)


async def _put_all(db: Any, steps: Sequence[Put]) -> None:
    if len(steps) == 1:
        await _change(db, said.PUT, *said.fields(steps[0].record))
    elif steps:
        await db.executemany(spoken(said.PUT).text, [values(said.fields(one.record)) for one in steps])


async def _one(db: Any, step: Put | UseOnce, text: str, *binds: Any) -> None:
    if await _change(db, text, *binds) != 1:
        raise Conflict(step)


async def _change(db: Any, text: str, *binds: Any) -> int:
    """How many rows, which stands at the end of what PostgreSQL says: "UPDATE 1"."""
    status: str = await db.execute(spoken(text).text, *values(binds))
    return int(status.rpartition(" ")[2])
