"""The launches whose latest request this worker handled, so that it can report in the terminal when one stalls.

Also what their apps' addresses answered, if the worker asked them then.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from sickbay.kernel.memory import ResetScope

REMEMBERED_LAUNCHES: Final = 64
"""Maximum number of launches that are watched, the newest ones."""


class RecentLaunch(NamedTuple):
    """exchange: the id of its last exchange here; "" if it was only created. due: when to look at it, in real seconds."""

    tenant: str
    exchange: str
    due: float


class AppAnswer(NamedTuple):
    """awaited: what the launch waited for when the address was asked. text: as in `Trail.answer`."""

    tenant: str
    awaited: str
    text: str


class RecentLaunches:
    """By the id of the timeline, the one that was touched last at the end."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, RecentLaunch] = OrderedDict()
        self._answers: OrderedDict[str, AppAnswer] = OrderedDict()

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

    def remember_answer(self, timeline: str, answer: AppAnswer) -> None:
        self._answers[timeline] = answer
        if len(self._answers) > REMEMBERED_LAUNCHES:
            self._answers.popitem(last=False)

    def find_answer(self, timeline: str, awaited: str | None) -> str:
        """What the app's address answered while the launch waited for the same step; "" if it wasn't asked."""
        answer = self._answers.get(timeline)
        return answer.text if answer is not None and answer.awaited == awaited else ""

    def forget(self, reset: ResetScope) -> None:
        for timeline in [key for key, launch in self._recent.items() if reset.tenant in (None, launch.tenant)]:
            del self._recent[timeline]
        for timeline in [key for key, answer in self._answers.items() if reset.tenant in (None, answer.tenant)]:
            del self._answers[timeline]
