"""Describes the errors of PostgreSQL and of the connection to it in a sentence without secrets."""

from __future__ import annotations

from typing import Final, NamedTuple

import asyncpg

from sickbay.settings.database import (
    AccessDenied,
    Damaged,
    DatabaseMissing,
    DiskFails,
    DiskFull,
    Locked,
    ReadOnly,
    StatementTooSlow,
    TooManyConnections,
    TooSlow,
    Unavailable,
)

LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,  # the server became a standby
    asyncpg.InternalClientError,  # only standbys answer; or the server said goodbye to an idle connection
)
"""Errors after which the server, or its replacement, may soon be available again."""
ENDED = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
)
"""Errors after which a connection is useless, even if it isn't closed yet."""


class _Kind(NamedTuple):
    """A group of errors. errors: classes of asyncpg, one for each SQLSTATE. text: the message about the database."""

    errors: tuple[type[BaseException], ...]
    failure: type[Unavailable]
    text: str


_KINDS: Final = (
    _Kind((asyncpg.DiskFullError,), DiskFull, "has no space left on its disk"),
    _Kind((asyncpg.TooManyConnectionsError,), TooManyConnections, "allows no more connections"),
    _Kind((asyncpg.InsufficientResourcesError,), Unavailable, "lacks resources"),
    _Kind((asyncpg.ReadOnlySQLTransactionError,), ReadOnly, "accepts no writes"),
    _Kind((asyncpg.LockNotAvailableError,), Locked, "has data that something else locks"),
    _Kind((asyncpg.InvalidAuthorizationSpecificationError,), AccessDenied, "rejected the connection"),
    _Kind((asyncpg.InsufficientPrivilegeError,), AccessDenied, "denies its user access"),
    _Kind((asyncpg.InvalidCatalogNameError,), DatabaseMissing, "lacks the database"),
    _Kind((asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError), DatabaseMissing, "lacks a table of Sickbay"),
    _Kind((asyncpg.DataCorruptedError, asyncpg.IndexCorruptedError), Damaged, "has damaged data"),
    _Kind((asyncpg.PostgresIOError, asyncpg.UndefinedFileError), DiskFails, "can't read or write its disk"),
    _Kind((asyncpg.QueryCanceledError,), Unavailable, "cancelled a statement"),
    _Kind((asyncpg.CannotConnectNowError,), Unavailable, "is starting or stopping"),
    _Kind(LOST, Unavailable, "does not answer"),
)
"""Kinds of errors; the first one that matches is used."""
KNOWN_ERRORS: Final = tuple(error for kind in _KINDS for error in kind.errors)
"""Errors that `translate_error` names."""


def translate_error(error: BaseException, name: str, *, searching: bool = False) -> Unavailable:
    """Return the error of `settings.database` for one of KNOWN_ERRORS. name: the database. searching: the statement is a
    search."""
    if isinstance(error, Unavailable):  # Busy, from our own pool
        return type(error)(f"PostgreSQL at {name} is busy: {one_line(error)}")
    kind = next(kind for kind in _KINDS if isinstance(error, kind.errors))
    if isinstance(error, asyncpg.QueryCanceledError) and "statement timeout" in str(error):
        slow = TooSlow if searching else StatementTooSlow
        return slow(f"PostgreSQL at {name} took too long: {one_line(error)}")
    return kind.failure(f"PostgreSQL at {name} {kind.text}: {one_line(error)}")


def one_line(error: BaseException) -> str:
    """Return the error on one line. PostgreSQL and asyncpg never include a password."""
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return "none of the servers accepts writes."
    text = " ".join(str(error).split()) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)
    return text.rstrip(".") + "."
