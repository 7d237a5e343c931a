"""The watch names what holds the event loop. A function holds it until the watch has looked, so no time is measured."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest

from sickbay.cli import loop_watch
from sickbay.cli.loop_watch import CodePlace, Hold, LoopWatch


def hold_until_seen(watch: LoopWatch, scope: dict[str, Any]) -> None:
    before = watch.samples
    while watch.samples < before + 3:
        time.sleep(0.001)


def report_holds(monkeypatch: pytest.MonkeyPatch, scope: dict[str, Any]) -> list[Hold]:
    """What is reported while a function holds the loop. scope: of the request that runs it."""
    monkeypatch.setattr(loop_watch, "HELD_SECONDS", 0.0)
    monkeypatch.setattr(loop_watch, "_PACKAGE", __file__.rpartition("/")[0])
    holds: list[Hold] = []

    async def run() -> None:
        loop, reported = asyncio.get_running_loop(), asyncio.Event()

        def report(hold: Hold) -> None:
            holds.append(hold)
            loop.call_soon_threadsafe(reported.set)

        watch = LoopWatch(loop, report)
        watch.start()
        hold_until_seen(watch, scope)
        await reported.wait()
        watch.stop()

    asyncio.run(run())
    return holds


def test_a_hold_names_the_request_and_the_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = {"type": "http", "method": "GET", "path": "/general/r4/metadata", "query_string": b"_format=xml"}
    hold = report_holds(monkeypatch, scope)[0]
    assert hold.place.request == "GET /general/r4/metadata"
    assert hold.place.stack[-1].split()[-1] == "hold_until_seen"
    assert hold.place.stack[-2].split()[-1] == "run"
    assert hold.seconds > 0


def test_a_hold_outside_of_a_request_has_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    assert report_holds(monkeypatch, {"type": "lifespan"})[0].place.request == ""


def test_a_hold_is_logged_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="sickbay"):
        loop_watch.log_hold(Hold(0.122, 0.118, CodePlace("GET /rules", ("web/a.py:1 a", "web/b.py:2 b"))))
        loop_watch.log_hold(Hold(0.08, None, CodePlace("", ())))
    assert caplog.messages == [
        "The event loop was blocked for 122 ms (118 ms of CPU) by GET /rules.\n  web/a.py:1 a\n  web/b.py:2 b",
        "The event loop was blocked for 80 ms.",
    ]
