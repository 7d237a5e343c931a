"""One thread that writes: requests that wait together share one commit, and are answered after it.

What is asked within a few turns of the event loop is handed over together: else the first one would be alone in its commit,
and the others would wait for that. Each request that may change something before it meets a Conflict runs in a savepoint of its
own, so that it undoes only itself; the index rows of all go in together, right before the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, NamedTuple, TypeAlias, TypeVar

import apsw

from sickbay.storage.interface import Conflict
from sickbay.storage.sqlite.connection import REVISED, begin, make_room, told
from sickbay.storage.sqlite.log import PAGES, WriteAheadLog
from sickbay.storage.sqlite.resources import Changes

GROUP = 64
"""No more is added to a commit that has so many requests."""
BUSY = 16
"""Requests that share a commit while many write: then there is to be room for what they change, which takes memory."""
QUIET, LONGEST = 3, 0.001
"""Turns of the loop without a new request, and seconds at most, until what was asked is handed over. From its socket a request
takes three turns to here; to a lone one they are some 15 µs, and a commit of its own costs as much as ten that share one."""
T = TypeVar("T")
Job: TypeAlias = Callable[[Changes], T]


class Undo(Enum):
    """What has to be undone if a job raises: that decides how it is run.

    SAVEPOINT: its own changes. NOTHING: if it raises Conflict, it has changed nothing yet, so it needs no savepoint, which
    would copy each page that it changes. WHOLE_COMMIT: it has a commit of its own, and is called once.
    """

    SAVEPOINT = auto()
    NOTHING = auto()
    WHOLE_COMMIT = auto()


class _Request(NamedTuple):
    job: Job[Any]
    future: asyncio.Future[Any]
    undo: Undo
    leaves_stamp: bool


class _Outcome(NamedTuple):
    value: Any = None
    error: Exception | None = None


class Writer:
    """`run` a job inside a transaction; its value comes back once the commit is on the disk."""

    def __init__(self, connection: apsw.Connection, pages: int = PAGES) -> None:
        """pages: of the write-ahead log, before it is restarted."""
        self._connection = connection
        self._log = WriteAheadLog(connection, pages)
        self._queue: SimpleQueue[list[_Request] | None] = SimpleQueue()
        self._turns: dict[asyncio.AbstractEventLoop, list[_Request]] = {}
        self._open = True
        self._roomy = False
        self._thread = Thread(target=self._work, name="sickbay-writer", daemon=True)
        self._thread.start()

    async def run(self, job: Job[T], undo: Undo = Undo.SAVEPOINT, *, steps: int = 1, leaves_stamp: bool = False) -> T:
        """The job's value, or what it raised; then nothing of it was kept.

        steps: of the job. One of GROUP or more doesn't wait for others to share its commit: it is written at once, even while
        the caller keeps the loop busy. leaves_stamp: what others cached stays true.
        """
        if not self._open:
            raise RuntimeError("the store is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if loop not in self._turns:
            self._turns[loop] = []
            loop.call_soon(self._gather, loop, 0, 0, monotonic() + LONGEST)
        self._turns[loop].append(_Request(job, future, undo, leaves_stamp))
        if steps >= GROUP:
            self._hand_over(loop)
        return await future

    def _gather(self, loop: asyncio.AbstractEventLoop, before: int, quiet: int, until: float) -> None:
        """Hand over once nothing was added for some turns: what others sent meanwhile is on its way through the loop."""
        count = len(self._turns.get(loop, ()))
        quiet = 0 if count > before else quiet + 1
        if quiet >= QUIET or count >= GROUP or monotonic() >= until:
            self._hand_over(loop)
        else:
            loop.call_soon(self._gather, loop, count, quiet, until)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        asked = self._turns.pop(loop, None)
        if asked:
            self._queue.put(asked)

    def close(self) -> None:
        """Finish what waits, then close the connection."""
        if self._open:
            self._open = False
            for loop in list(self._turns):
                self._hand_over(loop)
            self._queue.put(None)
            self._thread.join()
            self._connection.close()

    def _work(self) -> None:
        going = True
        while going:
            group: list[_Request] = []
            first = self._queue.get()
            going = first is not None
            if first is not None:
                group += first
            while going and len(group) < GROUP:
                try:
                    following = self._queue.get_nowait()
                except Empty:
                    break
                going = following is not None
                if following is not None:
                    group += following
            for part in _parts(group):
                self._answer(part, self._commit(part))
                self._log.shorten()

    def _commit(self, group: list[_Request]) -> list[_Outcome]:
        try:
            if len(group) >= BUSY and not self._roomy:
                make_room(self._connection)
                self._roomy = True
            begin(self._connection)
        except Exception as error:
            return [_Outcome(error=told(error, self._connection))] * len(group)
        try:
            changes = Changes(self._connection)
            outcomes = [self._attempt(changes, one) for one in group]
            changes.finish()
            if not all(one.leaves_stamp for one in group):
                self._connection.execute(REVISED)
            self._connection.execute("COMMIT")
            return outcomes
        except Exception as error:
            self._undo()
            if len(group) == 1:
                return [_Outcome(error=told(error, self._connection))]
        # What one of them brings along cannot be written: each by itself, so that the others do not fail for it.
        return [outcome for one in group for outcome in self._commit([one])]

    def _attempt(self, changes: Changes, one: _Request) -> _Outcome:
        """What one job gives or raises. An error that ended the whole transaction is the group's, and so is any error of one
        that needs no undo.
        """
        if one.undo is Undo.NOTHING:
            return self._without_savepoint(changes, one.job)
        changes.settle()
        self._connection.execute("SAVEPOINT one")
        try:
            outcome = _Outcome(one.job(changes))
        except Exception as error:
            if not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO one")
            changes.undo()
            outcome = _Outcome(error=told(error, self._connection))
        self._connection.execute("RELEASE one")
        return outcome

    @staticmethod
    def _without_savepoint(changes: Changes, job: Job[Any]) -> _Outcome:
        try:
            return _Outcome(job(changes))
        except Conflict as error:
            return _Outcome(error=error)

    def _undo(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except apsw.Error:  # the disk fails; SQLite ends the transaction by itself
                return

    @staticmethod
    def _answer(group: list[_Request], outcomes: list[_Outcome]) -> None:
        answers: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], _Outcome]]] = {}
        for request, outcome in zip(group, outcomes, strict=True):
            answers.setdefault(request.future.get_loop(), []).append((request.future, outcome))
        for loop, pairs in answers.items():
            try:
                loop.call_soon_threadsafe(_settle, pairs)
            except RuntimeError:  # the loop that asked is gone, and with it whoever waited
                continue


def _parts(group: list[_Request]) -> list[list[_Request]]:
    """In order, with a part of its own for each that has a commit of its own."""
    parts: list[list[_Request]] = []
    for one in group:
        if parts and Undo.WHOLE_COMMIT not in (one.undo, parts[-1][-1].undo):
            parts[-1].append(one)
        else:
            parts.append([one])
    return parts


def _settle(pairs: list[tuple[asyncio.Future[Any], _Outcome]]) -> None:
    for future, outcome in pairs:
        if future.done():
            continue
        if outcome.error is not None:
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome.value)
