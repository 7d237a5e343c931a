"""Keeps files that can be created again in the user's cache folder. They can be deleted at any time.

A file appears only when it is complete, and its name contains the checksum of its content, so a damaged or truncated file is
never used. Files that another user of the machine could have written are never used.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from sickbay.kernel import private_files

LIMIT_BYTES: Final = 1_000_000_000
"""Maximum total size of a folder's files. The least recently used files are deleted first."""
FREE_BYTES: Final = 1_000_000_000
"""Minimum free space on the disk in bytes. With less, nothing is written."""
BLOCK_BYTES: Final = 1 << 20
DRAFT_SECONDS: Final = 3600.0
"""Age in seconds from which a draft counts as left behind by a killed process."""
_KEY = re.compile(r"[A-Za-z0-9._-]{1,150}")
_DRAFT = ".draft"
_OTHERS_CAN_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def find_folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path | None:
    """Returns Sickbay's folder for caches: $XDG_CACHE_HOME/sickbay, ~/Library/Caches/sickbay on macOS, otherwise
    ~/.cache/sickbay.

    A relative XDG_CACHE_HOME is invalid (XDG Base Directory Specification). None if the user has no home folder.
    """
    place = Path(environment.get("XDG_CACHE_HOME") or "")
    if place.is_absolute():
        return place / "sickbay"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if platform == "darwin" else ".cache") / "sickbay"


class CacheFolder:
    """The files of one kind. suffix: the end of their names, such as ".db"."""

    def __init__(self, folder: Path, suffix: str, limit: int = LIMIT_BYTES) -> None:
        self.folder, self._suffix, self._limit = folder, suffix, limit

    def find(self, key: str) -> Path | None:
        """Return the file that is kept under this key, and mark it as used. Deletes a damaged file."""
        try:
            if not is_trusted_folder(self.folder):
                return None
            return next((path for path in self._files_of_key(key) if self._is_intact(path)), None)
        except (OSError, private_files.NotPrivate):
            return None

    def copy(self, key: str, target: Path) -> bool:
        """Copy the file that was kept under this key into an empty file. Returns False, and empties the target, if that fails.

        Takes half as long as finding the file and copying it, because the content is read only once.
        """
        try:
            if not is_trusted_folder(self.folder):
                return False
            return any(self._is_intact(path, target) for path in self._files_of_key(key))
        except (OSError, private_files.NotPrivate):
            os.truncate(target, 0)
            return False

    def keep(self, key: str, make: Callable[[Path], bool]) -> bool:
        """Keep a file under this key, instead of the one that is there. Returns whether that worked.

        make: writes into the empty file at this path. If it returns False or raises OSError, the file is deleted.
        """
        try:
            private_files.make_folder(self.folder)
            if not is_trusted_folder(self.folder) or _free_bytes(self.folder) < FREE_BYTES:
                return False
            kept = self._make_file(key, make)
            with suppress(FileNotFoundError):  # another process deletes files too
                self._delete_unused_files()
            return kept
        except (OSError, private_files.NotPrivate):
            return False

    def discard(self, path: Path) -> None:
        """Delete a file that can't be used."""
        with suppress(OSError):
            path.unlink()

    def _make_file(self, key: str, make: Callable[[Path], bool]) -> bool:
        assert _KEY.fullmatch(key)
        draft = self.folder / f".{key}.{secrets.token_hex(8)}{_DRAFT}"
        try:
            private_files.make_file(draft)
            if not make(draft) or draft.stat().st_size > self._limit:
                return False
            path = self.folder / f"{key}.{_checksum_of_file(draft)}{self._suffix}"
            draft.replace(path)
            for other in self._files_of_key(key):
                if other != path:
                    self.discard(other)
            return True
        finally:
            with suppress(OSError):
                draft.unlink()

    def _files_of_key(self, key: str) -> list[Path]:
        """Return the files under this key, newest first. There are several if two processes created one at the same time."""
        entries = [entry for entry in self._folder_entries() if self._key_of(entry.name) == key]
        return [Path(entry.path) for entry in sorted(entries, key=_modification_time, reverse=True)]

    def _key_of(self, name: str) -> str:
        return name.removesuffix(self._suffix).rpartition(".")[0]

    def _folder_entries(self) -> list[os.DirEntry[str]]:
        with os.scandir(self.folder) as entries:
            return [entry for entry in entries if entry.name.endswith((self._suffix, _DRAFT))]

    def _is_intact(self, path: Path, target: Path | None = None) -> bool:
        """Whether the file is ours and undamaged. target: gets its content."""
        if not is_own_file(path):
            return False
        if path.name.removesuffix(self._suffix).rpartition(".")[2] != _checksum_of_file(path, target):
            self.discard(path)
            if target is not None:
                os.truncate(target, 0)
            return False
        with suppress(OSError):  # the folder may be read-only
            os.utime(path)
        return True

    def _delete_unused_files(self) -> None:
        """Delete the files that were unused for the longest time until the rest is within the limit, and old drafts."""
        total = 0
        for entry in sorted(self._folder_entries(), key=_modification_time, reverse=True):
            if entry.name.endswith(_DRAFT):
                is_kept = _modification_time(entry) > time.time() - DRAFT_SECONDS
            else:
                total += entry.stat(follow_symlinks=False).st_size
                is_kept = total <= self._limit
            if not is_kept:
                self.discard(Path(entry.path))


def _modification_time(entry: os.DirEntry[str]) -> float:
    return entry.stat(follow_symlinks=False).st_mtime


def is_trusted_folder(folder: Path) -> bool:
    """Whether only this user can write into the folder or replace it. Follows only this user's symbolic links."""
    try:
        private_files.check_path(folder)
    except private_files.NotPrivate:
        return False
    place = Path(os.path.realpath(folder))
    about = place.stat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & _OTHERS_CAN_WRITE:
        return False
    return all(_is_safe_parent(parent.stat()) for parent in place.parents)


def _is_safe_parent(about: os.stat_result) -> bool:
    """Whether other users can't rename entries of the folder: they can't write into it or, as in /tmp, can only add entries.

    A group may be able to: on many systems each user has their own group.
    """
    return bool(about.st_mode & stat.S_ISVTX) or not about.st_mode & stat.S_IWOTH


def is_own_file(path: Path) -> bool:
    """Whether the path is this user's regular file, and no one else can write to it."""
    about = path.lstat()
    return stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & _OTHERS_CAN_WRITE


def _checksum_of_file(path: Path, target: Path | None = None) -> str:
    """Returns the CRC-32, which only detects damage. A cryptographic hash would take several times as long.

    target: a file that gets the content.
    """
    checksum, block = 0, memoryview(bytearray(BLOCK_BYTES))
    with ExitStack() as files:
        source = files.enter_context(os.fdopen(private_files.open_file(path, os.O_RDONLY), "rb", buffering=0))
        copy = None if target is None else files.enter_context(target.open("wb", buffering=0))
        while size := source.readinto(block):
            checksum = zlib.crc32(block[:size], checksum)
            if copy is not None and copy.write(block[:size]) != size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return f"{checksum:08x}"


def _free_bytes(folder: Path) -> int:
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize
