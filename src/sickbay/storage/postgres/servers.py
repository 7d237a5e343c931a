"""Connects to the server that accepts writes, with the session settings that keep our plans, also through PgBouncer."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from typing import Any

import asyncpg

from sickbay.settings.database import CannotOpen, list_addresses
from sickbay.storage.postgres.failures import LOST
from sickbay.storage.postgres.pool import CONNECT_SECONDS

SESSION = {
    "application_name": "sickbay",
    "join_collapse_limit": "1",  # join in the order of the text
    "enable_seqscan": "off",  # every query has an index, whatever the statistics of a table that was just filled say
    "enable_hashjoin": "off",  # a page ends soon, so looking up each of its rows is cheapest, as on SQLite
    "enable_mergejoin": "off",
    "jit": "off",  # compiling costs more than any of our statements
    "max_parallel_workers_per_gather": "0",  # starting workers takes 5 ms, and generic plans can't tell when it would pay
    "plan_cache_mode": "force_generic_plan",  # the plan doesn't depend on the values, so it is made only once
}
TIME_LIMITS = {"lock_timeout": 6_000, "statement_timeout": 30_000, "idle_in_transaction_session_timeout": 60_000}
"""In milliseconds: how long a statement waits for a lock, how long it runs, and how long a worker that hangs may hold locks."""
LOG = logging.getLogger("sickbay")
EACH = 3.0
"""Maximum seconds for connecting to each of several servers. A lost machine doesn't answer at all."""
SILENT = 10
"""Seconds without an acknowledgment after which a machine counts as lost."""


class Servers:
    """The servers that a database URL names. `pooled`: behind PgBouncer, which doesn't pass on session settings."""

    def __init__(self, address: str) -> None:
        self._addresses = list_addresses(address)
        several = len(self._addresses) > 1
        self._timeout = EACH if several else CONNECT_SECONDS
        self._attributes = "read-write" if several and "target_session_attrs" not in address else None
        self._settings = SESSION | {name: str(milliseconds) for name, milliseconds in TIME_LIMITS.items()}
        self.pooled = False

    async def connect(self) -> Any:
        """Connect to the first server that accepts writes; the one that did last time is tried first."""
        failure: BaseException = OSError("no server is named")
        for address in list(self._addresses):
            try:
                connection = await self._open_connection(address)
            except LOST as error:
                failure = error
            else:
                self._addresses.sort(key=lambda other: other != address)
                return connection
        raise failure

    async def _open_connection(self, address: str) -> Any:
        try:
            connection = await self._open_once(address)
        except asyncpg.ProtocolViolationError as error:
            if self.pooled or "startup parameter" not in str(error):
                raise
            self.pooled, self._settings = True, {"application_name": "sickbay"}
            connection = await self._open_once(address)
        _notice_silence(connection)
        return connection

    async def _open_once(self, address: str) -> Any:
        return await asyncpg.connect(
            address,
            server_settings=self._settings,
            statement_cache_size=1000,
            timeout=self._timeout,
            max_cached_statement_lifetime=0,
            target_session_attrs=self._attributes,
        )


async def check_pooler(connection: Any, servers: Servers, name: str) -> None:
    """Raise CannotOpen unless PgBouncer keeps prepared statements, and its sessions have the settings that Sickbay needs."""
    if await _mixes_statements(connection, servers):
        raise CannotOpen(
            f"PgBouncer at {name} loses prepared statements. Set max_prepared_statements = 1000 (PgBouncer 1.21 or newer)."
        )
    expected = {setting: value for setting, value in SESSION.items() if setting != "application_name"}
    actual = dict(await connection.fetch("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", list(expected)))
    if different := sorted(setting for setting in expected if actual.get(setting) != expected[setting]):
        raise CannotOpen(
            f"PgBouncer at {name} doesn't pass on settings, and the database user has other ones for {', '.join(different)}."
            " Set them with ALTER ROLE, as docs/operations-postgresql.md shows, and restart PgBouncer."
        )


async def has_time_limits(connection: Any, name: str) -> bool:
    """Whether sessions behind PgBouncer stop a statement that waits for a lock or runs for too long. If not, says so."""
    wanted = [limit for limit in TIME_LIMITS if limit != "idle_in_transaction_session_timeout"]
    found = await connection.fetch("SELECT name FROM pg_settings WHERE name = ANY($1) AND setting <> '0'", wanted)
    if missing := sorted(set(wanted) - {limit for (limit,) in found}):
        LOG.warning(
            "PgBouncer at %s doesn't pass on settings, and the database user has no %s. Set them with ALTER ROLE, as"
            " docs/operations-postgresql.md shows. Until then, Sickbay gives up a search after 10 seconds.",
            name,
            " and no ".join(missing),
        )
    return not missing


async def _mixes_statements(connection: Any, servers: Servers) -> bool:
    """Whether two connections that share a session of the server see each other's prepared statements."""
    second = await servers.connect()
    try:
        async with connection.transaction():
            statement = await connection.prepare("SELECT 1", name="sickbay_probe")
        text = "SELECT count(*) FROM pg_prepared_statements WHERE name = 'sickbay_probe'"
        return bool(await second.fetchval(text) and statement)
    except (asyncpg.DuplicatePreparedStatementError, asyncpg.InvalidSQLStatementNameError):
        return True
    finally:
        second.terminate()


def _notice_silence(connection: Any) -> None:
    """Let the kernel close the connection if the other machine is gone. Otherwise a query would wait for minutes."""
    transport = getattr(connection, "_transport", None)
    server = transport.get_extra_info("socket") if transport else None
    if server is None or server.family == socket.AF_UNIX:
        return
    server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {"TCP_KEEPIDLE": 4, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": SILENT * 1000}
    for option, value in options.items():
        with suppress(AttributeError, OSError):  # not every system has all of them
            server.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
