"""With many apps and long launches, pages stay fast and short, and lists say the same as pages. Calls are counted, not time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace
from tests.flows.class_room import sign_in_at_hospital
from tests.flows.flow import Flow, run
from tests.flows.silent_app import HTML, SilentApp
from tests.web.pages.test_accessibility import PAGE_BYTES
from tools.screenshots import PAGES

from sickbay.kernel.memoize import CACHES
from sickbay.services import records, registration
from sickbay.services.journal.old_lines import write_missing_lines
from sickbay.services.launch_progress import read_launch_progress
from sickbay.storage.interface import Put
from sickbay.web.exchanges.list_view import make_launch_line

CALLS: Final = 300_000
"""The most function calls, also of built-in functions, that a page may take. A processor makes 3 to 5 million in a second."""
SCOPE: Final = "launch openid online_access patient/*.rs"
APPS: Final = 200
LAUNCHES: Final = 20
COPIES: Final = 110
"""Of the last request of each launch."""


async def fill(flow: Flow) -> tuple[str, ...]:
    """Store many apps, and launches with many requests, as copies of one. Returns the addresses of their pages."""
    app, store = SilentApp(flow), flow.sandbox.runtime.store
    await app.register()
    await app.complete_launch()
    launch = (await app.launches())[0]
    client = await registration.find_by_id(flow.sandbox.runtime, app.app["client_id"])
    assert client is not None
    others = [(f"c{number}", f"a{number}", f"App {number}") for number in range(APPS)]
    apps = [replace(client, client_id=id, app_id=app_id, name=name) for id, app_id, name in others]
    await store.transaction([Put(records.make_app_record(copy)) for copy in apps])
    recorded = await store.find("exchange", family=launch["id"])
    recorded += [replace(recorded[0], key=f"read-{number}", at=recorded[0].at + number) for number in range(1, COPIES)]
    families = (launch["id"], *(f"launch-{number}" for number in range(1, LAUNCHES)))
    for family in families:
        copies = [replace(record, key=f"{record.key}-{family}", family=family) for record in recorded]
        await store.transaction([Put(copy, aside=True) for copy in copies])
    await write_missing_lines(flow.sandbox.runtime)
    return (
        f"/developer/apps/{client.app_id}",
        f"/exchanges/{launch['exchanges'][-1]}",
        f"/timelines/{launch['id']}",
        f"/timelines/{launch['id']}/compare",
        f"/exchanges?q=app:{client.client_id}",
        f"/exchanges?q=launch:{launch['id']}",
    )


@pytest.mark.skipif(not CACHES, reason="the bound is for pages with caches")
def test_no_page_takes_too_many_calls_or_bytes_with_many_apps_and_launches(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        addresses = await fill(flow)
        await sign_in_at_hospital(flow)
        problems = []
        for address in (*PAGES.values(), *addresses):
            await flow.http.get(address, headers=HTML)  # warm
            counter = CallCounter()
            with counter:
                answer = await flow.http.get(address, headers=HTML)
            assert answer.status_code in (200, 303, 404), (address, answer.text)
            if counter.calls > CALLS or len(answer.content) > PAGE_BYTES:
                problems.append(f"{address}: {counter.calls:,} calls, {len(answer.content):,} bytes")
        assert problems == [], "\n".join(problems)

    run(steps, tmp_path)


class CallCounter:
    """Counts the calls of this thread while a `with` block runs."""

    def __init__(self) -> None:
        self.calls = 0

    def __enter__(self) -> None:
        sys.setprofile(self._count)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _count(self, frame: object, event: str, argument: Any) -> None:
        self.calls += event in ("call", "c_call")


async def get_data_only_in_the_middle(app: SilentApp) -> None:
    """Data was granted only between many refusals."""
    for path in (*["Patient/unknown"] * 12, *["Patient/p-0001"] * 3, *["Patient/unknown"] * 25):
        await app.read(path)


async def refresh_the_token(app: SilentApp) -> None:
    """The token was refreshed in the middle, and that one hasn't expired."""
    for _ in range(15):
        await app.read()
    app.wait(3000)
    await app.refresh()
    for _ in range(25):
        await app.read()
    app.wait(1000)


async def let_the_token_expire(app: SilentApp) -> None:
    for _ in range(40):
        await app.read()
    app.wait(4000)


async def get_nothing(app: SilentApp) -> None:
    for _ in range(40):
        await app.read("Practitioner/pr-1")


STORIES: Final = (get_data_only_in_the_middle, refresh_the_token, let_the_token_expire, get_nothing)


def test_the_list_of_launches_says_of_a_long_launch_what_all_of_its_requests_say(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for story in STORIES:
            app = SilentApp(flow)
            await app.register(scope=SCOPE)
            await app.open_launch()
            await app.authorize(scope=SCOPE)
            await app.redeem_code()
            await story(app)
            id = (await app.launches())[0]["id"]
            whole, listed = [
                await read_launch_progress(flow.sandbox.runtime, id, is_listed=is_listed) for is_listed in (False, True)
            ]
            assert whole is not None
            assert listed is not None
            assert len(listed.timeline.exchanges) < len(whole.timeline.exchanges), story.__name__
            assert make_launch_line(listed, {}) == make_launch_line(whole, {}), story.__name__
            assert listed.status == whole.status, story.__name__

    run(steps, tmp_path)
