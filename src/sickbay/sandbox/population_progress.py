"""Progress of writing the sample patients of a space: the stored record, and the estimate based on it."""

from __future__ import annotations

import datetime
import math
from typing import NamedTuple

from sickbay.storage.interface import Delete, Put, Record, ResourceSpace

PACE_WEIGHT = 0.3
"""Weight of the newest measurement in the average pace."""


class PopulationProgress(NamedTuple):
    """done, total: patients. seconds: until the rest is stored; None if the pace isn't known yet."""

    done: int
    total: int
    seconds: int | None = None


class WrittenPortions(NamedTuple):
    """The stored progress of a population that isn't complete.

    day: of its appointments. portions: how many of `population.portions` are stored. pace: milliseconds for each portion, 0 if
    it isn't known yet. revision: that of the record, 0 if there is none.
    """

    day: datetime.date
    portions: int = 0
    pace: float = 0.0
    revision: int = 0

    def measure(self, portions: int, seconds: float) -> WrittenPortions:
        """The state with a pace that takes a measurement into account."""
        pace = seconds * 1000 / portions
        return self._replace(pace=self.pace + PACE_WEIGHT * (pace - self.pace) if self.pace else pace)

    def add_portions(self, portions: int) -> WrittenPortions:
        return self._replace(portions=self.portions + portions)

    def progress(self, patients: int) -> PopulationProgress:
        """The progress of a population with this many patients. The first portion is the hospital."""
        done = min(max(self.portions - 1, 0), patients)
        return PopulationProgress(done, patients, math.ceil((patients - done) * self.pace / 1000) if self.pace else None)

    def put(self, space: ResourceSpace, *, always: bool = False) -> Put:
        """Stores this state. Raises Conflict if the record has changed since it was read, unless `always` is set."""
        value = f"{self.day.isoformat()} {self.portions} {self.pace:.3f}"
        return Put(Record("meta", make_key(space), value.encode(), space.tenant), None if always else self.revision, aside=True)


def make_key(space: ResourceSpace) -> str:
    return f"filling/{space.tenant}/{space.version}"


def forget(space: ResourceSpace) -> Delete:
    return Delete("meta", make_key(space))


def parse(record: Record) -> WrittenPortions:
    """An older Sickbay also stored the number of resources, before the pace."""
    day, portions, *_, pace = record.value.decode().split(" ")
    return WrittenPortions(datetime.date.fromisoformat(day), int(portions), float(pace), record.revision)
