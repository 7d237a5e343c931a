"""A likely cause of an error, and a topic that may help, as they are shown."""

from __future__ import annotations

from typing import NamedTuple


class LikelyCause(NamedTuple):
    """One cause. why: how to check whether it is this one."""

    title: str
    why: str
    fix: str
    confidence: str

    def to_json(self) -> dict[str, str]:
        return self._asdict()


class RelatedTopic(NamedTuple):
    """A cause, a rule or a passage of the documentation whose words the text has. url: the path at which Sickbay shows it."""

    title: str
    url: str

    def to_json(self) -> dict[str, str]:
        return self._asdict()
