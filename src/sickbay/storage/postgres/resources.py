"""Saving resources: one look at all that is concerned, then the rows in as few statements as there are kinds of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sickbay.storage.interface import Reindex, Save
from sickbay.storage.postgres.batch import Batch, Key, Known, placeholder
from sickbay.storage.postgres.id_allocation import IdAllocator
from sickbay.storage.query.dictionary import APART, GONE, LIVE, MEMBER, REFERENCED
from sickbay.storage.query.saving import COLUMNS, INDEX_REVISION, INDEXES, rows_of, targets

SLICES = 64
"""Sessions whose numbers differ by less than this count in rows of their own, and wait for nobody."""
_KINDS = {
    "resource": "nid bigint, space bigint, type bigint, state bigint, id text, version_id bigint, changed bigint,"
    " index_revision bigint, facts text, body bytea",
    "resource_history": "nid bigint, version_id bigint, at bigint, interaction text, who text, facts text, body bytea",
    "term": "hash bigint, system text, code text",
    "type_count": "space bigint, type bigint, slice bigint, live bigint",
}
_LOOK = (
    "SELECT r.type, r.id, r.nid, r.state, r.version_id, r.facts FROM unnest($2::bigint[], $3::text[]) k(type, id)"
    " JOIN resource r ON r.space = $1 AND r.type = k.type AND r.id = k.id"
)
_CONFLICT = {
    "resource": " ON CONFLICT (nid) DO UPDATE SET state = excluded.state, version_id = excluded.version_id,"
    " changed = excluded.changed, index_revision = excluded.index_revision, facts = excluded.facts, body = excluded.body",
    "term": " ON CONFLICT DO NOTHING",
    "type_count": " ON CONFLICT (space, type, slice) DO UPDATE SET live = type_count.live + excluded.live",
}
_KEEP = (
    "UPDATE resource_history h SET body = r.body FROM resource r"
    " WHERE r.nid = ANY($1) AND h.nid = r.nid AND h.version_id = r.version_id"
)
_REINDEXED = (
    f"UPDATE resource r SET index_revision = {INDEX_REVISION}, facts = f.facts"
    " FROM unnest($1::bigint[], $2::text[]) f(nid, facts) WHERE r.nid = f.nid"
)
_FORGET = (
    "WITH "
    + ", ".join(f"{table}_ AS (DELETE FROM {table} WHERE {rows_of(table, '= ANY($1)')})" for table in INDEXES)
    + " SELECT 1"
)
_GONE = (
    f"WITH member AS (UPDATE compartment_index SET member = {GONE} WHERE nid = ANY($1) AND member = {MEMBER}),"
    f" apart AS (DELETE FROM compartment_index WHERE nid = ANY($1) AND member = {APART}), "
    + ", ".join(
        f"{table}_ AS (DELETE FROM {table} WHERE {rows_of(table, '= ANY($1)')}"
        f"{' AND parameter > 0' * (table == 'token_index')})"
        for table in INDEXES
        if table != "compartment_index"
    )
    + " SELECT 1"
)


def bounds(numbers: IdAllocator, saves: Iterable[Save | Reindex]) -> dict[int, int]:
    """How many nids of each space may be needed, at most."""
    found: dict[int, int] = {}
    for space, *_ in _keys(numbers, saves):
        found[space] = found.get(space, 0) + 1
    return found


async def save(db: Any, numbers: IdAllocator, nids: dict[int, list[int]], saves: Sequence[Save]) -> None:
    """Under locks on all that is saved. Raises Conflict. nids: by space, as many as `bounds` said; those used are taken."""
    known = await _look(db, _keys(numbers, saves))
    await _place(db, numbers, nids, saves, known)
    batch = Batch(numbers.spaces, numbers.words, known)
    for step in saves:
        batch.add(step)
    await _write(db, batch)


async def reindex(db: Any, numbers: IdAllocator, nids: dict[int, list[int]], steps: Sequence[Reindex]) -> None:
    """Index rows of what is still of that version, under the same locks as a save."""
    known = await _look(db, _keys(numbers, steps))

    def current(one: Reindex) -> bool:
        there = known.get((numbers.spaces[one.space], numbers.words[one.type], one.id))
        return there is not None and (there.state, there.version) == (LIVE, one.version_id)

    wanted = [one for one in steps if current(one)]
    await _place(db, numbers, nids, wanted, known)
    batch = Batch(numbers.spaces, numbers.words, known)
    for step in wanted:
        batch.reindex(step)
    await _write(db, batch)


def _keys(numbers: IdAllocator, saves: Iterable[Save | Reindex]) -> dict[Key, None]:
    """Everything that is saved or referred to, once."""
    words, found = numbers.words, dict[Key, None]()
    for one in saves:
        space = numbers.spaces[one.space]
        found[space, words[one.type], one.id] = None
        for type, id in targets(one.facts):
            found[space, words[type], id] = None
    return found


async def _look(db: Any, keys: Iterable[Key]) -> dict[Key, Known]:
    by_space: dict[int, list[Key]] = {}
    for key in keys:
        by_space.setdefault(key[0], []).append(key)
    known: dict[Key, Known] = {}
    for space, asked in by_space.items():
        for type, id, *rest in await db.fetch(_LOOK, space, [key[1] for key in asked], [key[2] for key in asked]):
            known[space, type, id] = Known(*rest)
    return known


async def _place(
    db: Any, numbers: IdAllocator, nids: dict[int, list[int]], saves: Sequence[Save | Reindex], known: dict[Key, Known]
) -> None:
    """A number for whatever is not there yet. What is only referred to may be placed by others at the same time."""
    saved = {(numbers.spaces[one.space], numbers.words[one.type], one.id) for one in saves}
    fresh = {key: nids[key[0]].pop(0) for key in _keys(numbers, saves) if key not in known}
    known |= {key: Known(nid, REFERENCED, 0, "") for key, nid in fresh.items()}
    rows = sorted((placeholder(nid, key) for key, nid in fresh.items() if key not in saved), key=lambda row: row[1:5])
    if rows:
        text = _insert("resource", " ON CONFLICT (space, type, id) DO NOTHING")
        if int((await db.execute(text, *_arrays("resource", rows))).rpartition(" ")[2]) < len(rows):
            known |= await _look(db, [(row[1], row[2], row[4]) for row in rows])


async def _write(db: Any, batch: Batch) -> None:
    if batch.keep:
        await db.execute(_KEEP, list(batch.keep))
    if batch.forget:
        await db.execute(_FORGET, list(batch.forget))
    if batch.gone:
        await db.execute(_GONE, list(batch.gone))
    rows: dict[str, Sequence[Sequence[Any]]] = {
        "resource": list(batch.resources.values()),
        "resource_history": batch.history,
        **batch.rows(),
    }
    if batch.terms:
        rows["term"] = sorted(batch.terms.values())
    if batch.reindexed:
        await db.execute(_REINDEXED, list(batch.reindexed), list(batch.reindexed.values()))
    slice = db.get_server_pid() % SLICES
    rows["type_count"] = sorted((space, type, slice, live) for (space, type), live in batch.counts.items())
    rows = {table: some for table, some in rows.items() if some}
    if rows:
        await db.execute(_inserts(tuple(rows)), *(array for named in rows.items() for array in _arrays(*named)))


@cache
def _columns(table: str) -> tuple[tuple[str, str], ...]:
    """Name and kind of each."""
    if table in _KINDS:
        return tuple((name, kind) for name, kind in (one.split() for one in _KINDS[table].split(", ")))
    return tuple((name, "text" if name == "value" else "bigint") for name in COLUMNS[table])


def _arrays(table: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Rows as columns; numbers as PostgreSQL writes an array, since asyncpg asks of each whether it is an array itself."""
    columns = zip(_columns(table), zip(*rows, strict=True), strict=True)
    return [f"{{{str(column)[1:-1].rstrip(',')}}}" if kind == "bigint" else column for (_, kind), column in columns]


@cache
def _insert(table: str, conflict: str | None = None, first: int = 1) -> str:
    columns = [name for name, _ in _columns(table)]
    arrays = ", ".join(
        f"${at}::{'text::' if kind == 'bigint' else ''}{kind}[]" for at, (_, kind) in enumerate(_columns(table), first)
    )
    names, values = ", ".join(columns), ", ".join(columns)
    if table == "resource_history":
        names, values = f"sequence, {names}", f"nextval('history_sequence'), {values}"
    ending = _CONFLICT.get(table, "") if conflict is None else conflict
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) f({', '.join(columns)}){ending}"


@cache
def _inserts(tables: tuple[str, ...]) -> str:
    """All of them in one statement, which is one way to the server and back."""
    parts, first = [], 1
    for table in tables:
        parts.append(f"{table}_ AS ({_insert(table, None, first)})")
        first += len(_columns(table))
    return f"WITH {', '.join(parts)} SELECT 1"
