"""Looks at the launches that this worker saw last, and prints a line in the terminal, once, if one has stalled.

An app on the same machine is asked whether it answers, which explains most launches after which nothing arrives.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import msgspec

from sickbay.diagnosis.silence.progress import seconds_for
from sickbay.services import ask_app, launch_progress
from sickbay.services.context import LogLine, Runtime
from sickbay.services.journal.write import Journal
from sickbay.services.launch_progress import LaunchProgress
from sickbay.services.recent_launches import AppAnswer, RecentLaunch
from sickbay.settings.database import Unavailable

LOOK_SECONDS: Final = 2.0
"""Seconds between two looks."""
LAUNCHES_PER_LOOK: Final = 4
"""Reading one takes a few milliseconds."""
STALLED: Final = "stalled"
"""The text of the line if no rule explains the stall."""


async def watch_launches(runtime: Runtime, journal: Journal) -> None:
    """Look until cancelled."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        with suppress(Unavailable):
            await report_stalls(runtime, journal)


async def report_stalls(runtime: Runtime, journal: Journal) -> None:
    """Say which of the launches that are due have stalled. Those that still have time are looked at again later."""
    for id, recent in runtime.recent_launches.take_due(runtime.effects.arrival() / 1e6, LAUNCHES_PER_LOOK):
        found = await launch_progress.read_launch(runtime, journal, id, full=True)
        if found is None or not saw_last_exchange(found, recent):
            continue
        current = found.status
        if current.state == "running" and current.awaited is not None and current.since is not None:
            due = current.since.at + seconds_for(current.awaited, current.since) + LOOK_SECONDS
            runtime.recent_launches.note_request(id, recent._replace(due=due))
        elif current.state == "stalled" and runtime.on_stall is not None:
            runtime.on_stall(line_of(runtime, await _ask_app(runtime, id, found)))


async def _ask_app(runtime: Runtime, id: str, found: LaunchProgress) -> LaunchProgress:
    """Ask the app's address, if that is allowed: an app that isn't running and a page that does nothing look the same."""
    uri, client, awaited = ask_app.address_to_ask(runtime, found), found.client, found.status.awaited
    tenant = runtime.tenants.get(client.tenant) if client is not None else None
    since = found.status.since
    if not uri or client is None or tenant is None or awaited is None or (since is not None and since.by_script):
        return found
    if not tenant.override_for_app(client).policy.frame_check:
        return found
    answer = await ask_app.ask_redirect_uri(runtime, uri)
    runtime.recent_launches.remember_answer(id, AppAnswer(client.tenant, awaited, answer))
    return found._replace(trail=msgspec.structs.replace(found.trail, answer=answer))


def saw_last_exchange(found: LaunchProgress, recent: RecentLaunch) -> bool:
    """Whether this worker saw the last exchange of the launch. Another one says what happens to the others."""
    named = [exchange["id"] for exchange in found.timeline.exchanges]
    return named[-1] == recent.exchange if named else not recent.exchange


def line_of(runtime: Runtime, found: LaunchProgress) -> LogLine:
    """The line of a launch that stalled. Its id is that of the timeline."""
    causes, words, client = found.causes, found.sentences, found.client
    return LogLine(
        runtime.effects.now(),
        client.tenant if client else "",
        "silence",
        client.client_id if client else "",
        0,
        causes[0].id if causes else STALLED,
        found.id,
        f"{words.ago if words else ''}: {runtime.base}/timelines/{found.id}",
    )
