"""Lists the launches of an app that one launch can be compared with, and chooses the most useful one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sickbay.services.context import Runtime
from sickbay.services.journal.events import real_time
from sickbay.services.journal.outcomes import reads_of
from sickbay.storage.exchange_filter import ColumnCondition, escape_wildcards

LISTED_LAUNCHES: Final = 20
"""The newest launches of an app that are listed."""


class StoredLaunch(NamedTuple):
    """began: the real time at which its first exchange arrived, in seconds. worked: the app has read data with its token."""

    id: str
    began: float
    worked: bool


async def list_launches(runtime: Runtime, client_id: str) -> list[StoredLaunch]:
    """The newest launches of an app, the one with the newest request first. It reads three records of each."""
    seen: list[str] = []
    owner = ColumnCondition("owner", (escape_wildcards(client_id),))
    while len(seen) < LISTED_LAUNCHES:
        others = (owner, ColumnCondition("family", ("", *map(escape_wildcards, seen)), excluded=True))
        newest = await runtime.store.find_exchanges(others, 1)
        if not newest:
            break
        seen.append(newest[0].family)
    return [await _describe_launch(runtime, id) for id in seen]


async def _describe_launch(runtime: Runtime, id: str) -> StoredLaunch:
    (first,) = await runtime.store.find("exchange", family=id, limit=1, oldest=True)
    return StoredLaunch(id, real_time(first.at), bool(await runtime.store.find_exchanges(reads_of(id), 1)))


def choose_launch(launches: Sequence[StoredLaunch], id: str) -> StoredLaunch | None:
    """The launch to compare with: the last one before this one that worked, else any that worked, else the newest."""
    others = [launch for launch in launches if launch.id != id]
    began = next((launch.began for launch in launches if launch.id == id), float("inf"))
    worked = [launch for launch in others if launch.worked]
    earlier = [launch for launch in worked if launch.began < began]
    return next(iter((*earlier, *worked, *others)), None)
