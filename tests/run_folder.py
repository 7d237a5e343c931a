"""The folder with all temporary files of a run of tests or benchmarks, also of the processes that they start.

The next run removes it if this one is killed. What `tmp_path_factory` makes for a fixture or a test is removed when that ends.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sickbay.kernel.temporary_folder import TemporaryFolder, find_abandoned_folders

if TYPE_CHECKING:
    import pytest

PREFIX = "sickbay-run-"
MEMORY = Path("/dev/shm")
"""The servers of PostgreSQL have their files there, in folders whose names begin with that of the folder of the run."""
SUITE_BYTES = 3_000_000_000
"""What all tests need at the same time with three workers (2.4 GB), and some reserve."""

ROUNDS, ROUND_SECONDS = 100, 0.05
"""How often, and with what pause, processes are ended: they take a moment to end, and may have started others."""


def begin() -> TemporaryFolder:
    """Create the folder of this run, for the temporary files of this process and of all that it starts, until it ends."""
    sweep()
    folder = TemporaryFolder(PREFIX)
    folder.path.chmod(0o711)  # if root runs the tests, PostgreSQL runs as another user; each folder below is private
    atexit.register(folder.remove)
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder.path)
    return folder


def sweep() -> None:
    """Remove what killed runs left, and end the servers and browsers that still work there."""
    for folder in find_abandoned_folders(PREFIX):
        for _ in range(ROUNDS):
            if not end_processes(folder):
                break
            time.sleep(ROUND_SECONDS)
        for left in (folder, *MEMORY.glob(f"{folder.name}-*")):
            shutil.rmtree(left, ignore_errors=True)


def end_processes(folder: Path) -> bool:
    """Whether there were any."""
    numbers = [*find_processes(folder)]
    for number in numbers:
        with suppress(OSError):
            os.kill(number, signal.SIGKILL)
    return bool(numbers)


def find_processes(folder: Path) -> Iterator[int]:
    """The processes that work in this folder, or whose temporary files are there. Only Linux shows them."""
    variable = f"TMPDIR={folder}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_inside = process.joinpath("cwd").readlink().is_relative_to(folder)
            if is_inside or variable in process.joinpath("environ").read_bytes().split(b"\0"):
                yield int(process.name)


def find_shortage(arguments: Sequence[str], tests: Path) -> str | None:
    """A sentence if all tests are run and the disk has too little room for them. arguments: the files and folders to test."""
    place = Path(tempfile.gettempdir()).parent
    free = shutil.disk_usage(place).free
    if free >= SUITE_BYTES or {tests, tests.parent}.isdisjoint(Path(argument).resolve() for argument in arguments):
        return None
    return (
        f"The tests need {SUITE_BYTES / 1e9:.1f} GB in {place}, and {free / 1e9:.1f} GB are free. "
        "Free some space, or set TMPDIR to a folder on another disk."
    )


class MadeFolders:
    """Collects the folders that `tmp_path_factory` makes."""

    def __init__(self) -> None:
        self._collections: list[list[Path]] = []

    def watch(self, factory: type[pytest.TempPathFactory]) -> None:
        make = factory.mktemp

        def mktemp(self_: pytest.TempPathFactory, basename: str, numbered: bool = True) -> Path:
            folder = make(self_, basename, numbered)
            if self._collections:
                self._collections[-1].append(folder)
            return folder

        factory.mktemp = mktemp  # type: ignore[assignment, method-assign]

    @contextmanager
    def collect(self) -> Iterator[list[Path]]:
        """Collect those made within the block, but not in a block within it."""
        self._collections.append([])
        try:
            yield self._collections[-1]
        finally:
            self._collections.pop()


def remove(folders: Sequence[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
