"""Copies resources from a population file with one COPY for each table. The space is locked, so no one else writes in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any, Final, NamedTuple

import apsw

from sickbay.storage.interface import CannotCopy, CopyResources
from sickbay.storage.population_file import FIRST, NUMBERED, TABLES, find_change_time, format_last_updated
from sickbay.storage.postgres.batch import Batch
from sickbay.storage.postgres.id_allocation import IdAllocator, allocate
from sickbay.storage.postgres.resources import find_known_resources, write_rows
from sickbay.storage.postgres.sql_dialect import fit_text
from sickbay.storage.query.dictionary import LIVE
from sickbay.storage.query.saving import COLUMNS
from sickbay.storage.sqlite.connection import fetch_rows

_INDEXED_TEXTS: Final = frozenset(("value",))
_NEW_TERMS: Final = (
    "INSERT INTO term (hash, system, code) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING"
)
NEW_SEQUENCES: Final = "SELECT nextval('history_sequence') FROM generate_series(1, $1)"


class _Content(NamedTuple):
    """The content to copy. numbers: of the resources. earlier: type and id of those before them that they refer to, by number.

    words: by number. at: when the resources were changed, in epoch ms.
    """

    tables: dict[str, list[Any]]
    numbers: list[int]
    earlier: dict[int, tuple[int, str]]
    words: dict[int, str]
    terms: list[tuple[int, str, str]]
    at: int


async def copy_resources(db: Any, numbers: IdAllocator, step: CopyResources) -> None:
    """Raises CannotCopy."""
    space, numbers = numbers.spaces[step.space], numbers.copy()
    if not step.after and await db.fetchval("SELECT 1 FROM resource WHERE space = $1 LIMIT 1", space):
        raise CannotCopy("there are resources in the space")
    content = await asyncio.to_thread(_read_content, step)
    await numbers.learn_words(db, set(content.words.values()))
    words = {old: numbers.words[text] for old, text in content.words.items()}
    nids = await _nids_by_number(db, space, words, content)
    sequences = [sequence for (sequence,) in await db.fetch(NEW_SEQUENCES, len(content.tables["resource_history"]))]
    for table, columns in TABLES.items():
        translated = _translate_rows(table, _Target(space, nids, words, sequences, content.at, step.at), content.tables[table])
        await db.copy_records_to_table(table, records=translated, columns=columns)
    await db.execute(_NEW_TERMS, *map(list, zip(*content.terms, strict=True)))
    await _count_resources(db, space, words, content)


def _read_content(step: CopyResources) -> _Content:
    """Read the resources, on a thread."""
    try:
        with closing(apsw.Connection(str(step.file), flags=apsw.SQLITE_OPEN_READONLY)) as file:
            return _read_content_between(file, FIRST + step.after, FIRST + step.until)
    except apsw.Error as error:
        raise CannotCopy(f"{step.file}: {error}") from error


def _read_content_between(file: apsw.Connection, after: int, until: int) -> _Content:
    tables = {}
    for table, columns in TABLES.items():
        order = "sequence" if table == "resource_history" else ", ".join(columns[: columns.index("nid") + 1])
        text = f"SELECT {', '.join(columns)} FROM {table} WHERE nid > ? AND nid <= ? ORDER BY {order}"
        tables[table] = fetch_rows(file, text, (after, until))
    targets = {row[0] for table in ("reference_index", "compartment_index", "facet_index") for row in tables[table]}
    query = "SELECT type, id FROM resource WHERE nid = ?"
    earlier = {nid: fetch_rows(file, query, (nid,))[0] for nid in targets if nid <= after}
    return _Content(
        tables,
        [row[0] for row in tables["resource"]],
        earlier,
        dict(fetch_rows(file, "SELECT number, text FROM word")),
        fetch_rows(file, "SELECT hash, system, code FROM term ORDER BY hash"),
        find_change_time(file),
    )


async def _nids_by_number(db: Any, space: int, words: Mapping[int, int], content: _Content) -> dict[int, int]:
    """Return the nid of each resource by its number in the file. Raises CannotCopy if a resource doesn't exist."""
    keys = {number: (space, words[type], id) for number, (type, id) in content.earlier.items()}
    known = await find_known_resources(db, keys.values())
    if len(known) < len(keys):
        raise CannotCopy("the earlier resources are others")
    new = await allocate(db, space, len(content.numbers))
    return dict(zip(content.numbers, new, strict=True)) | {number: known[key].nid for number, key in keys.items()}


class _Target(NamedTuple):
    """Translates numbers of the file to those of the database. sequences: for the rows of the history, in order."""

    space: int
    nids: Mapping[int, int]
    words: Mapping[int, int]
    sequences: list[int]
    before: int
    at: int


def _translate_rows(table: str, target: _Target, content: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Return the rows of a table with the numbers of the database."""
    if table == "resource_history":
        for (nid, version, _, _, interaction, who, facts, _), sequence in zip(content, target.sequences, strict=True):
            yield target.nids[nid], version, sequence, target.at, interaction, who, facts, None
        return
    old, new = format_last_updated(target.before).encode(), format_last_updated(target.at).encode()
    if table == "resource":
        for nid, _, type, state, id, version, _, revision, facts, body in content:
            changed = target.at if state == LIVE else 0
            body = body.replace(old, new)
            yield target.nids[nid], target.space, target.words[type], state, id, version, changed, revision, facts, body
        return
    translate = [_column_translator(table, column, target) for column in COLUMNS[table]]
    for row in content:
        yield tuple([value if change is None else change(value) for change, value in zip(translate, row, strict=True)])


def _column_translator(table: str, column: str, target: _Target) -> Callable[[Any], Any] | None:
    """Return a function that translates the values of an index column; None if they stay as they are."""
    words = target.words
    if column in NUMBERED:
        return target.nids.__getitem__
    if column in ("type", "word"):
        return words.__getitem__
    if column == "parameter" and table == "token_index":  # there, a negative number is a word's
        return lambda parameter: -words[-parameter] if parameter < 0 else parameter
    if column == "space":
        return lambda _: target.space
    return fit_text if column in _INDEXED_TEXTS else None


async def _count_resources(db: Any, space: int, words: Mapping[int, int], content: _Content) -> None:
    batch = Batch({}, {}, {})
    for row in content.tables["resource"]:
        batch.count(space, words[row[2]], row[3] == LIVE)
    await write_rows(db, batch)
