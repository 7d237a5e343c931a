"""Writes on a single thread. Requests that arrive together share one commit and are answered after it.

Requests made within a few turns of the event loop are handed over together. Otherwise the first would get a commit to itself
and the others would wait for it. If there are several, each that may change something before it raises a Conflict runs in its
own savepoint, so that it undoes only its own changes. The index rows of all requests are written together, right before the
commit. After the commit, the write-ahead log is restarted if it has become large.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import apsw

from sickbay.storage.interface import Conflict
from sickbay.storage.resets import Revisions, WasReset
from sickbay.storage.sqlite.connection import LARGE, PAGE, begin_transaction, make_room, translate_error
from sickbay.storage.sqlite.numbers import StoredNames
from sickbay.storage.sqlite.steps import Transaction

GROUP = 64
"""Maximum number of requests in one commit."""
BUSY = 16
"""Number of requests in a commit from which the connection gets a larger page cache, which uses more memory."""
QUIET_TURNS, MAXIMUM_GATHER_SECONDS = 3, 0.001
"""Turns of the loop without a new request, and the maximum seconds, before the collected requests are handed over. A request
takes three turns from its socket to here. For a single request they cost about 15 µs, and its own commit costs as much as
ten requests that share one.
"""
PAGES: Final = 16_000
"""Size in pages (64 MB) at which the log is restarted. A page that many commits change is then copied only once."""
STEP: Final = 2_000
"""Number of pages written between two attempts to restart the log."""
FINISH_SECONDS, INTERRUPT_SECONDS = 0.4, 1.0
"""Seconds that `close` waits for running requests, and then for the requests that it interrupts."""
CHECKPOINT_MILLISECONDS, LONG_CHECKPOINT_MILLISECONDS = 250, 4_000
"""Milliseconds that a checkpoint waits for readers. Other processes can't write during this time."""
T = TypeVar("T")


Job: TypeAlias = Callable[[Transaction], T]


class Undo(Enum):
    """The changes to undo if a job raises. They determine how the job is run.

    SAVEPOINT: only its own changes. NOTHING: if it raises Conflict, it hasn't changed anything yet, so it needs no savepoint,
    which would copy each page that it changes.
    """

    SAVEPOINT = auto()
    NOTHING = auto()


class _Request(NamedTuple):
    job: Job[Any]
    future: asyncio.Future[Any]
    undo: Undo


class _Outcome(NamedTuple):
    value: Any = None
    error: Exception | None = None


class Writer:
    """`run` calls a job inside a transaction and returns its value once the commit is on disk."""

    def __init__(self, connection: apsw.Connection, pages: int = PAGES) -> None:
        """pages: size of the write-ahead log at which it is restarted."""
        self._connection = connection
        self._connection.set_busy_timeout(0)
        self._log = WriteAheadLog(connection, pages)
        self._queue: SimpleQueue[list[_Request] | None] = SimpleQueue()
        self._turns: dict[asyncio.AbstractEventLoop, list[_Request]] = {}
        self._handed = self._answered = 0
        """Requests that the loop has handed over, and that the thread has answered. Each thread adds only to its own."""
        self._open = True
        self._roomy = False
        self._known = StoredNames()
        self._resets: tuple[int, Revisions | None] = -1, None
        """The version of the file after our last commit, and the revisions at that time. As long as the version is the same, no
        other process has changed them.
        """
        self._thread = Thread(target=self._work_until_closed, name="sickbay-writer", daemon=True)
        self._thread.start()

    async def run(self, job: Job[T], undo: Undo = Undo.SAVEPOINT, *, steps: int = 1) -> T:
        """Return the job's value, or raise what it raised; then none of its changes are kept.

        steps: number of steps in the job. A job with GROUP or more doesn't wait for others to share its commit: it is written
        at once, even while the caller keeps the loop busy.
        """
        if not self._open:
            raise RuntimeError("the store is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if loop not in self._turns:
            self._turns[loop] = []
            loop.call_soon(self._hand_over_when_quiet, loop, 0, 0, monotonic() + MAXIMUM_GATHER_SECONDS)
        self._turns[loop].append(_Request(job, future, undo))
        if steps >= GROUP:
            self._hand_over(loop)
        return await future

    def _hand_over_when_quiet(self, loop: asyncio.AbstractEventLoop, before: int, quiet: int, until: float) -> None:
        """Hand over once no request was added for some turns. Until then, other requests may be on their way through the
        loop.
        """
        count = len(self._turns.get(loop, ()))
        quiet = 0 if count > before else quiet + 1
        if quiet >= QUIET_TURNS or count >= GROUP or monotonic() >= until:
            self._hand_over(loop)
        else:
            loop.call_soon(self._hand_over_when_quiet, loop, count, quiet, until)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        requests = self._turns.pop(loop, None)
        if requests:
            self._handed += len(requests)
            self._queue.put(requests)

    def waiting(self) -> int:
        """Return the number of requests that aren't committed yet."""
        return self._handed - self._answered + sum(map(len, list(self._turns.values())))

    def close(self) -> None:
        """Finish the waiting requests, then close the connection. A request that takes long is interrupted and undone.

        If even that takes long, because the disk doesn't respond, the connection is left to the end of the process.
        """
        if self._open:
            self._open = False
            for loop in list(self._turns):
                self._hand_over(loop)
            self._queue.put(None)
            self._thread.join(FINISH_SECONDS)
            until = monotonic() + INTERRUPT_SECONDS
            while self._thread.is_alive() and monotonic() < until:
                self._connection.interrupt()
                self._thread.join(0.02)
            if not self._thread.is_alive():
                self._connection.close()

    def _work_until_closed(self) -> None:
        while self._serve_group():
            continue

    def _serve_group(self) -> bool:
        """Commit the next requests together and answer them. Returns whether more may come.

        When they are answered, nothing here keeps what they have written in memory.
        """
        group: list[_Request] = []
        following = self._queue.get()
        while following is not None:
            group += following
            following = []
            if len(group) >= GROUP:
                break
            try:
                following = self._queue.get_nowait()
            except Empty:
                break
        if group:
            outcomes = self._commit_group(group)
            futures = [request.future for request in group]
            group.clear()
            self._answered += len(futures)
            self._set_outcomes(futures, outcomes)
            self._log.restart_if_full()
        return following is not None

    def _commit_group(self, group: list[_Request]) -> list[_Outcome]:
        try:
            if len(group) >= BUSY and not self._roomy:
                make_room(self._connection)
                self._roomy = True
            self._begin_transaction()
        except Exception as error:
            return [_Outcome(error=translate_error(error, self._connection))] * len(group)
        try:
            version, resets = self._resets
            unchanged = version == self._connection.data_version()
            transaction = Transaction(self._connection, self._known, resets if unchanged else None)
            if len(group) == 1:  # needs no savepoint, which would copy each page that it changes: all is undone with it
                outcomes = [_Outcome(group[0].job(transaction))]
            else:
                outcomes = [self._attempt_request(transaction, request) for request in group]
            transaction.finish()
            self._connection.execute("COMMIT")
            self._resets = self._connection.data_version(), transaction.resets
            transaction.after_commit()
            return outcomes
        except Exception as error:
            self._roll_back()
            if len(group) == 1:
                return [_Outcome(error=translate_error(error, self._connection))]
        # A statement that some request contributed can't be written. Commit each request separately so that the others don't
        # fail.
        return [outcome for request in group for outcome in self._commit_group([request])]

    def _begin_transaction(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:  # another process writes
            begin_transaction(self._connection)

    def _attempt_request(self, transaction: Transaction, request: _Request) -> _Outcome:
        """Return what one job returns or raises. An error that ended the whole transaction fails the group, and so does any
        error from a job that needs no undo.
        """
        if request.undo is Undo.NOTHING:
            try:
                return _Outcome(request.job(transaction))
            except (Conflict, WasReset) as error:
                return _Outcome(error=error)
        transaction.settle()
        self._connection.execute("SAVEPOINT one")
        try:
            outcome = _Outcome(request.job(transaction))
        except Exception as error:
            if not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO one")
            transaction.undo()
            outcome = _Outcome(error=translate_error(error, self._connection))
        self._connection.execute("RELEASE one")
        return outcome

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except apsw.Error:  # the disk fails; SQLite has ended the transaction
                return

    @staticmethod
    def _set_outcomes(futures: list[asyncio.Future[Any]], outcomes: list[_Outcome]) -> None:
        answers: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], _Outcome]]] = {}
        for future, outcome in zip(futures, outcomes, strict=True):
            answers.setdefault(future.get_loop(), []).append((future, outcome))
        for loop, pairs in answers.items():
            try:
                loop.call_soon_threadsafe(_set_results, pairs)
            except RuntimeError:  # the event loop that waited for the result is closed
                continue


def _set_results(pairs: list[tuple[asyncio.Future[Any], _Outcome]]) -> None:
    for future, outcome in pairs:
        if future.done():
            continue
        if outcome.error is not None:
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome.value)


class WriteAheadLog:
    """Restarts the log of a connection that writes. `restart_if_full` is called after commits, when they have been answered.

    SQLite's automatic checkpoint copies the log into the database but never waits. It can start the log again from its
    beginning only if, at that moment, no connection reads from it. If two workers are busy, one of them always reads, so the
    log would grow without limit. A RESTART checkpoint holds back writers until the current readers have ended; new readers no
    longer use the log.
    """

    def __init__(self, connection: apsw.Connection, pages: int = PAGES) -> None:
        self._connection = connection
        self._size = 0
        self._limit = self._next = pages
        connection.set_wal_hook(self._handle_commit)
        connection.pragma("journal_size_limit", pages * PAGE)

    def restart_if_full(self) -> None:
        """Restarts the log if it has reached its limit. If readers prevent that, tries again after STEP more pages."""
        if self._size < self._next:
            return
        try:
            self._restart_log()
        except apsw.Error:  # readers, another process's checkpoint, or the disk, which the next commit reports
            self._next = self._size + min(STEP, self._limit)
        else:
            self._size, self._next = 0, self._limit
        self._connection.set_busy_timeout(0)

    def _restart_log(self) -> None:
        self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)  # most of the work, without a lock
        self._connection.set_busy_timeout(LONG_CHECKPOINT_MILLISECONDS if self._size >= LARGE else CHECKPOINT_MILLISECONDS)
        self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)

    def _handle_commit(self, connection: apsw.Connection, name: str, pages: int) -> int:
        if pages < self._size:  # another process has restarted it
            self._next = self._limit
        self._size = pages
        return apsw.SQLITE_OK
