"""The launches whose latest request this worker handled, so that it can report in the terminal when one stalls.

Also keeps the responses of their apps' addresses, if the worker checked them.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from sickbay.kernel.memory import ResetScope

REMEMBERED_LAUNCHES: Final = 64
"""Maximum number of launches that are watched, the newest ones."""


class RecentLaunch(NamedTuple):
    """A watched launch. exchange: the id of its last exchange here; "" if only created. due: in real seconds."""

    tenant: str
    exchange: str
    due: float


class AppAnswer(NamedTuple):
    """The response of an app's address. awaited: the step that the launch then waited for. text: as in `Trail.answer`."""

    tenant: str
    awaited: str
    text: str


class RecentLaunches:
    """By the id of the timeline, the one that was touched last at the end."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, RecentLaunch] = OrderedDict()
        self._answers: OrderedDict[str, AppAnswer] = OrderedDict()

    def note_request(self, timeline: str, launch: RecentLaunch) -> None:
        """Note that a request of this launch arrived, or that it was checked and isn't due yet."""
        self._recent[timeline] = launch
        self._recent.move_to_end(timeline)
        if len(self._recent) > REMEMBERED_LAUNCHES:
            self._recent.popitem(last=False)

    def take_due(self, now: float, most: int) -> list[tuple[str, RecentLaunch]]:
        """Remove and return the launches that are due."""
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
