"""Keeps the sample patients of this machine's Sickbays, so that each population is created once and copied afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

import sickbay
from sickbay.kernel.cache_folder import LIMIT_BYTES, CacheFolder, find_folder
from sickbay.sandbox.filled_space import PATIENTS
from sickbay.sandbox.folder import Written
from sickbay.storage import population_file
from sickbay.storage.interface import CannotCopy, ResourceSpace, Store
from sickbay.storage.population_file import PopulationFile
from sickbay.storage.sqlite.beginning import set_day

NAME: Final = "populations"
"""The folder below Sickbay's cache folder."""
SUFFIX: Final = ".db"
BYTES_PER_RESOURCE: Final = 3_500
"""The size of a file, divided by the number of its resources."""
BEGIN_SECONDS: Final = 1.0
"""Maximum seconds that the end of a fill waits until the file is begun."""
PAUSE_SECONDS: Final = 0.05
"""Seconds between the beginning of a file and its rows. The requests that waited for the patients are answered first."""
FINISH_SECONDS: Final = 0.6
"""How long `stop` waits for a file. Even a run of a second or two leaves one then."""
HERE: Final = Path(sickbay.__file__).parent
CODE: Final = ("fhir", "population", "protocol", "sandbox", "storage")
"""The folders whose code and data decide what is stored of a population."""
UNRELATED: Final = frozenset(("__pycache__", "patch", "validation", "xml"))
"""Folders in them that don't."""


class OutdatedFile(NamedTuple):
    """A file whose resources are for a day other than today. version: the FHIR version. at: today, in epoch ms."""

    version: str
    at: int


class PopulationCache:
    """The population files of one data folder. Its methods raise nothing: without a file, the patients are created."""

    def __init__(self, folder: CacheFolder, written: Written) -> None:
        self._folder, self._written = folder, written
        self._files: dict[ResourceSpace, PopulationFile | None] = {}
        """Population files found for the spaces that are being filled."""
        self.outdated: OutdatedFile | None = None
        self._stop = Event()
        self._exports: set[asyncio.Task[bool]] = set()

    async def find(self, space: ResourceSpace) -> PopulationFile | None:
        """The file with the patients of a space; None if there is none."""
        if space not in self._files:
            self._files[space] = await asyncio.to_thread(self._find_file, space.version)
        return self._files[space]

    def _find_file(self, version: str) -> PopulationFile | None:
        path = self._folder.find(self._cache_key(version))
        if path is None:
            return None
        try:
            file = population_file.read(path)
        except CannotCopy:
            self._folder.discard(path)
            return None
        return file if len(file.ends) == self._written.patients + 1 else None

    def copy(self, version: str, target: Path) -> bool:
        """Copy the file with the patients of a FHIR version into an empty file. False if there is none."""
        return self._folder.copy(self._cache_key(version), target)

    def forget(self, space: ResourceSpace) -> None:
        """Look again for a file when the space is filled the next time."""
        self._files.pop(space, None)

    def refuse(self, space: ResourceSpace) -> None:
        """Create the rest of the patients, because the file can't be copied into this space."""
        self._files[space] = None

    async def keep(self, store: Store, space: ResourceSpace, versions: int) -> None:
        """Begin to write the file of a space that has just been filled. Returns when later writes no longer matter.

        versions: how many this process has stored. If the space has others, no file is written, and neither if it would be too
        large.
        """
        if self._stop.is_set() or versions * BYTES_PER_RESOURCE > LIMIT_BYTES:
            return
        began = asyncio.Event()
        task = asyncio.get_running_loop().create_task(self._write_file(store, space, versions, began))
        self._exports.add(task)
        task.add_done_callback(self._exports.discard)
        with suppress(TimeoutError):  # all threads are busy; if someone writes before one is free, no file is written
            await asyncio.wait_for(began.wait(), BEGIN_SECONDS)

    async def _write_file(self, store: Store, space: ResourceSpace, versions: int, began: asyncio.Event) -> bool:
        loop = asyncio.get_running_loop()

        def begin() -> None:
            loop.call_soon_threadsafe(began.set)
            self._stop.wait(PAUSE_SECONDS)

        def make(draft: Path) -> bool:
            return store.export(space, PATIENTS, versions, draft, begin, self._stop)

        try:
            return await asyncio.to_thread(self._folder.keep, self._cache_key(space.version), make)
        finally:
            began.set()

    def bring_up_to_date(self) -> None:
        """Begin to change the day of an outdated file, so that the next new folder needn't do that."""
        if self.outdated is not None and not self._stop.is_set():
            task = asyncio.get_running_loop().create_task(asyncio.to_thread(self._set_day, *self.outdated))
            self.outdated = None
            self._exports.add(task)
            task.add_done_callback(self._exports.discard)

    def _set_day(self, version: str, at: int) -> bool:
        key = self._cache_key(version)
        return self._folder.keep(key, lambda draft: self._folder.copy(key, draft) and set_day(draft, at))

    async def stop(self) -> None:
        """Wait a moment for what is being written, and end it if that isn't enough. Then it isn't kept."""
        if self._exports:
            await asyncio.wait(self._exports, timeout=FINISH_SECONDS)
        self._stop.set()
        await asyncio.gather(*self._exports, return_exceptions=True)

    def _cache_key(self, version: str) -> str:
        written = self._written
        return f"{version}-{written.patients}-{written.seed}-{written.messiness}-{hash_sources()}"


def open_cache(written: Written) -> PopulationCache | None:
    """None if the user has no home folder, if there are no patients, or if the code isn't in files."""
    folder = find_folder()
    if folder is None or not written.patients or not (HERE / "population").is_dir():
        return None
    return PopulationCache(CacheFolder(folder / NAME, SUFFIX), written)


@cache
def hash_sources() -> str:
    """A digest of the release, and of the code and data that decide what is stored, so that a clone never copies what its code
    would no longer create. It includes Python's version, whose tables of letters decide how texts are folded.
    """
    content = hashlib.sha256(f"{sickbay.__version__} {sys.version_info[:2]}".encode())
    for path in (path for folder in CODE for path in _list_files(f"{HERE}/{folder}")):
        with open(path, "rb", buffering=0) as file:
            content.update(f"\n{path.removeprefix(str(HERE))}\n".encode() + file.read())
    return content.hexdigest()[:32]


def _list_files(folder: str) -> Iterator[str]:
    """All files in the folder, in order. pathlib would take several times as long."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if not entry.is_dir():
            yield entry.path
        elif entry.name not in UNRELATED:
            yield from _list_files(entry.path)
