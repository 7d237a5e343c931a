"""The store on one SQLite file: reads inline on the event loop, long ones on a thread, writes through the writer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw

from sickbay.fhir import search_parameters
from sickbay.fhir.query import Query, SearchParameter
from sickbay.fhir.visibility import Visibility
from sickbay.storage.sql import includes, past, reading, search
from sickbay.storage.sql.filters import Scope
from sickbay.storage.sql.names import Names
from sickbay.storage.sql.order import Find
from sickbay.storage.sql.reading import WIDTH, Guard
from sickbay.storage.sql.statement import Row, Statement
from sickbay.storage.sql.visible import visible
from sickbay.storage.sqlite import records
from sickbay.storage.sqlite.connection import connect, migrate
from sickbay.storage.sqlite.reader import Reader
from sickbay.storage.sqlite.steps import apply, copy, fill
from sickbay.storage.sqlite.writer import Writer
from sickbay.storage.store import Page, Record, Save, Space, Step, Stored, Versions

T = TypeVar("T")


class SqliteStore:
    """See storage.store.Store. `find` names search parameters for _sort and _include."""

    def __init__(self, path: Path, find: Find) -> None:
        self._path, self._find = path, find
        writing = connect(path)
        migrate(writing)
        self._writer = Writer(writing)
        self._reader = Reader(path)
        self._long: Reader | None = None
        self._thread = ThreadPoolExecutor(1, "sickbay-reader")
        self._names = Names(self._reader)
        self._key: bytes = self._reader.db.execute("SELECT value FROM meta WHERE name = 'cursor_key'").get
        self.guard = Guard()

    async def transaction(self, steps: Sequence[Step]) -> None:
        if steps:
            await self._writer.run(partial(apply, steps=tuple(steps)))

    async def fill(self, space: Space, saves: Iterable[Save]) -> int:
        """Write many new resources into an empty space in one transaction: all or none. 0 if it is not empty.

        `saves` is consumed on the writer's thread; other writes wait meanwhile.
        """
        return await self._writer.run(partial(fill, space=space, saves=saves))

    async def copy_space(self, source: Space, target: Space) -> int:
        """Copy one space into another, whose resources are forgotten, in one transaction. How many were copied."""
        return await self._writer.run(partial(copy, source=source, target=target))

    async def get(self, kind: str, key: str) -> Record | None:
        return records.get(self._reader, kind, key)

    def stamp(self) -> int | None:
        """The reader's own connection never writes, so every commit is another connection's to it."""
        number: int = self._reader.one("PRAGMA data_version")
        return number

    async def find(
        self,
        kind: str,
        *,
        tenant: str | None = None,
        owner: str | None = None,
        family: str | None = None,
        label: str | None = None,
        limit: int = 100,
    ) -> list[Record]:
        wanted = {"tenant": tenant, "owner": owner, "family": family, "label": label}
        return records.find(self._reader, kind, wanted, limit)

    async def purge(self, now: int) -> int:
        return await self._writer.run(partial(records.purge, now=now))

    async def read(self, space: Space, type: str, id: str, visibility: Visibility) -> Stored | None:
        row = self._current(space, type, id, visibility)
        kept = self.guard.allowed(visibility, "r", type, [row]) if row else []
        return kept[0]._replace(deleted=True) if kept and row and row[WIDTH] else kept[0] if kept else None

    async def version(self, space: Space, type: str, id: str, version_id: int, visibility: Visibility) -> Stored | None:
        now = self._current(space, type, id, visibility)
        row = reading.version(self._reader, id, now[0], version_id) if now else None
        if row is None or not reading.shows(visibility, type, row):
            return None
        return self.guard.allowed(visibility, "r", type, [row])[0]._replace(deleted=bool(row[WIDTH]))

    async def history(
        self, space: Space, type: str | None, id: str | None, visibility: Visibility, *, count: int,
        cursor: str | None = None, since: int | None = None, at: tuple[int, int] | None = None,
    ) -> Versions:  # fmt: skip
        scope = self._scope(space, visibility)
        if scope is None:
            return Versions([], None)
        wanted = past.Asked(type, id, count, cursor, since, at)
        asked = partial(past.page, scope=scope, key=self._key, asked=wanted, visibility=visibility)
        found: Versions = await self._run(asked)
        return found

    async def search(self, space: Space, query: Query, visibility: Visibility) -> Page:
        scope = self._scope(space, visibility)
        plan = search.plan(scope, self._find, space, query, visibility) if scope else None
        if scope is None or plan is None:
            return Page([], [], None, 0)
        found = await self._run(partial(search.page, key=self._key, plan=plan))
        matches = self.guard.allowed(visibility, "s", query.type, found.rows)
        others: list[Stored] = []
        if query.includes and found.rows:
            along = partial(includes.included, scope=scope, find=self._find, query=query, rows=found.rows)
            brought = await self._run(along)
            for type, fetched in brought.items():
                others += self.guard.allowed(visibility, "rs", type, fetched)
        return Page(matches, others[: includes.MOST], found.next, found.total, len(others) > includes.MOST)

    async def count(self, space: Space, query: Query, visibility: Visibility) -> int:
        scope = self._scope(space, visibility)
        plan = search.plan(scope, self._find, space, query, visibility) if scope else None
        if scope is None or plan is None:
            return 0
        if plan.where.text == "1" and plan.source.row and query.ids is None:
            text = "SELECT coalesce(max(live), 0) FROM type_count WHERE space = ? AND type = ?"
            statement = Statement(text, (scope.space, self._names.word(query.type)))
        else:
            statement = search.counted(plan)
        rows = await self._run(lambda run: run(statement))
        number: int = rows[0][0]
        return number

    async def filled(self, space: Space) -> bool:
        number = self._names.space(space)
        text = "SELECT 1 FROM type_count WHERE space = ? AND live > 0 LIMIT 1"
        return number is not None and bool(self._reader.rows(text, (number,)))

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.close)
        self._thread.shutdown()
        for reader in (self._reader, self._long):
            if reader is not None:
                reader.close()

    def _scope(self, space: Space, visibility: Visibility) -> Scope | None:
        number = self._names.space(space)
        if number is None:
            return None
        return Scope(number, self._names, partial(visible, self._names, number, visibility))

    def _current(self, space: Space, type: str, id: str, visibility: Visibility) -> Row | None:
        scope = self._scope(space, visibility)
        return reading.current(self._reader, scope, type, id) if scope else None

    async def _run(self, ask: Any) -> Any:
        """On the event loop, and once more on the thread if it proves long."""
        try:
            return ask(self._reader.brief)
        except apsw.InterruptError:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._at_length, ask)

    def _at_length(self, ask: Any) -> Any:
        self._long = self._long or Reader(self._path)
        return ask(self._long.long)


def open_store(path: Path, find: Find | None = None) -> SqliteStore:
    """Open or make the file, migrated. `find` names search parameters for _sort and _include; default: FHIR's own."""
    return SqliteStore(path, find or _published)


def _published(version: str, type: str, code: str) -> SearchParameter | None:
    return search_parameters.find(version, type, code) if type in search_parameters.known_types(version) else None
