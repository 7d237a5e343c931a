"""The store on PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import asyncpg

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.memoize import CACHES
from sickbay.settings.database import Unavailable
from sickbay.storage.answers import HistoryQuery, Labels, Outdated, Page, Stored, Versions
from sickbay.storage.counts import Failures, Volume
from sickbay.storage.exchange_filter import ExchangeFilter, ExchangeRow
from sickbay.storage.interface import (
    Clear,
    Conflict,
    CopyResources,
    ImportSnapshot,
    Mark,
    Record,
    Reindex,
    ResourceSpace,
    ReturnToMark,
    Save,
    Step,
)
from sickbay.storage.postgres import exporting, locks
from sickbay.storage.postgres.coalescing import Coalescer
from sickbay.storage.postgres.connection import Pool, connect
from sickbay.storage.postgres.id_allocation import IdAllocator
from sickbay.storage.postgres.pool import Use
from sickbay.storage.postgres.probing import EXPLANATION_MILLISECONDS, TimeLimit
from sickbay.storage.postgres.resources import find_bounds
from sickbay.storage.postgres.sql_dialect import convert_values, fit_text, translate_to_postgres
from sickbay.storage.postgres.statistics import Statistics
from sickbay.storage.postgres.steps import append_changes, apply, count_failure, delete_exchanges, purge, trim
from sickbay.storage.postgres.sync_bridge import SyncReader, run_in_turn
from sickbay.storage.postgres.writer import Job, run_in_transaction
from sickbay.storage.probe import ProbeJob
from sickbay.storage.query import exchanges, snapshot_content
from sickbay.storage.query import records as record_sql
from sickbay.storage.query.exchanges import FOLDED, SIZE
from sickbay.storage.query.keyset import Find, read_bounded_rows
from sickbay.storage.query.queries import StoreQueries
from sickbay.storage.query.saving import OUTDATED
from sickbay.storage.query.statement import Row, Statement
from sickbay.storage.snapshot_steps import SavedSpace, SaveSnapshot, SnapshotStep

_RECORD = ", ".join(f"r.{name}" for name in record_sql.COLUMNS.split(", "))
_GET = (
    f"SELECT s.seen, {_RECORD} FROM (SELECT pg_current_snapshot()::text AS seen) s"
    " LEFT JOIN record r ON r.kind = $1 AND r.key = ANY($2)"
)
T = TypeVar("T")
LOG = logging.getLogger("sickbay")


class PostgresStore:
    """Implements storage.interface.Store. `find` resolves search parameters for _sort and _include. Create it with
    open_store().
    """

    def __init__(self, pool: Pool, find: Find, key: bytes, statistics: Statistics) -> None:
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._numbers = IdAllocator()
        self._sync_reader = SyncReader(self.stamp)
        self._answers = StoreQueries(self._sync_reader, find, key)
        self._statistics = statistics
        self._seen, self._stamp = (0, ""), 0
        self._records: Coalescer[str, str, Record] = Coalescer(self._get_records)
        self._reads: Coalescer[tuple[ResourceSpace, str, Visibility], str, Stored] = Coalescer(self._read_resources)
        self.guard = self._answers.guard

    async def transaction(self, steps: Sequence[Step]) -> None:
        if not steps:
            return
        steps = append_changes(steps)
        saves = [step for step in steps if isinstance(step, Save | Reindex)]
        whole = {step.space for step in steps if isinstance(step, Mark | CopyResources)}
        nids = await self._reserve_nids(steps, whole) if saves or whole else {}
        unused = nids

        async def job(db: Any) -> None:
            nonlocal unused
            unused = {space: list(space_nids) for space, space_nids in nids.items()}
            await apply(db, self._numbers, unused, steps)

        patient = any(isinstance(step, Clear | ReturnToMark | CopyResources | SnapshotStep | ImportSnapshot) for step in steps)
        try:
            await self._run_write(locks.lock_for_steps(steps), job, patient)
        except Conflict:
            self._numbers.give_back(nids)
            raise
        self._numbers.give_back(unused)  # not after other errors, because the transaction may have been committed anyway
        copied = sum(step.until - step.after for step in steps if isinstance(step, CopyResources))
        self._statistics.count_written_resources(len(saves) + copied)

    async def count_failure(self, key: str, tenant: str, now: int, seconds: int) -> Failures:
        return await self._run_write(
            locks.lock_for_steps(()), partial(count_failure, binds=(key, b"", tenant, now, now + seconds))
        )

    async def get(self, kind: str, key: str) -> Record | None:
        return await self._records.ask(kind, fit_text(key))

    async def _get_records(self, kind: str, keys: list[str]) -> dict[str, Record]:
        rows = await self._pool.repeat_if_lost(lambda db: db.fetch(_GET, fit_text(kind), keys), Use.LOOKUP)
        # After a failover, the new server reuses the numbers of transactions that the old one rolled back.
        if (seen := (self._pool.generation, rows[0][0])) != self._seen:
            self._seen, self._stamp = seen, self._stamp + 1
        return {row[2]: Record(*row[1:]) for row in rows if row[1] is not None}

    def stamp(self) -> int | None:
        """Return the stamp as of this process's last `get` or write. If the server's snapshot is unchanged, nothing was
        committed.
        """
        return self._stamp if CACHES else None

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
        span = record_sql.Span(since, until, limit, oldest)
        return await self._run_queries(lambda: record_sql.find(self._sync_reader, kind, conditions, span))

    async def count_family(self, kind: str, family: str, most: int) -> int:
        return await self._run_queries(lambda: record_sql.count_family(self._sync_reader, kind, family, most))

    async def purge(self, now: int, most: int) -> int:
        return await self._run_write(locks.lock_for_steps(()), partial(purge, now=now, most=most))

    async def find_exchanges(self, wanted: ExchangeFilter, limit: int, until: int | None = None) -> list[Record]:
        return await self._run_queries(lambda: exchanges.find(self._sync_reader.run, wanted, limit, until))

    async def count_exchanges(self, wanted: ExchangeFilter, most: int, since: int | None = None) -> int:
        return await self._run_queries(lambda: exchanges.count(self._sync_reader.run, wanted, most, since))

    async def read_exchanges_since(self, number: int, limit: int) -> list[ExchangeRow]:
        return await self._run_queries(lambda: exchanges.rows_since(self._sync_reader.run, number, limit))

    async def read_exchanges_after(self, at: int, limit: int) -> list[ExchangeRow]:
        return await self._run_queries(lambda: exchanges.rows_after(self._sync_reader.run, at, limit))

    async def newest_exchange(self) -> tuple[int, int]:
        row = await self._pool.repeat_if_lost(lambda db: db.fetchrow(exchanges.NEWEST))
        return (row[0], row[1]) if row else (0, 0)

    async def delete_exchanges(self, wanted: ExchangeFilter, until: int, most: int) -> int:
        return await self._run_write(
            locks.lock_for_steps(()), partial(delete_exchanges, statement=exchanges.delete(wanted, until, most))
        )

    async def journal_size(self) -> Volume:
        return (await self._journal_size())[1]

    async def _journal_size(self) -> tuple[int, Volume]:
        """Return the number of rows in `journal_size`, and their sum."""
        rows, count, size = await self._pool.repeat_if_lost(lambda db: db.fetchrow(SIZE))
        return rows, Volume(int(count), int(size))

    async def database_size(self) -> int:
        async with self._pool.connection() as db:
            return int(await db.fetchval("SELECT pg_database_size(current_database())"))

    def writes_waiting(self) -> int:
        return self._pool.waiting()

    async def trim_journal(self, most: Volume, at_once: int) -> int:
        rows, volume = await self._journal_size()
        if rows < FOLDED and not volume.exceeds(most):
            return 0
        return await run_in_transaction(self._pool, locks.lock_for_steps(()), partial(trim, most=most, at_once=at_once))

    async def read(self, space: ResourceSpace, type: str, id: str, visibility: Visibility) -> Stored | None:
        return await self._reads.ask((space, type, visibility), id)

    async def _read_resources(self, key: tuple[ResourceSpace, str, Visibility], ids: list[str]) -> dict[str, Stored]:
        space, type, visibility = key
        return await self._run_queries(lambda: self._answers.read_resources(space, type, ids, visibility))

    async def version(self, space: ResourceSpace, type: str, id: str, version_id: int, visibility: Visibility) -> Stored | None:
        return await self._run_queries(lambda: self._answers.version(space, type, id, version_id, visibility))

    async def history(self, space: ResourceSpace, query: HistoryQuery, visibility: Visibility) -> Versions:
        return await self._run_queries(lambda: self._answers.history(space, query, visibility)(self._sync_reader.run))

    async def search(self, space: ResourceSpace, query: Query, visibility: Visibility) -> Page:
        return await self._run_queries(lambda: self._answers.search(space, query, visibility)(self._sync_reader.run))

    async def count(self, space: ResourceSpace, query: Query, visibility: Visibility) -> int:
        return await self._run_queries(lambda: self._answers.count(space, query, visibility)(self._sync_reader.run))

    async def labels(self, space: ResourceSpace, types: Sequence[str], visibility: Visibility) -> Labels:
        return await self._run_queries(lambda: self._answers.labels(space, types, visibility)(self._sync_reader.run))

    async def list_outdated(self, limit: int) -> list[Outdated]:
        rows = await self._run_queries(lambda: self._sync_reader.rows(OUTDATED, (limit,)))
        return [Outdated(ResourceSpace(tenant, version), *rest) for tenant, version, *rest in rows]

    async def writes_since(self, space: ResourceSpace, mark: str) -> int | None:
        return await self._run_queries(lambda: self._answers.writes_since(space, mark))

    async def last_versions(self) -> dict[ResourceSpace, int]:
        return await self._run_queries(self._answers.last_versions)

    async def measure_snapshot(self, step: SaveSnapshot) -> int:
        return await self._run_queries(lambda: self._answers.measure_snapshot(step)(self._sync_reader.run))

    async def read_snapshot_records(self, name: str) -> list[Record]:
        return await self._run_queries(lambda: snapshot_content.read_records(name)(self._sync_reader.run))

    async def read_snapshot_space(self, name: str, space: ResourceSpace) -> SavedSpace:
        return await self._run_queries(lambda: snapshot_content.read_space(name, space)(self._sync_reader.run))

    async def read_base(self, space: ResourceSpace, type: str, ids: Sequence[str]) -> dict[str, tuple[int, str]]:
        return await self._run_queries(lambda: snapshot_content.read_base(space, type, ids)(self._sync_reader.run))

    async def has_resources(self, space: ResourceSpace) -> bool:
        return await self._run_queries(lambda: self._answers.has_resources(space))

    def export(
        self, space: ResourceSpace, mark: str, versions: int, draft: Path, began: Callable[[], object], stop: Event
    ) -> bool:
        async def work(db: Any) -> bool:
            return await exporting.export_space(db, space, mark, versions, draft, began, stop)

        return asyncio.run_coroutine_threadsafe(self._export_from(work), self._loop).result()

    async def _export_from(self, work: Callable[[Any], Awaitable[bool]]) -> bool:
        try:
            async with self._pool.connection(patient=True) as db:
                return await work(db)
        except (Unavailable, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            LOG.warning("The sample patients can't be kept for other databases: %s", error)
            return False

    async def probe(self, space: ResourceSpace, visibility: Visibility, job: ProbeJob[T], rows: int) -> T:
        def answer() -> T:
            return job(self._answers.probe(self._sync_reader.run, space, visibility, rows))

        async def answer_in_time(db: Any) -> T:
            async with TimeLimit(db, EXPLANATION_MILLISECONDS) as limit:
                return await run_in_turn(limit.fetch, answer)

        return await self._pool.repeat_if_lost(answer_in_time)

    async def position(self, space: ResourceSpace) -> int:
        return await self._run_queries(lambda: self._answers.position(space))

    async def close(self) -> None:
        await self._statistics.close()
        await self._pool.close()

    async def _run_write(self, lock_statement: str, job: Job[T], patient: bool = False) -> T:
        """Run the job under its locks. Cached look-ups are invalidated afterwards."""
        try:
            return await run_in_transaction(self._pool, lock_statement, job, patient=patient)
        finally:
            self._stamp += 1

    async def _run_queries(self, job: Callable[[], T]) -> T:
        """Run all of the job's queries on one connection."""
        return await self._pool.repeat_if_lost(lambda db: run_in_turn(partial(_fetch_statement, db), job))

    async def _reserve_nids(self, steps: Sequence[Step], whole: set[ResourceSpace]) -> dict[int, list[int]]:
        """Reserve nids for everything that the steps may save, before they hold any lock. whole: spaces of other steps."""
        saves = [step for step in steps if isinstance(step, Save | Reindex)]

        async def reserve(db: Any) -> dict[int, list[int]]:
            await self._numbers.load_numbers(db, saves)
            for space in sorted(whole):
                await self._numbers.space(db, space)
            counts = find_bounds(self._numbers, steps)
            return {space: await self._numbers.take(db, space, most) for space, most in counts.items()}

        return await self._pool.repeat_if_lost(reserve, Use.WRITE)


async def _fetch_statement(db: Any, statement: Statement) -> list[Row]:
    text, lists = translate_to_postgres(statement.text)
    rows: list[Row] = await db.fetch(text, *convert_values(statement.binds, lists))
    return rows if statement.body < 0 else read_bounded_rows(rows, statement.body)


async def open_store(address: str, find: Find) -> PostgresStore:
    """Connect and migrate. address: postgresql://user@host/database. Raises CannotOpen."""
    pool = await connect(address)
    async with pool.connection() as db:
        key = await db.fetchval("SELECT value FROM meta WHERE name = 'cursor_key'")
    statistics = Statistics(pool)
    await statistics.open()
    return PostgresStore(pool, find, key, statistics)
