"""Where the data may be besides a folder: the address of a database, how it is told to people, and that it cannot be had."""

from __future__ import annotations

from typing import TypeGuard
from urllib.parse import urlsplit

SCHEMES = ("postgresql://", "postgres://")


class CannotOpen(RuntimeError):
    """There are no data where the settings say, or none for us: one sentence for the person, without secrets."""


class Unavailable(RuntimeError):
    """The database went away, or is too busy: 503. Of a transaction nothing was kept, unless it went while committing.

    Whoever asked is told title and detail; the sentence, which may name addresses and files, is for the log and the command.
    """

    title = "The database is away"
    detail = "Sickbay's database does not answer at the moment; nothing was changed. Ask again."


class DiskFails(Unavailable):
    """The disk below the database is full, read-only or broken."""

    title = "The disk takes nothing more"
    detail = "The disk with Sickbay's data is full or fails, as its log says; nothing was changed. Ask again when it is mended."


class TooSlow(Unavailable):
    """A search was stopped because it took too long."""

    title = "The search takes too long"
    detail = "The search was stopped because it took too long. Narrow it, for example by a patient, a code or a date."


def is_database(data: str | None) -> TypeGuard[str]:
    return data is not None and data.startswith(SCHEMES)


def shown(address: str) -> str:
    """The address without password and parameters."""
    try:
        parts = urlsplit(address)
        user = f"{parts.username}@" if parts.username else ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "postgresql://…"
    return f"postgresql://{user}{parts.hostname or ''}{port}{parts.path}"
