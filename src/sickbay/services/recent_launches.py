"""The launches whose latest request this worker handled, so that it can report in the terminal when one stalls."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from sickbay.kernel.memory import ResetScope

REMEMBERED_LAUNCHES: Final = 64
"""On a busy server, only the newest launches are watched."""


class RecentLaunch(NamedTuple):
    """exchange: the id of its last exchange here; "" if it was only created. due: when to look at it, in real seconds."""

    tenant: str
    exchange: str
    due: float


class RecentLaunches:
    """By the id of the timeline, the one that was touched last at the end."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, RecentLaunch] = OrderedDict()

    def touch(self, timeline: str, launch: RecentLaunch) -> None:
        """A request of this launch arrived, or it was looked at and still has time."""
        self._recent[timeline] = launch
        self._recent.move_to_end(timeline)
        if len(self._recent) > REMEMBERED_LAUNCHES:
            self._recent.popitem(last=False)

    def take_due(self, now: float, most: int) -> list[tuple[str, RecentLaunch]]:
        """The launches to look at now. They are forgotten."""
        due = [(timeline, launch) for timeline, launch in self._recent.items() if launch.due <= now][:most]
        for timeline, _ in due:
            del self._recent[timeline]
        return due

    def forget(self, reset: ResetScope) -> None:
        for timeline in [key for key, launch in self._recent.items() if reset.tenant in (None, launch.tenant)]:
            del self._recent[timeline]
