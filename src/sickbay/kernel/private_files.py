"""Creates files and folders that only their owner can read, and never opens those of other users.

Modes are given when a file is created, so that there is no moment in which others can read it, whatever the umask.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

FOLDER_MODE, FILE_MODE = 0o700, 0o600
_NAME = re.compile(r"(?!-|\.{1,2}\Z)[^/\x00-\x1f\x7f]+")


class NotPrivate(Exception):
    """Raised if another user controls the path, or it can't be made private. The message is one sentence for the user."""


def make_folder(path: Path) -> None:
    """Creates the folder and its missing parents, each with mode 0700. Raises NotPrivate and OSError."""
    missing = []
    place = path
    while not os.path.lexists(place):
        missing.append(place)
        place = place.parent
    if not place.is_dir():
        own = "it is" if place == path else f"{place} is"
        raise NotADirectoryError(errno.ENOTDIR, f"{own} a file" if place.is_file() else f"{own} not a folder", str(path))
    for folder in reversed(missing):
        with suppress(FileExistsError):  # another process was first
            folder.mkdir(mode=FOLDER_MODE)
            folder.chmod(FOLDER_MODE)  # a umask may have removed our own access
    check_path(path)


def check_path(path: Path) -> None:
    """Raises NotPrivate if a part of the path is another user's symbolic link, or if the last part belongs to another user."""
    absolute = Path(os.path.abspath(path))
    for part in (*reversed(absolute.parents), absolute):
        with suppress(FileNotFoundError):
            about = part.lstat()
            if stat.S_ISLNK(about.st_mode) and not _is_own(about):
                raise NotPrivate(f"{part} is a symbolic link that another user made; choose another place.")
    with suppress(FileNotFoundError):
        if not _is_trusted(absolute.stat()):
            raise NotPrivate(f"{absolute} belongs to another user; choose another place.")


def _is_own(about: os.stat_result) -> bool:
    """Whether it belongs to us or to root, who can read everything anyway."""
    return about.st_uid in (0, os.geteuid())


def _is_trusted(about: os.stat_result) -> bool:
    """Root may use folders of any owner, because mounted volumes can have one, but doesn't follow other users' links."""
    return os.geteuid() == 0 or _is_own(about)


def claim(folder: Path, names: tuple[str, ...]) -> bool:
    """Makes a folder private if it is empty or contains one of our files. Others may be shared on purpose, and stay.

    Returns whether only its owner can write into it.
    """
    names_in_folder = {entry.name for entry in os.scandir(folder)}
    if not names_in_folder or names_in_folder & set(names):
        make_private(folder, FOLDER_MODE)
    return not folder.stat().st_mode & 0o022


def make_private(path: Path, mode: int) -> bool:
    """Removes the rights of group and others from our file or folder. Returns whether it is private afterwards."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        about = os.fstat(descriptor)
        if about.st_mode & 0o077 and about.st_uid == os.geteuid():
            os.fchmod(descriptor, about.st_mode & mode)
        return not os.fstat(descriptor).st_mode & 0o077
    except OSError:
        return False
    finally:
        os.close(descriptor)


def make_file(path: Path) -> None:
    """Creates an empty file with mode 0600, or makes our existing file private. Raises NotPrivate and OSError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
        os.fchmod(descriptor, FILE_MODE)
        os.close(descriptor)
    except FileExistsError:
        check_path(path)
        make_private(path, FILE_MODE)


def open_file(path: Path, flags: int) -> int:
    """Opens our regular file, not a symbolic link, and returns its descriptor. A new file gets mode 0600.

    Raises NotPrivate and OSError.
    """
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotPrivate(f"{path} is a symbolic link; remove it, or choose another place.") from error
        raise
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or not _is_trusted(about):
        os.close(descriptor)
        raise NotPrivate(f"{path} isn't a file of yours; choose another place.")
    if flags & os.O_CREAT and about.st_mode & 0o077 and about.st_uid == os.geteuid():
        os.fchmod(descriptor, FILE_MODE)
    return descriptor


def read_file(path: Path) -> bytes:
    """Reads our file. Raises NotPrivate and OSError."""
    with os.fdopen(open_file(path, os.O_RDONLY), "rb") as file:
        return file.read()


class Drafts:
    """Files of one folder that appear together when all of them are written, or not at all.

    Each is written under a random name and then renamed. A symbolic link under the final name is refused. The folder
    is held open, so that a link that takes its place leads nowhere.
    """

    def __init__(self, folder: Path) -> None:
        check_path(folder)
        self._folder = folder
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._files: dict[str, IO[bytes]] = {}
        self._drafts: dict[str, str] = {}
        """The temporary name of each file. It is set before the file is created, so that a signal in between leaves no file."""

    def file(self, name: str) -> IO[bytes]:
        """Returns the file of this name, which is opened on the first call."""
        if name not in self._files:
            if not _NAME.fullmatch(name):
                raise NotPrivate(f"{name!r} can't be the name of a file.")
            self._refuse_link(name)
            draft = self._drafts[name] = f".{secrets.token_hex(8)}.draft"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(draft, flags, FILE_MODE, dir_fd=self._descriptor)
            os.fchmod(descriptor, FILE_MODE)
            self._files[name] = os.fdopen(descriptor, "wb")
        return self._files[name]

    def __enter__(self) -> Drafts:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._rename_drafts()
        finally:
            self.discard()
            os.close(self._descriptor)

    def discard(self) -> None:
        """Removes the files that weren't published."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        for draft in self._drafts.values():
            with suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=self._descriptor)

    def _rename_drafts(self) -> None:
        for file in self._files.values():
            file.close()
        for name in self._drafts:
            self._refuse_link(name)
        for name, draft in self._drafts.items():
            os.replace(draft, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def _refuse_link(self, name: str) -> None:
        with suppress(FileNotFoundError):
            about = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
            if not stat.S_ISREG(about.st_mode):
                raise NotPrivate(f"{self._folder / name} isn't a regular file; remove it, or choose another folder.")


def write_file(path: Path, content: bytes) -> None:
    """Writes the whole file with mode 0600, or nothing. Raises NotPrivate and OSError."""
    with Drafts(path.parent) as drafts:
        drafts.file(path.name).write(content)
