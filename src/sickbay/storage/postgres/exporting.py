"""Writes a population file from PostgreSQL: reads a snapshot of the space, and numbers resources and versions without gaps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any, Final, NamedTuple

import apsw

from sickbay.storage import population_file
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.population_file import FILE_SPACE, FIRST, NUMBERED, TABLES
from sickbay.storage.postgres.sql_dialect import FITS, translate_to_postgres
from sickbay.storage.query import marks
from sickbay.storage.query.dictionary import SHIFT

ROWS_AT_A_TIME: Final = 5000
_TERMS: Final = "SELECT hash, system, code FROM term WHERE hash = ANY($1)"
_WORDS: Final = "SELECT number, text FROM word WHERE number = ANY($1)"


class _Stopped(Exception):
    """Raised if the server stops, or the space can't be exported."""


class _Span(NamedTuple):
    """The range to export. number: that of the space. low, last: the nid before the first resource, and that of the last one.

    versions: how many there are up to the mark.
    """

    number: int
    low: int
    last: int
    versions: int


async def export_space(
    db: Any, space: ResourceSpace, mark: str, versions: int, draft: Path, began: Callable[[], object], stop: Event
) -> bool:
    """Write the content of a space at a mark into an empty file. See `Store.export`."""
    async with db.transaction():
        await db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = await _fetch_rows(db, marks.FIND, *space, mark)
        began()
        span = await _span_of_space(db, versions, *found[0]) if found else None
        if span is None:
            return False
        population_file.create_tables(draft)
        with closing(apsw.Connection(str(draft))) as file:
            file.pragma("journal_mode", "off")
            file.pragma("synchronous", "off")
            try:
                with file:
                    await _Export(db, file, span, stop).run(space.version)
            except (_Stopped, apsw.Error):
                return False
            return True


async def _span_of_space(db: Any, versions: int, number: int, sequence: int) -> _Span | None:
    """Return the range to export; None if anything else was written to the space."""
    _, _, count, seconds = (await _fetch_rows(db, population_file.VERSIONS, number))[0]
    unusual = (await _fetch_rows(db, population_file.UNUSUAL, number))[0][0]
    after, later = (await _fetch_rows(db, population_file.NEXT, number, sequence))[0]
    if unusual or seconds or count != versions or after is None:
        return None
    return _Span(number, number << SHIFT, after - 1, count - later)


class _Export:
    def __init__(self, db: Any, file: apsw.Connection, span: _Span, stop: Event) -> None:
        self._db, self._file, self._span, self._stop = db, file, span, stop
        self._nids: dict[int, int] = {}

    async def run(self, version: str) -> None:
        """version: the FHIR version."""
        span = self._span
        query = f"SELECT nid FROM resource WHERE nid > {span.low} AND nid <= {span.last} ORDER BY nid"
        self._nids = {nid: number for number, (nid,) in enumerate(await self._db.fetch(query), FIRST + 1)}
        for table, columns in TABLES.items():
            await self._copy_table(table, columns)
        for table, names, query, wanted in (
            ("term", "hash, system, code", _TERMS, population_file.USED_HASHES.replace("file.", "")),
            ("word", "number, text", _WORDS, population_file.USED_WORDS.replace("file.", "")),
        ):
            numbers = [number for (number,) in self._file.execute(wanted)]
            found = [tuple(row) for row in await self._db.fetch(query, numbers)]
            self._file.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(names.split(',')))})", found)
        self._file.execute(population_file.ADD_COUNTS.replace("file.", ""))
        self._file.execute(population_file.ADD_SPACE.replace("file.", ""), (version, len(self._nids), span.versions))

    async def _copy_table(self, table: str, columns: tuple[str, ...]) -> None:
        place = 0
        insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        async for rows in self._read_table(table, columns):
            translated = [self._translate_row(columns, row, place + number) for number, row in enumerate(rows, 1)]
            place += len(rows)
            await asyncio.to_thread(self._file.executemany, insert, translated)

    async def _read_table(self, table: str, columns: tuple[str, ...]) -> AsyncIterator[list[Any]]:
        span = self._span
        order = "sequence" if table == "resource_history" else ", ".join(columns[: columns.index("nid") + 1])
        binds = {":low": str(span.low), ":last": str(span.last), ":number": str(span.number)}
        condition = population_file.select_range(columns)
        for name, value in binds.items():
            condition = condition.replace(name, value)
        query = f"SELECT {', '.join(columns)} FROM {table} WHERE {condition} ORDER BY {order}"
        await self._db.execute(f"DECLARE {table}_rows NO SCROLL CURSOR FOR {query}")
        while rows := await self._db.fetch(f"FETCH {ROWS_AT_A_TIME} FROM {table}_rows"):
            if self._stop.is_set():
                raise _Stopped
            yield rows
        await self._db.execute(f"CLOSE {table}_rows")

    def _translate_row(self, columns: Sequence[str], row: Sequence[Any], place: int) -> tuple[Any, ...]:
        """place: that of the row in the table, from 1."""
        return tuple([_translate_value(column, value, self._nids, place) for column, value in zip(columns, row, strict=True)])


def _translate_value(column: str, value: Any, nids: Mapping[int, int], place: int) -> Any:
    if column in NUMBERED:
        return nids[value]
    if column == "value" and len(value) > FITS:  # what follows is stored as a hash
        raise _Stopped
    return {"space": FILE_SPACE, "sequence": place}.get(column, value)


async def _fetch_rows(db: Any, text: str, *binds: Any) -> list[Any]:
    rows: list[Any] = await db.fetch(translate_to_postgres(text).text, *binds)
    return rows
