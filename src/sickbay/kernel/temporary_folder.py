"""Creates temporary folders, and removes those whose process was killed before it could remove them.

Each folder contains a file that its process locks. The system unlocks it when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

EPHEMERAL: Final = "sickbay-ephemeral-"
"""The beginning of the names of the folders with the data of `--ephemeral`."""
OWNER: Final = "owner.lock"
"""The locked file. A folder without it is never removed by another process."""


class TemporaryFolder:
    """A new folder that only this user can open. It stays until `remove`, or after a kill until another process sweeps."""

    def __init__(self, prefix: str = EPHEMERAL) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        draft = self.path / f"{OWNER}.draft"
        self._lock = draft.open("w")
        with suppress(OSError):  # the file system has no locks
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            draft.rename(self.path / OWNER)  # not before, so that no process finds it unlocked

    def remove(self) -> None:
        """Remove the folder. Does nothing if it was removed before."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def remove_abandoned_folders(prefix: str = EPHEMERAL) -> None:
    """Remove the folders of this user whose process has ended."""
    for folder in find_abandoned_folders(prefix):
        shutil.rmtree(folder, ignore_errors=True)


def find_abandoned_folders(prefix: str) -> Iterator[Path]:
    """Yield this user's folders whose process has ended. Each stays locked until the next one is requested.

    Other users can write into the folder for temporary files too. What they put there isn't touched.
    """
    folders: list[os.DirEntry[str]] = []
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:  # there may be no such folder, as in a container
        folders = [entry for entry in entries if entry.name.startswith(prefix)]
    for entry in folders:
        if (lock := _lock_if_abandoned(entry)) is not None:
            yield Path(entry.path)
            os.close(lock)


def _lock_if_abandoned(entry: os.DirEntry[str]) -> int | None:
    """Return the descriptor of the folder's lock; None if it belongs to another user or its process is running."""
    try:
        if not entry.is_dir(follow_symlinks=False) or entry.stat(follow_symlinks=False).st_uid != os.geteuid():
            return None
        lock = os.open(Path(entry.path) / OWNER, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
