"""The data folder: opens its store and reads the settings it was created with."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sickbay.kernel import private_files
from sickbay.services import records
from sickbay.settings.database import CannotOpen
from sickbay.settings.settings import Settings
from sickbay.storage.interface import Conflict, Put, Record, Store
from sickbay.storage.query.keyset import Find

DATABASE = "sickbay.db"


@dataclass(frozen=True, slots=True)
class Written:
    """The settings that a data folder was created with.

    today: the pinned ISO date; None for the real day. messiness: 0 to 1, the data errors of the population.
    """

    patients: int
    seed: int
    today: str | None = None
    messiness: float = 0.0


def prepare(settings: Settings, temporary: Path | None) -> Path | None:
    """Create the data folder and return the path of its database file. None for PostgreSQL. Raises CannotOpen."""
    if settings.database:
        return None
    place = temporary or settings.folder or (Path(settings.data) if settings.data else None)
    if place is None:
        raise CannotOpen("No data folder is set. Set `data` to a folder, or set `ephemeral`.")
    try:
        private_files.make_folder(place)
        private_files.claim(place, (DATABASE,))
    except private_files.NotPrivate as error:
        raise CannotOpen(str(error)) from error
    except OSError as error:
        verb = "opened" if place.is_dir() else "created"
        raise CannotOpen(f"The folder {place} can't be {verb} ({error.strerror}). Choose another one.") from error
    return place / DATABASE


async def open_folder_store(settings: Settings, file: Path | None, *, durable: bool = True) -> Store:
    """Open the store in the file of `prepare`, or in the database of the settings. Raises CannotOpen.

    durable: whether a commit waits for the disk. A folder that is deleted at the end needs no commit to last.
    """
    from sickbay.fhir.search.parameters import find

    if file is None:
        return await _open_database(settings.database or "", find)
    from sickbay.storage.sqlite.store import open_store

    return open_store(file, find, durable=durable and not settings.ephemeral)


async def _open_database(address: str, find: Find) -> Store:
    try:
        from sickbay.storage.postgres.store import open_store
    except ImportError as error:
        advice = "install the packages asyncpg and greenlet into the Python environment of Sickbay"
        raise CannotOpen(f"PostgreSQL also needs {error.name}: {advice}.") from error
    return await open_store(address, find)


def new_settings(settings: Settings) -> Written:
    """Returns the settings that a new data folder is created with."""
    return Written(settings.patients, settings.seed, settings.today, settings.messiness)


async def read_or_store_settings(store: Store, settings: Settings) -> Written:
    """Read the settings of the folder; a new folder gets the current ones."""
    record = await store.get("meta", "settings")
    if record is None:
        wanted = new_settings(settings)
        with suppress(Conflict):  # another process was first
            await store.transaction([Put(Record("meta", "settings", records.dump(wanted)), 0)])
        record = await store.get("meta", "settings")
    assert record is not None
    return records.parse(Written, record.value)
