"""The generated admin token in the data folder, which the commands use."""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from sickbay.cli.output import CommandError

FILE = "admin-token"
_KEY = re.compile(r"[!-~]{16,200}")


def ensure(folder: Path) -> str:
    """The key of this folder. Makes a new one if there is none, or if another user could read or write the file."""
    key = _read_private(folder / FILE)
    if key is None:
        key = secrets.token_urlsafe(32)
        _write_key(folder / FILE, key)
    return key


def read(folder: Path) -> str | None:
    """The key of this folder; None if there is none. Raises CommandError."""
    try:
        return (folder / FILE).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it isn't text"
        raise CommandError(
            f"{folder / FILE} can't be read ({reason}). Run this command as the user who runs the server."
        ) from error


def _read_private(path: Path) -> str | None:
    """The key in the file, if it is a regular file that this user owns and others can't open; else None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
        text = os.read(descriptor, 1000).decode("ascii", "replace").strip() if ours else ""
    finally:
        os.close(descriptor)
    return text if _KEY.fullmatch(text) else None


def _write_key(path: Path, key: str) -> None:
    """Writes the file completely or not at all. Other users can't read it at any time."""
    draft = path.with_suffix(".draft")
    with suppress(FileNotFoundError):
        draft.unlink()
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(key + "\n")
        draft.replace(path)
    except OSError as error:
        raise CommandError(f"{path} can't be written ({error.strerror}).") from error
