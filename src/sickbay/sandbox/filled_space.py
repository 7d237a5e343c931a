"""The record that says that the sample patients of a space are complete."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.interface import Delete, Put, Record, ResourceSpace, Store


class FilledSpace(NamedTuple):
    """day: of its appointments. first: the day when it was filled; None if that isn't known.

    versions: how many versions of resources Sickbay itself has written there; None if that isn't known.
    """

    day: datetime.date
    versions: int | None
    first: datetime.date | None

    def put(self, space: ResourceSpace) -> Put:
        first = self.first.isoformat() if self.first else ""
        versions = self.versions if self.versions is not None else -1
        return Put(Record("meta", key(space), f"{self.day.isoformat()} {versions} {first}".encode(), space.tenant))


def key(space: ResourceSpace) -> str:
    return f"filled/{space.tenant}/{space.version}"


def forget(space: ResourceSpace) -> Delete:
    return Delete("meta", key(space))


async def stored(store: Store, space: ResourceSpace) -> FilledSpace | None:
    """None if the space isn't complete."""
    record = await store.get("meta", key(space))
    return None if record is None else parse(record)


def parse(record: Record) -> FilledSpace:
    """An older Sickbay stored no first day, and -1 or nothing instead of the versions after someone had written."""
    day, versions, first = [*record.value.decode().split(" "), "", ""][:3]
    return FilledSpace(
        datetime.date.fromisoformat(day),
        int(versions) if versions.isdecimal() else None,
        datetime.date.fromisoformat(first) if first else None,
    )


async def versions(store: Store, space: ResourceSpace) -> int:
    """The number of versions of all resources, deleted ones included."""
    return (await store.history(space, None, None, EVERYTHING, count=0)).total or 0
