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


class DiskFails(Unavailable):
    """The disk below the database is full, read-only or broken."""

    title = "The disk is full or failing"
    detail = "The disk with Sickbay's data is full or failing; nothing was changed. See Sickbay's log, then try again."
    retry_after = 60


class TooSlow(Unavailable):
    """A search was stopped because it took too long."""

    title = "The search takes too long"
    detail = "The search was stopped because it took too long. Narrow it, for example by a patient, a code or a date."
    retry_after = 60


def is_database(data: str | None) -> TypeGuard[str]:
    return data is not None and data.startswith(SCHEMES)


def shown(address: str) -> str:
    """The URL without password and parameters, for messages."""
    try:
        parts = urlsplit(address)
        for server in addresses(address):
            _ = urlsplit(server).port  # raises ValueError if it isn't a number
    except ValueError:
        return "postgresql://…"
    user, _, servers = parts.netloc.rpartition("@")
    name = f"{user.partition(':')[0]}@" if user else ""
    return f"postgresql://{name}{servers}{parts.path}"


def addresses(address: str) -> list[str]:
    """One URL for each server that the URL names."""
    parts = urlsplit(address)
    user, at, servers = parts.netloc.rpartition("@")
    return [urlunsplit(parts._replace(netloc=f"{user}{at}{server}")) for server in servers.split(",")]
