"""What STU3, R4B and R5 share: a record is R4's, changed by type where the version differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sickbay.population.calendar import Booking, Slot
from sickbay.population.life import Life
from sickbay.population.render import r4
from sickbay.population.render.common import Json
from sickbay.population.staff import Practitioner

Change = Callable[[Json], Json]


class Renderer:
    """changes: resource type -> a function from R4's resource to the version's. every: what is done to each value, last."""

    def __init__(self, changes: Mapping[str, Change], every: Callable[[Any], Any] = lambda value: value) -> None:
        self._changes = changes
        self._every = every

    def hospital(self) -> Iterator[Json]:
        yield from map(self._changed, r4.hospital())

    def record(self, life: Life) -> Iterator[Json]:
        yield from map(self._changed, r4.record(life))

    def panel(self, who: Practitioner, patients: Sequence[str]) -> Json:
        return self._changed(r4.panel(who, patients))

    def slot(self, slot: Slot) -> Json:
        return self._changed(r4.slot(slot))

    def appointment(self, booking: Booking) -> Json:
        return self._changed(r4.appointment(booking))

    def _changed(self, resource: Json) -> Json:
        """The profiles that R4 names are R4's, so they are left out."""
        found = {key: value for key, value in resource.items() if key != "meta"}
        change = self._changes.get(found["resourceType"])
        return dict(self._every(change(found) if change else found))


def renamed(resource: Json, **names: str) -> Json:
    """With other names for some elements (`subject="patient"`), the order kept."""
    return {names.get(key, key): value for key, value in resource.items()}


def without(value: Json, *names: str) -> Json:
    return {key: one for key, one in value.items() if key not in names}
