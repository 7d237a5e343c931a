"""Saves resources: one look-up for everything involved, then the rows in one statement per kind of change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import orjson

from sickbay.storage.interface import Put, Reindex, Save, Step
from sickbay.storage.postgres.batch import Batch, Key, Known, make_placeholder_row
from sickbay.storage.postgres.id_allocation import IdAllocator, allocate
from sickbay.storage.postgres.migrations import MAY_HIDE
from sickbay.storage.postgres.sql_dialect import convert_values, translate_to_postgres
from sickbay.storage.query import marks, undo
from sickbay.storage.query.dictionary import LIVE, REFERENCED
from sickbay.storage.query.marks import Restored
from sickbay.storage.query.saving import COLUMNS, INDEX_REVISION, INDEXES, IndexRow, list_targets

SLICES = 64
"""Number of rows for each counter. A session uses the row of its backend PID modulo this number, so few sessions wait."""
_KINDS = {
    "resource": "nid bigint, space bigint, type bigint, state bigint, id text, version_id bigint, changed bigint,"
    " index_revision bigint, facts text, body bytea",
    "resource_history": "nid bigint, version_id bigint, at bigint, interaction text, who text, facts text, undo bytea,"
    " body bytea",
    "term": "hash bigint, system text, code text",
    "type_count": "space bigint, type bigint, slice bigint, live bigint",
}
_LOOK = (
    "SELECT r.type, r.id, r.nid, r.state, r.version_id, r.facts, r.index_revision"
    " FROM unnest($2::bigint[], $3::text[]) k(type, id) JOIN resource r ON r.space = $1 AND r.type = k.type AND r.id = k.id"
)
_CONFLICT = {
    "resource": " ON CONFLICT (nid) DO UPDATE SET state = excluded.state, version_id = excluded.version_id,"
    " changed = excluded.changed, index_revision = excluded.index_revision, facts = excluded.facts, body = excluded.body",
    "term": " ON CONFLICT DO NOTHING",
    "type_count": " ON CONFLICT (space, type, slice) DO UPDATE SET live = type_count.live + excluded.live",
}
_KEEP = (
    "UPDATE resource_history h SET facts = r.facts, body = r.body FROM resource r"
    " WHERE r.nid = ANY($1) AND h.nid = r.nid AND h.version_id = r.version_id"
)
"""The facts too, because they may have been extracted again."""
_REINDEXED = (
    f"UPDATE resource r SET index_revision = {INDEX_REVISION}, facts = f.facts"
    " FROM unnest($1::bigint[], $2::text[]) f(nid, facts) WHERE r.nid = f.nid"
)
_WHERE_FACETS = (
    "(patient, type, word, hash, rank, nid) IN (SELECT c.patient, c.type, -t.parameter, t.hash, c.rank, c.nid"
    " FROM compartment_index c CROSS JOIN token_index t WHERE c.nid = ANY($1) AND t.nid = c.nid AND t.parameter < 0)"
)
_DELETIONS = {
    table: f"{table}_ AS (DELETE FROM {table} WHERE {_WHERE_FACETS if table == 'facet_index' else 'nid = ANY($1)'}"
    for table in INDEXES
}
_FORGET = f"WITH {', '.join(f'{text})' for text in _DELETIONS.values())} SELECT 1"
_TAKE = (
    "WITH "
    + ", ".join(f"{text} RETURNING {', '.join(COLUMNS[table])})" for table, text in _DELETIONS.items())
    + " "
    + " UNION ALL ".join(
        f"SELECT '{table}', nid, json_build_array({', '.join(COLUMNS[table])})::text FROM {table}_" for table in INDEXES
    )
)
"""Deletes index rows, and returns each with its table, and encoded as JSON, because the columns of the tables differ."""


def find_bounds(numbers: IdAllocator, steps: Iterable[Step]) -> dict[int, int]:
    """Return the maximum number of nids for each space. Other steps may delete resources, which then get new ones."""
    counts: dict[int, int] = {}
    for _, run in groupby(steps, key=lambda step: isinstance(step, Put | Save | Reindex)):
        for space, *_ in _keys_of_saves(numbers, (step for step in run if isinstance(step, Save | Reindex))):
            counts[space] = counts.get(space, 0) + 1
    return counts


async def save(db: Any, numbers: IdAllocator, nids: dict[int, list[int]], saves: Sequence[Save]) -> None:
    """Save resources whose locks are held. Raises Conflict. nids: by space, as many as `find_bounds` returned; used ones are
    removed.
    """
    known = await find_known_resources(db, _keys_of_saves(numbers, saves))
    await _number_new_resources(db, numbers, nids, saves, known)
    batch = Batch(numbers.spaces, numbers.words, known, hides=await _find_hidden_resources(db, numbers, saves, known))
    for step in saves:
        batch.add(step)
    await write_rows(db, batch)


async def _find_hidden_resources(
    db: Any, numbers: IdAllocator, saves: Iterable[Save], known: Mapping[Key, Known]
) -> frozenset[int]:
    """Return the nids of the resources that are hidden if they are deleted."""
    deleted: dict[int, set[int]] = {}
    for step in saves:
        if step.interaction == "delete":
            space = numbers.spaces[step.space]
            deleted.setdefault(space, set()).add(known[space, numbers.words[step.type], step.id].nid)
    found: list[int] = []
    for space, nids in deleted.items():
        text, lists = translate_to_postgres(f"SELECT value FROM ({marks.HIDES}) h WHERE {MAY_HIDE}")
        found += [nid for (nid,) in await db.fetch(text, *convert_values(marks.make_hiding_binds(space, sorted(nids)), lists))]
    return frozenset(found)


async def reindex(db: Any, numbers: IdAllocator, nids: dict[int, list[int]], steps: Sequence[Reindex]) -> None:
    """Rewrite the index rows of resources that still have that version, under the same locks as a save."""
    known = await find_known_resources(db, _keys_of_saves(numbers, steps))

    def is_current(step: Reindex) -> bool:
        state = known.get((numbers.spaces[step.space], numbers.words[step.type], step.id))
        return state is not None and (state.state, state.version) == (LIVE, step.version_id)

    current_steps = [step for step in steps if is_current(step)]
    await _number_new_resources(db, numbers, nids, current_steps, known)
    batch = Batch(numbers.spaces, numbers.words, known)
    for step in current_steps:
        batch.reindex(step)
    await write_rows(db, batch)


async def restore(db: Any, numbers: IdAllocator, space: int, resources: Sequence[Restored]) -> None:
    """Rewrite resources as they were at a mark, and add their index rows."""
    keys = {(space, numbers.words[type], id) for resource in resources for type, id in list_targets(resource.entries)}
    known = await find_known_resources(db, keys)
    if absent := sorted(keys - known.keys()):
        nids = await allocate(db, space, len(absent))
        rows = [make_placeholder_row(nid, key) for nid, key in zip(nids, absent, strict=True)]
        await db.execute(_insertion_statement("resource"), *_arrays_of_rows("resource", rows))
        known |= {key: Known(nid, REFERENCED, 0, "") for nid, key in zip(nids, absent, strict=True)}
    hides = await db.fetchval(f"SELECT {MAY_HIDE}")
    batch = Batch(numbers.spaces, numbers.words, known)
    for resource in resources:
        batch.restore(space, resource._replace(hides=hides and resource.hides))
    await write_rows(db, batch)


async def delete_rows(db: Any, nids: list[int]) -> None:
    await db.execute(_FORGET, nids)


async def _take_rows(db: Any, nids: list[int]) -> dict[int, dict[str, set[IndexRow]]]:
    """Delete the index rows of resources and return them."""
    taken: dict[int, dict[str, set[IndexRow]]] = {}
    for table, nid, row in await db.fetch(_TAKE, nids):
        taken.setdefault(nid, {}).setdefault(table, set()).add(tuple(orjson.loads(row)))
    return taken


async def write_change(db: Any, change: undo.IndexChange) -> None:
    """Delete and insert index rows."""
    for table, rows in change.deleted.items():
        await db.execute(_deletion_statement(table), *_arrays_of_rows(table, rows))
    if change.inserted:
        arrays = (array for table, rows in change.inserted.items() for array in _arrays_of_rows(table, rows))
        await db.execute(_insert_statement(tuple(change.inserted)), *arrays)


def _keys_of_saves(numbers: IdAllocator, saves: Iterable[Save | Reindex]) -> dict[Key, None]:
    """Return the keys of everything that is saved or referenced, without duplicates."""
    words, keys = numbers.words, dict[Key, None]()
    for step in saves:
        space = numbers.spaces[step.space]
        keys[space, words[step.type], step.id] = None
        for type, id in list_targets(step.facts):
            keys[space, words[type], id] = None
    return keys


async def find_known_resources(db: Any, keys: Iterable[Key]) -> dict[Key, Known]:
    """Return what is known about the resources with these keys."""
    by_space: dict[int, list[Key]] = {}
    for key in keys:
        by_space.setdefault(key[0], []).append(key)
    known: dict[Key, Known] = {}
    for space, space_keys in by_space.items():
        for type, id, *columns in await db.fetch(_LOOK, space, [key[1] for key in space_keys], [key[2] for key in space_keys]):
            known[space, type, id] = Known(*columns)
    return known


async def _number_new_resources(
    db: Any, numbers: IdAllocator, nids: dict[int, list[int]], saves: Sequence[Save | Reindex], known: dict[Key, Known]
) -> None:
    """Number everything that doesn't exist yet. Other transactions may add the same referenced resources at the same time."""
    saved = {(numbers.spaces[step.space], numbers.words[step.type], step.id) for step in saves}
    fresh = {key: nids[key[0]].pop(0) for key in _keys_of_saves(numbers, saves) if key not in known}
    known |= {key: Known(nid, REFERENCED, 0, "") for key, nid in fresh.items()}
    rows = sorted((make_placeholder_row(nid, key) for key, nid in fresh.items() if key not in saved), key=lambda row: row[1:5])
    if rows:
        text = _insertion_statement("resource", " ON CONFLICT (space, type, id) DO NOTHING")
        if int((await db.execute(text, *_arrays_of_rows("resource", rows))).rpartition(" ")[2]) < len(rows):
            known |= await find_known_resources(db, [(row[1], row[2], row[4]) for row in rows])


async def write_rows(db: Any, batch: Batch) -> None:
    if batch.keep:
        await db.execute(_KEEP, list(batch.keep))
    index = batch.rows(await _take_rows(db, list(batch.forget)) if batch.forget else {})
    rows: dict[str, Sequence[Sequence[Any]]] = {
        "resource": list(batch.resources.values()),
        "resource_history": batch.history,
        **index,
    }
    if batch.terms:
        rows["term"] = sorted(batch.terms.values())
    if batch.reindexed:
        await db.execute(_REINDEXED, list(batch.reindexed), list(batch.reindexed.values()))
    slice = db.get_server_pid() % SLICES
    rows["type_count"] = sorted((space, type, slice, live) for (space, type), live in batch.counts.items())
    rows = {table: table_rows for table, table_rows in rows.items() if table_rows}
    if rows:
        await db.execute(
            _insert_statement(tuple(rows)),
            *(array for table_and_rows in rows.items() for array in _arrays_of_rows(*table_and_rows)),
        )


@cache
def _columns_of_table(table: str) -> tuple[tuple[str, str], ...]:
    """Return the name and type of each column."""
    if table in _KINDS:
        return tuple((name, kind) for name, kind in (column.split() for column in _KINDS[table].split(", ")))
    return tuple((name, "text" if name == "value" else "bigint") for name in COLUMNS[table])


def _arrays_of_rows(table: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Return rows as columns. Numbers are formatted as array literals, because asyncpg checks each item for being an array."""
    columns = zip(_columns_of_table(table), zip(*rows, strict=True), strict=True)
    return [f"{{{str(column)[1:-1].rstrip(',')}}}" if kind == "bigint" else column for (_, kind), column in columns]


@cache
def _deletion_statement(table: str) -> str:
    """Return a statement that deletes rows of an index table."""
    columns = _columns_of_table(table)
    arrays = ", ".join(
        f"${position}::{'text::' if kind == 'bigint' else ''}{kind}[]" for position, (_, kind) in enumerate(columns, 1)
    )
    conditions = " AND ".join(f"i.{name} = f.{name}" for name, _ in columns)
    return f"DELETE FROM {table} i USING unnest({arrays}) f({', '.join(name for name, _ in columns)}) WHERE {conditions}"


@cache
def _insertion_statement(table: str, conflict: str | None = None, first: int = 1) -> str:
    columns = [name for name, _ in _columns_of_table(table)]
    arrays = ", ".join(
        f"${position}::{'text::' if kind == 'bigint' else ''}{kind}[]"
        for position, (_, kind) in enumerate(_columns_of_table(table), first)
    )
    names, values = ", ".join(columns), ", ".join(columns)
    if table == "resource_history":
        names, values = f"sequence, {names}", f"nextval('history_sequence'), {values}"
    on_conflict = _CONFLICT.get(table, "") if conflict is None else conflict
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) f({', '.join(columns)}){on_conflict}"


@cache
def _insert_statement(tables: tuple[str, ...]) -> str:
    """Combine the inserts into one statement, which takes one round trip to the server."""
    parts, first = [], 1
    for table in tables:
        parts.append(f"{table}_ AS ({_insertion_statement(table, None, first)})")
        first += len(_columns_of_table(table))
    return f"WITH {', '.join(parts)} SELECT 1"
