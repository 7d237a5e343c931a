"""The random key in the data folder: the commands administer with it, and so does a person who set no other admin token."""

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


def made(folder: Path) -> str:
    """The key of this folder; a new one if it has none, or if someone else could read or has written it."""
    key = _private(folder / FILE)
    if key is None:
        key = secrets.token_urlsafe(32)
        _write(folder / FILE, key)
    return key


def read(folder: Path) -> str | None:
    """The key with which the server on this folder lets us in; None if it has none. Raises Trouble."""
    try:
        return (folder / FILE).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CommandError(
            f"{folder / FILE} cannot be read ({getattr(error, 'strerror', None) or 'it is not text'}); run this command "
            "as the user who runs the server."
        ) from error


def _private(path: Path) -> str | None:
    """What the file holds if it is a regular file of ours that only we can open."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        about = os.fstat(descriptor)
        ours = stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & 0o077
        text = os.read(descriptor, 1000).decode("ascii", "replace").strip() if ours else ""
    finally:
        os.close(descriptor)
    return text if _KEY.fullmatch(text) else None


def _write(path: Path, key: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    draft = path.with_suffix(".draft")
    with suppress(FileNotFoundError):
        draft.unlink()
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(key + "\n")
        draft.replace(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written ({error.strerror}).") from error
