"""Keeps the sample patients of this machine's Sickbays, so that each population is created once and copied afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import os
from functools import cache
from pathlib import Path
from threading import Event
from typing import Final

import sickbay
from sickbay.kernel.cache_folder import CacheFolder, find_folder
from sickbay.sandbox.filled_space import PATIENTS
from sickbay.sandbox.folder import Written
from sickbay.storage import population_file
from sickbay.storage.interface import CannotCopy, ResourceSpace, Store
from sickbay.storage.population_file import PopulationFile

NAME: Final = "populations"
"""The folder below Sickbay's cache folder."""
SUFFIX: Final = ".db"
HERE: Final = Path(sickbay.__file__).parent
CODE: Final = (
    "population",
    "population/render",
    "population/render/r4",
    "population/stories",
    "fhir",
    "fhir/definitions",
    "fhir/search",
    "storage",
    "storage/query",
    "storage/sqlite",
)
"""The folders whose code and data decide what is stored of a population."""


class PopulationCache:
    """The population files of one data folder. Its methods raise nothing: without a file, the patients are created."""

    def __init__(self, folder: CacheFolder, written: Written) -> None:
        self._folder, self._written = folder, written
        self._files: dict[ResourceSpace, PopulationFile | None] = {}
        """What was found while a space is being filled."""
        self._stop = Event()
        self._exports: set[asyncio.Task[bool]] = set()

    async def find(self, space: ResourceSpace) -> PopulationFile | None:
        """The file with the patients of a space; None if there is none."""
        if space not in self._files:
            self._files[space] = await asyncio.to_thread(self._find, space.version)
        return self._files[space]

    def _find(self, version: str) -> PopulationFile | None:
        path = self._folder.find(self._key(version))
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
        return self._folder.copy(self._key(version), target)

    def forget(self, space: ResourceSpace) -> None:
        """Look again for a file when the space is filled the next time."""
        self._files.pop(space, None)

    def refuse(self, space: ResourceSpace) -> None:
        """Create the rest of the patients, because the file can't be copied into this space."""
        self._files[space] = None

    async def keep(self, store: Store, space: ResourceSpace, versions: int) -> None:
        """Begin to write the file of a space that was filled just now. Returns when later writes no longer matter.

        versions: how many this process has stored. If the space has others, no file is written.
        """
        if self._stop.is_set():
            return
        began = asyncio.Event()
        task = asyncio.get_running_loop().create_task(self._write(store, space, versions, began))
        self._exports.add(task)
        task.add_done_callback(self._exports.discard)
        await began.wait()

    async def _write(self, store: Store, space: ResourceSpace, versions: int, began: asyncio.Event) -> bool:
        loop = asyncio.get_running_loop()

        def make(draft: Path) -> bool:
            return store.export(space, PATIENTS, versions, draft, lambda: loop.call_soon_threadsafe(began.set), self._stop)

        try:
            return await asyncio.to_thread(self._folder.keep, self._key(space.version), make)
        finally:
            began.set()

    def begin_to_stop(self) -> None:
        self._stop.set()

    async def stop(self) -> None:
        """End what is being written. It isn't kept."""
        self.begin_to_stop()
        await asyncio.gather(*self._exports, return_exceptions=True)

    def _key(self, version: str) -> str:
        written = self._written
        return f"{version}-{written.patients}-{written.seed}-{written.messiness}-{digest()}"


def open_cache(written: Written) -> PopulationCache | None:
    """None if the user has no home folder, or if there are no patients."""
    folder = find_folder()
    if folder is None or not written.patients:
        return None
    return PopulationCache(CacheFolder(folder / NAME, SUFFIX), written)


@cache
def digest() -> str:
    """A digest of the release, and of the code and data that decide what is stored, so that a clone never copies what its code
    would no longer create.
    """
    content = hashlib.sha256(sickbay.__version__.encode())
    for folder in CODE:
        for name in sorted(os.listdir(HERE / folder)):
            if name.endswith((".py", ".gz")):
                with open(f"{HERE}/{folder}/{name}", "rb", buffering=0) as file:
                    content.update(f"\n{folder}/{name}\n".encode() + file.read())
    return content.hexdigest()[:32]
