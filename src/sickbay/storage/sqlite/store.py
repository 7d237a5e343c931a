"""The store in one SQLite file: reads run on the event loop, long ones on a thread, and jobs that write on the writer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import TypeVar

import apsw

from sickbay.fhir.search import parameters as search_parameters
from sickbay.fhir.search.parameters import SearchParameter
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage import population_file
from sickbay.storage.answers import HistoryQuery, Labels, Outdated, Page, Stored, Versions
from sickbay.storage.counts import Failures, Volume
from sickbay.storage.exchange_filter import ExchangeFilter, ExchangeRow
from sickbay.storage.interface import Delete, DeleteFamily, Put, Record, ResourceSpace, Step
from sickbay.storage.probe import ProbeJob
from sickbay.storage.query import exchanges, snapshot_content
from sickbay.storage.query import records as record_sql
from sickbay.storage.query.keyset import Find
from sickbay.storage.query.queries import Ask, StoreQueries
from sickbay.storage.query.saving import OUTDATED
from sickbay.storage.resets import current
from sickbay.storage.snapshot_steps import SavedSpace, SaveSnapshot
from sickbay.storage.sqlite.connection import (
    connect,
    explain_open_failures,
    migrate,
    replace_published_key,
    require_sickbay_database,
    retry_while_locked,
)
from sickbay.storage.sqlite.probing import ProbeThread
from sickbay.storage.sqlite.reader import SqliteReader
from sickbay.storage.sqlite.steps import apply, count_failure, delete_exchanges, purge, trim
from sickbay.storage.sqlite.writer import Undo, Writer

T = TypeVar("T")


class SqliteStore:
    """Implements storage.interface.Store. `find` resolves search parameters for _sort and _include."""

    def __init__(self, path: Path, find: Find, *, durable: bool = True) -> None:
        """durable: False for a file that is deleted at the end."""
        self._path = path
        self._durable = durable
        require_sickbay_database(path)
        writing = connect(path, durable=durable)
        with explain_open_failures(path):
            migrate(writing)
            retry_while_locked(partial(replace_published_key, writing))
        self._writer = Writer(writing)
        self._reader = SqliteReader(path, durable=durable)
        self._long: SqliteReader | None = None
        self._thread = ThreadPoolExecutor(1, "sickbay-reader")
        key = self._reader.one("SELECT value FROM meta WHERE name = 'cursor_key'")
        self._answers = StoreQueries(self._reader, find, key)
        self._probe = ProbeThread(path, find, key)
        self.guard = self._answers.guard

    async def transaction(self, steps: Sequence[Step]) -> None:
        if steps:
            job = partial(apply, steps=tuple(steps), began=current().revisions)
            await self._writer.run(job, _undo_of(steps), steps=len(steps))

    async def count_failure(self, key: str, tenant: str, now: int, seconds: int) -> Failures:
        job = partial(count_failure, binds=(key, b"", tenant, now, now + seconds), began=current().revisions)
        return await self._writer.run(job)

    async def get(self, kind: str, key: str) -> Record | None:
        rows = self._reader.rows(record_sql.GET, (kind, key))
        return Record(*rows[0]) if rows else None

    def stamp(self) -> int | None:
        """Return the stamp. The reader never writes, so it notices every commit as one by another connection."""
        return self._reader.record_stamp()

    async def find(
        self,
        kind: str,
        *,
        tenant: str | None = None,
        owner: str | None = None,
        family: str | None = None,
        label: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = 100,
        oldest: bool = False,
    ) -> list[Record]:
        conditions = {"tenant": tenant, "owner": owner, "family": family, "label": label}
        return record_sql.find(self._reader, kind, conditions, record_sql.Span(since, until, limit, oldest))

    async def count_family(self, kind: str, family: str, most: int) -> int:
        return record_sql.count_family(self._reader, kind, family, most)

    async def purge(self, now: int, most: int) -> int:
        return await self._writer.run(partial(purge, now=now, most=most))

    async def find_exchanges(self, wanted: ExchangeFilter, limit: int, until: int | None = None) -> list[Record]:
        return await self._run_query(partial(exchanges.find, wanted=wanted, limit=limit, until=until))

    async def count_exchanges(self, wanted: ExchangeFilter, most: int, since: int | None = None) -> int:
        return await self._run_query(partial(exchanges.count, wanted=wanted, most=most, since=since))

    async def read_exchanges_since(self, number: int, limit: int) -> list[ExchangeRow]:
        return await self._run_query(partial(exchanges.rows_since, number=number, limit=limit))

    async def read_exchanges_after(self, at: int, limit: int) -> list[ExchangeRow]:
        return await self._run_query(partial(exchanges.rows_after, at=at, limit=limit))

    async def newest_exchange(self) -> tuple[int, int]:
        return self._reader.one(exchanges.NEWEST) or (0, 0)

    async def delete_exchanges(self, wanted: ExchangeFilter, until: int, most: int) -> int:
        return await self._writer.run(partial(delete_exchanges, statement=exchanges.delete(wanted, until, most)))

    async def journal_size(self) -> Volume:
        _, count, size = self._reader.rows(exchanges.SIZE)[0]
        return Volume(count, size)

    async def database_size(self) -> int:
        return int(self._reader.rows("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")[0][0])

    def writes_waiting(self) -> int:
        return self._writer.waiting()

    async def trim_journal(self, most: Volume, at_once: int) -> int:
        rows, count, size = self._reader.rows(exchanges.SIZE)[0]
        if rows < exchanges.FOLDED and not Volume(count, size).exceeds(most):
            return 0
        return await self._writer.run(partial(trim, most=most, at_once=at_once))

    async def read(self, space: ResourceSpace, type: str, id: str, visibility: Visibility) -> Stored | None:
        return self._answers.read(space, type, id, visibility)

    async def version(self, space: ResourceSpace, type: str, id: str, version_id: int, visibility: Visibility) -> Stored | None:
        return self._answers.version(space, type, id, version_id, visibility)

    async def history(self, space: ResourceSpace, query: HistoryQuery, visibility: Visibility) -> Versions:
        return await self._run_query(self._answers.history(space, query, visibility))

    async def search(self, space: ResourceSpace, query: Query, visibility: Visibility) -> Page:
        return await self._run_query(self._answers.search(space, query, visibility))

    async def count(self, space: ResourceSpace, query: Query, visibility: Visibility) -> int:
        return await self._run_query(self._answers.count(space, query, visibility))

    async def labels(self, space: ResourceSpace, types: Sequence[str], visibility: Visibility) -> Labels:
        return await self._run_query(self._answers.labels(space, types, visibility))

    async def list_outdated(self, limit: int) -> list[Outdated]:
        rows = self._reader.rows(OUTDATED, (limit,))
        return [Outdated(ResourceSpace(tenant, version), *rest) for tenant, version, *rest in rows]

    async def writes_since(self, space: ResourceSpace, mark: str) -> int | None:
        return self._answers.writes_since(space, mark)

    async def last_versions(self) -> dict[ResourceSpace, int]:
        return self._answers.last_versions()

    async def measure_snapshot(self, step: SaveSnapshot) -> int:
        return await self._run_query(self._answers.measure_snapshot(step))

    async def read_snapshot_records(self, name: str) -> list[Record]:
        return await self._run_query(snapshot_content.read_records(name))

    async def read_snapshot_space(self, name: str, space: ResourceSpace) -> SavedSpace:
        return await self._run_query(snapshot_content.read_space(name, space))

    async def read_base(self, space: ResourceSpace, type: str, ids: Sequence[str]) -> dict[str, tuple[int, str]]:
        return await self._run_query(snapshot_content.read_base(space, type, ids))

    async def has_resources(self, space: ResourceSpace) -> bool:
        return self._answers.has_resources(space)

    def export(
        self, space: ResourceSpace, mark: str, versions: int, draft: Path, began: Callable[[], object], stop: Event
    ) -> bool:
        return population_file.export(self._path, space, mark, versions, draft, began, stop)

    async def probe(self, space: ResourceSpace, visibility: Visibility, job: ProbeJob[T], rows: int) -> T:
        work = partial(self._probe.run, space, visibility, job, rows)
        return await asyncio.get_running_loop().run_in_executor(self._probe.executor, work)

    async def position(self, space: ResourceSpace) -> int:
        return self._answers.position(space)

    async def close(self) -> None:
        """Close at once, even if the threads of the event loop are busy. Long searches are stopped."""
        self._writer.close()
        self._probe.stop()
        if self._long is not None:
            self._long.stop()
        self._thread.shutdown(cancel_futures=True)
        for reader in (self._reader, self._long):
            if reader is not None:
                reader.close()

    async def _run_query(self, ask: Ask[T]) -> T:
        """Run a query on the event loop, and again on the thread if it takes long."""
        self._reader.ask()
        try:
            return ask(self._reader.run_on_loop)
        except apsw.InterruptError:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask_unhurried, ask)

    def _ask_unhurried(self, ask: Ask[T]) -> T:
        self._long = self._long or SqliteReader(self._path, durable=self._durable)
        return ask(self._long.run_on_thread)


def _undo_of(steps: Sequence[Step]) -> Undo:
    """Return the changes to undo. If only the first step can raise Conflict, nothing was changed before it."""
    decides_first = all(
        step.if_revision is None if isinstance(step, Put) else isinstance(step, Delete | DeleteFamily) for step in steps[1:]
    )
    return Undo.NOTHING if decides_first else Undo.SAVEPOINT


def open_store(path: Path, find: Find | None = None, *, durable: bool = True) -> SqliteStore:
    """Open or create the file and migrate it.

    find: resolves search parameters for _sort and _include; default: FHIR's own. durable: False for a file that is deleted at
    the end.
    """
    return SqliteStore(path, find or find_published_parameter, durable=durable)


def find_published_parameter(version: str, type: str, code: str) -> SearchParameter | None:
    return search_parameters.find(version, type, code) if type in search_parameters.known_types(version) else None
