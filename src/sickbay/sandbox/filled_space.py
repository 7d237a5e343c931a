"""The record that says that the sample patients of a space are complete."""

from __future__ import annotations

import datetime
from typing import Final, NamedTuple

from sickbay.storage.interface import Delete, Put, Record, ResourceSpace, Store

EMPTY: Final = "empty"
"""The mark before the first resource. Only spaces that began with a copy (`new_database`) have it."""
PATIENTS: Final = "patients"
"""The mark in the history where everything is stored that doesn't depend on the day."""
FILLED: Final = "filled"
"""The mark where everything is stored."""
_HAS_MARKS: Final = "marked"


class FilledSpace(NamedTuple):
    """day: of its newest appointments. first: of those at the mark FILLED; None if an older Sickbay filled it, without marks.

    versions: how many versions of resources Sickbay itself has written since that mark.
    """

    day: datetime.date
    first: datetime.date | None = None
    versions: int = 0

    def put(self, space: ResourceSpace) -> Put:
        marked = f" {self.versions} {self.first.isoformat()} {_HAS_MARKS}" if self.first else ""
        return Put(Record("meta", make_key(space), f"{self.day.isoformat()}{marked}".encode(), space.tenant))


def make_key(space: ResourceSpace) -> str:
    return f"filled/{space.tenant}/{space.version}"


def forget(space: ResourceSpace) -> Delete:
    return Delete("meta", make_key(space))


async def read_filled_space(store: Store, space: ResourceSpace) -> FilledSpace | None:
    """None if the space isn't complete."""
    record = await store.get("meta", make_key(space))
    return None if record is None else parse(record)


def parse(record: Record) -> FilledSpace:
    """An older Sickbay stored no marks, and after the day up to two other words, which no longer matter."""
    day, *more = record.value.decode().split(" ")
    if more[-1:] != [_HAS_MARKS]:
        return FilledSpace(datetime.date.fromisoformat(day))
    return FilledSpace(datetime.date.fromisoformat(day), datetime.date.fromisoformat(more[1]), int(more[0]))
