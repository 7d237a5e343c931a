"""Database URLs, and the errors if a database can't be opened or fails.

A URL may name several servers, as libpq does: postgresql://me@a:5432,b:5432/sickbay. Sickbay uses the one that accepts writes.
"""

from __future__ import annotations

from typing import TypeGuard
from urllib.parse import urlsplit, urlunsplit

SCHEMES = ("postgresql://", "postgres://")


class CannotOpen(RuntimeError):
    """The data can't be opened at the configured place. The message is one sentence for the user, without secrets."""


class Unavailable(RuntimeError):
    """The database is unreachable or too busy: 503. The transaction was rolled back, unless it failed during the commit.

    Clients get title and detail. The message may contain addresses and file names, so it goes only to the log and the command.
    """

    title = "The database is unavailable"
    detail = "Sickbay's database doesn't respond; nothing was changed. Try again."
    retry_after = 5
    """Seconds for the response's Retry-After (RFC 9110 10.2.3)."""


class Stopping(Unavailable):
    """The server is stopping, so it gave up what the request waited for."""

    title = "Sickbay is stopping"
    detail = "Sickbay is stopping, so it gave up what this request waited for; nothing was changed. Try again once it runs."


class UnknownOutcome(Unavailable):
    """The connection was lost during the commit: the database may have committed the transaction or not."""

    title = "The outcome is unknown"
    detail = (
        "Sickbay lost its database during the commit, so the change may or may not be stored. Read the data, then try again."
    )


class Busy(Unavailable):
    """All connections of this process to the database are in use."""

    title = "The database is busy"
    detail = "Other requests use all of Sickbay's connections to its database; nothing was changed. Try again."


class Locked(Unavailable):
    """Another transaction, or another program, locks what the request needs."""

    title = "The data is locked"
    detail = "Another transaction locked the data that this request needs for too long; nothing was changed. Try again."


class StatementTooSlow(Unavailable):
    """The database stopped a statement that took too long."""

    title = "The database takes too long"
    detail = "Sickbay's database took too long, so the request was stopped; nothing was changed. Try again later."
    retry_after = 60


class TooSlow(Unavailable):
    """A search was stopped because it took too long."""

    title = "The search takes too long"
    detail = "The search was stopped because it took too long. Narrow it, for example by a patient, a code or a date."
    retry_after = 60


class TooManyConnections(Unavailable):
    """The database server allows no more connections."""

    title = "The database has no free connection"
    detail = "Sickbay's database allows no more connections; nothing was changed. Try again, or raise its limit."
    retry_after = 10


class ReadOnly(Unavailable):
    """The database accepts no writes: a standby, a setting, or missing permissions of a file."""

    title = "The database is read-only"
    detail = "Sickbay's database is read-only, so nothing was changed. See Sickbay's log, then try again."
    retry_after = 60


class AccessDenied(Unavailable):
    """The database doesn't accept Sickbay's user or password, or the user lacks a privilege."""

    title = "The database denies access"
    detail = "Sickbay's database denies it access; nothing was changed. See Sickbay's log, then try again."
    retry_after = 60


class DatabaseMissing(Unavailable):
    """The database or its tables are gone."""

    title = "The database is missing"
    detail = "Sickbay's database, or one of its tables, doesn't exist any more. See Sickbay's log, then try again."
    retry_after = 60


class DiskFails(Unavailable):
    """The disk below the database has an error, or a file can't be opened."""

    title = "The disk is failing"
    detail = "The disk with Sickbay's data is failing; nothing was changed. See Sickbay's log, then try again."
    retry_after = 60


class DiskFull(DiskFails):
    """The disk below the database is full, or a quota is used up."""

    title = "The disk is full"
    detail = "The disk with Sickbay's data is full; nothing was changed. Free some space, then try again."


class Damaged(DiskFails):
    """The database's files are damaged."""

    title = "The database is damaged"
    detail = "The files of Sickbay's database are damaged; nothing was changed. Restore a backup, then try again."


def is_database(data: str | None) -> TypeGuard[str]:
    return data is not None and data.startswith(SCHEMES)


def hide_password(address: str) -> str:
    """Returns the URL without password and parameters, for messages."""
    try:
        parts = urlsplit(address)
        for server in list_addresses(address):
            _ = urlsplit(server).port  # raises ValueError if it isn't a number
    except ValueError:
        return "postgresql://…"
    user, _, servers = parts.netloc.rpartition("@")
    name = f"{user.partition(':')[0]}@" if user else ""
    return f"postgresql://{name}{servers}{parts.path}"


def list_addresses(address: str) -> list[str]:
    """Returns one URL for each server that the URL names."""
    parts = urlsplit(address)
    user, at, servers = parts.netloc.rpartition("@")
    return [urlunsplit(parts._replace(netloc=f"{user}{at}{server}")) for server in servers.split(",")]
