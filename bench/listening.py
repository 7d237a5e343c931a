"""Measures what the live list of exchanges adds to a server with 500 exchanges a second.

`make bench ARGS=--listening` measures only that, and writes nothing. A reader does what the page does: it keeps the stream
open, and fetches the rows as often as the page does while many exchanges arrive.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import httpx2

from bench import load, process
from bench.scenes import Desk
from sickbay.testing.server import serving

PER_SECOND: Final = 500
ROUNDS: Final = 9
PATIENTS: Final = 50
REFRESH_SECONDS: Final = 2.5
SHARE: Final = 20
"""As in static/js/exchanges.js: the seconds between two refreshes with many new rows, also as a multiple of what the last one
took.
"""
MAXIMUM_CPU_RATIO: Final = 1.1
"""Maximum ratio to the CPU of a server without listeners."""


class Listening(NamedTuple):
    """CPU in µs of one read with and without a listener, as medians, and the median of the ratios of all rounds."""

    with_listener: float
    without: float
    ratio: float


def measure(folder: Path, seconds: float) -> Listening:
    """Rounds with and without a listener alternate. seconds: of each round."""
    process.anywhere()
    with serving("--data", str(folder), "--patients", str(PATIENTS)) as live:
        desk = Desk(live.line, PATIENTS)
        requests, port = desk.readings()
        process.apart(live.process.pid)

        def read() -> float:
            return load.paced(port, live.process.pid, requests, seconds, PER_SECOND, desk.flush).microseconds

        pairs = [_measure_pair(live.base, read) for _ in range(ROUNDS)]
    listened, plain = zip(*pairs, strict=True)
    ratio = statistics.median(with_listener / without for with_listener, without in pairs)
    return Listening(statistics.median(listened), statistics.median(plain), ratio)


def _measure_pair(base: str, read: Callable[[], float]) -> tuple[float, float]:
    with _run_listener(base):
        listened = read()
    return listened, read()


@contextmanager
def _run_listener(base: str) -> Iterator[None]:
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=(base, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        httpx2.get(f"{base}/general/r4/.well-known/smart-configuration", trust_env=False)  # its event wakes the thread
        thread.join()


def _follow(base: str, ended: threading.Event) -> None:
    """Keep the stream open, and fetch the rows after an event, when the page would."""
    due = 0.0
    with (
        httpx2.Client(base_url=base, trust_env=False, timeout=30) as client,
        suppress(httpx2.TransportError),
        client.stream("GET", "/exchanges?limit=0", headers={"Accept": "text/event-stream"}) as stream,
    ):
        for line in stream.iter_lines():
            if ended.is_set():
                return
            began = time.monotonic()
            if line == "event: more" and began >= due:
                client.get("/exchanges?part=list", headers={"Accept": "text/html"}).raise_for_status()
                spent = time.monotonic() - began
                due = time.monotonic() + max(REFRESH_SECONDS, SHARE * spent)


def text(measured: Listening) -> str:
    return (
        f"At {PER_SECOND} requests/s with the live list open, a read takes {measured.with_listener:,.0f} µs of CPU,"
        f" {measured.without:,.0f} without: a ratio of {measured.ratio:.2f}"
        f" (at most {MAXIMUM_CPU_RATIO}, median of {ROUNDS} alternating rounds)."
    )
