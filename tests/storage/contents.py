"""Reads everything that a store contains of a space, row by row, to compare two moments."""

from __future__ import annotations

from typing import Any

from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.saving import COLUMNS
from sickbay.storage.sqlite.store import SqliteStore

_LIVE = "SELECT type, sum(live) FROM type_count WHERE space = {} GROUP BY type HAVING sum(live) <> 0"
_HISTORY = (
    "SELECT h.nid, h.version_id, h.sequence, h.at, h.interaction, h.who, h.facts, CASE WHEN h.version_id <> r.version_id"
    " THEN h.body END FROM resource_history h JOIN resource r ON r.nid = h.nid WHERE h.nid >> 40 = {}"
)
"""The body of the current version is stored in `resource`. A return to a mark leaves it in the history too."""
_RESOURCE = "SELECT nid, type, state, id, version_id, changed, index_revision, facts, body FROM resource WHERE space = {}"
_USED = (
    " AND (state <> 0 OR EXISTS (SELECT 1 FROM reference_index WHERE target = resource.nid)"
    " OR EXISTS (SELECT 1 FROM compartment_index WHERE patient = resource.nid))"
)
"""A resource that nothing refers to any more, and that was never saved, is no part of the data."""


async def tables(store: Any, space: ResourceSpace) -> dict[str, list[Any]]:
    """All rows of a space, in every table. What is only referenced may get another number, so its name stands for it."""
    found = await rows_of(store, f"SELECT number FROM space WHERE tenant = '{space.tenant}'")
    number = found[0][0] if found else 0
    texts = {"live": _LIVE, "resource_history": _HISTORY, "resource": _RESOURCE + _USED}
    for table, columns in COLUMNS.items():
        texts[table] = f"SELECT {', '.join(columns)} FROM {table} WHERE nid >> 40 = {{}}"
    text = f"SELECT nid, type, id FROM resource WHERE space = {number} AND state = 0"
    names = {nid: (type, id) for nid, type, id in await rows_of(store, text)}
    return {
        table: sorted(
            (tuple(names.get(value, value) for value in row) for row in await rows_of(store, text.format(number))), key=repr
        )
        for table, text in texts.items()
    }


async def rows_of(store: Any, text: str) -> list[Any]:
    if isinstance(store, SqliteStore):
        return store._reader.rows(text)
    async with store._pool.connection() as db:
        return list(await db.fetch(text))


async def execute(store: Any, text: str) -> None:
    """Change the database directly."""
    if isinstance(store, SqliteStore):
        await store._writer.run(lambda transaction: transaction.db.execute(text))
        return
    async with store._pool.connection() as db:
        await db.execute(text)
