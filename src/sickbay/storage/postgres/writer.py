"""Runs a job in a transaction under its locks, all or nothing. It is repeated after a serialization failure, and if the
connection was lost before the commit.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import asyncpg

from sickbay.settings.database import Locked, UnknownOutcome
from sickbay.storage.postgres.connection import ConnectionLost, Pool
from sickbay.storage.postgres.pool import Use
from sickbay.storage.postgres.servers import TIME_LIMITS
from sickbay.storage.resets import WasReset, changed_rows_statement, current

T = TypeVar("T")
Job: TypeAlias = Callable[[Any], Awaitable[T]]
PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16)
"""Maximum seconds before each retry."""
RETRYABLE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, ConnectionLost)
"""The transaction was rolled back. Our locks prevent the first two on a single server, but distributed PostgreSQL variants can
return them at any time.
"""
RACES = (asyncpg.UniqueViolationError,)
"""Errors that occur if two transactions insert the same row, as can happen where advisory locks do nothing."""
UNKNOWN = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.StatementCompletionUnknownError,
)
"""Errors of a commit after which it is unknown whether the commit succeeded."""


async def run_in_transaction(pool: Pool, locks: str, job: Job[T], *, patient: bool = False) -> T:
    """Run the job, commit, and return its value. If it raises an error, none of its changes are kept.

    patient: its statements may take long, because they change whole tables.

    Raises UnknownOutcome if the connection was lost during the commit. The job then isn't repeated, because it may have been
    committed.
    """
    retryable = RETRYABLE if pool.locks_hold else (*RETRYABLE, *RACES)
    for pause in PAUSES:
        try:
            return await _write_once(pool, locks, job, patient)
        except retryable:
            await asyncio.sleep(random.uniform(0, pause))
    try:
        return await _write_once(pool, locks, job, patient)
    except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, *RACES) as error:
        if isinstance(error, RACES) and pool.locks_hold:
            raise
        raise Locked(f"PostgreSQL at {pool.name} was too busy to complete the transaction. Try again.") from error


async def _write_once(pool: Pool, locks: str, job: Job[T], patient: bool) -> T:
    turn = pool.connection(Use.WRITE, patient=patient)
    async with turn as connection:
        try:
            await _begin_transaction(connection, pool, locks, patient)
            value = await job(connection)
            turn.is_committing = True
            await _commit_transaction(connection, pool.name)
        except BaseException:
            await _roll_back(connection)
            raise
        return value


async def _begin_transaction(connection: Any, pool: Pool, locks: str, patient: bool) -> None:
    """Begin the transaction, limit its time, take its locks, and compare the resets, all in one message. Raises WasReset."""
    isolation = "READ COMMITTED" if pool.locks_hold else "SERIALIZABLE"
    began = current().revisions
    text = f"BEGIN ISOLATION LEVEL {isolation}; {_limit_statements(pool, patient)}{locks}"
    if not began:
        await connection.execute(text)
    elif await connection.execute(f"{text}; {changed_rows_statement(began)}") != "SELECT 0":
        raise WasReset("the data was reset after this request had begun")


def _limit_statements(pool: Pool, patient: bool) -> str:
    """Return statements that set a transaction's time limits, if the session's limits don't fit."""
    limits: dict[str, int] = {} if pool.limited else dict(TIME_LIMITS)
    if patient:
        limits["statement_timeout"] = 0
    return "".join(f"SET LOCAL {name} = {milliseconds}; " for name, milliseconds in limits.items())


async def _commit_transaction(connection: Any, name: str) -> None:
    try:
        await connection.execute("COMMIT")
    except UNKNOWN as error:
        connection.terminate()
        raise UnknownOutcome(f"The connection to PostgreSQL at {name} was lost during a commit.") from error


async def _roll_back(connection: Any) -> None:
    """Roll back. A connection that can't even do that is terminated, and the server rolls back."""
    if connection.is_closed() or not connection.is_in_transaction():
        return
    try:
        await asyncio.wait_for(connection.execute("ROLLBACK"), 5)
    except Exception:
        connection.terminate()
