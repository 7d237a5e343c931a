"""Runs the explanation of a search on its own connection and thread, within a limit of steps and of processor time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import thread_time
from typing import Any, TypeVar

import apsw

from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.probe import ProbeJob, TooCostly
from sickbay.storage.query.keyset import Find
from sickbay.storage.query.queries import StoreQueries
from sickbay.storage.query.statement import Row, Statement
from sickbay.storage.sqlite.connection import translate_error
from sickbay.storage.sqlite.reader import SqliteReader

TICK_STEPS = 2_000
"""Number of SQLite virtual machine steps between two checks of the limits."""
STATEMENT_TICKS = 3_000
"""Maximum ticks of one statement: 6 million steps, some 200 ms. Statements read a limited number of rows, and take fewer."""
EXPLANATION_SECONDS = 0.5
"""The processor time limit of an explanation, which takes less than half of it."""
T = TypeVar("T")


class LimitedReader(SqliteReader):
    """A connection whose statements raise TooCostly at their limits. Only one thread uses it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._ticks_of_statement = 0
        self._until = 0.0
        self.db.set_progress_handler(self._is_over, TICK_STEPS)

    def rows(self, text: str, binds: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        return self._run_with_limit(lambda: self.db.execute(text, binds).fetchall())

    def one(self, text: str, binds: Sequence[Any] = ()) -> Any:
        return self._run_with_limit(lambda: self.db.execute(text, binds).get)

    def run(self, statement: Statement) -> list[Row]:
        return self.rows(statement.text, statement.binds)

    def begin(self, seconds: float) -> None:
        """Begin a job, which sees one state of the file and may use this much processor time."""
        self._until = thread_time() + seconds
        self.db.execute("BEGIN")
        self._open, self._stamped = True, False

    def end(self) -> None:
        self._open = False
        with suppress(apsw.Error):
            self.db.execute("COMMIT")

    def _run_with_limit(self, work: Callable[[], T]) -> T:
        self._ticks_of_statement = 0
        if self._stopping or thread_time() > self._until:
            raise TooCostly
        try:
            return work()
        except apsw.InterruptError:
            raise TooCostly from None
        except apsw.Error as error:
            raise translate_error(error, self.db) from error

    def _is_over(self) -> bool:
        self._ticks_of_statement += 1
        return self._ticks_of_statement > STATEMENT_TICKS or self._stopping or thread_time() > self._until


class ProbeThread:
    """The thread, which runs one job after the other. It opens its connection for the first one."""

    def __init__(self, path: Path, find: Find, key: bytes) -> None:
        self._path, self._find, self._key = path, find, key
        self._reader: LimitedReader | None = None
        self._queries: StoreQueries | None = None
        self.executor = ThreadPoolExecutor(1, "sickbay-probe")

    def run(self, space: ResourceSpace, visibility: Visibility, job: ProbeJob[T], rows: int) -> T:
        """Run a job. Called on the thread."""
        if self._reader is None or self._queries is None:
            self._reader = LimitedReader(self._path)
            self._queries = StoreQueries(self._reader, self._find, self._key)
        reader = self._reader
        reader.begin(EXPLANATION_SECONDS)
        try:
            return job(self._queries.probe(reader.run, space, visibility, rows))
        finally:
            reader.end()

    def stop(self) -> None:
        """Interrupt the running job, and give up those that wait. Called on another thread."""
        if self._reader is not None:
            self._reader.stop()
        self.executor.shutdown(cancel_futures=True)
        if self._reader is not None:
            self._reader.close()
