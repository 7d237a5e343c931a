"""Transactions: a job under its locks, all of it or none, and again where the server could not order it among others."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import asyncpg

from sickbay.settings.database import Unavailable
from sickbay.storage.postgres.connection import Pool

T = TypeVar("T")
Job: TypeAlias = Callable[[Any], Awaitable[T]]
PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16)
"""Seconds, at most, before each further try."""
AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""Our locks leave no reason for them on one server; its distributed kin answer so at any time."""


async def in_transaction(pool: Pool, locks: str, job: Job[T]) -> T:
    """What the job gives, once it is committed. Raises what it raises; then nothing of it was kept."""
    for pause in PAUSES:
        try:
            return await _once(pool, locks, job)
        except AGAIN:
            await asyncio.sleep(random.uniform(0, pause))
    try:
        return await _once(pool, locks, job)
    except AGAIN as error:
        raise Unavailable(f"PostgreSQL at {pool.name} was too busy to order this among others; try again.") from error


async def _once(pool: Pool, locks: str, job: Job[T]) -> T:
    async with pool.connection() as connection:
        try:
            await connection.execute(f"BEGIN ISOLATION LEVEL READ COMMITTED; {locks}")
            value = await job(connection)
            await connection.execute("COMMIT")
        except BaseException:
            await _undo(connection)
            raise
        return value


async def _undo(connection: Any) -> None:
    """A connection that cannot do even that is thrown away, and the server undoes."""
    if connection.is_closed() or not connection.is_in_transaction():
        return
    try:
        await asyncio.wait_for(connection.execute("ROLLBACK"), 5)
    except Exception:
        connection.terminate()
