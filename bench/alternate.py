"""Compares this checkout with another one in alternating rounds (`make bench ARGS="--against PATH"`). Writes nothing.

Both servers run at the same time on the same core, and only one of them has work at any moment, so a machine that slows down
slows both.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from bench import load, process
from bench.load import Rate
from bench.report import LABELS
from bench.scenes import Desk
from sickbay.testing.server import Live, serving

ROUNDS = 9
PATIENTS = 300
MAXIMUM_CPU_RATIO = 1.10
"""Maximum ratio of this checkout's CPU to the other's."""


class Compared(NamedTuple):
    """CPU in µs per request as medians of all rounds, and the median of the ratios of the rounds."""

    ours: float
    theirs: float
    ratio: float


def measure(folder: Path, other: Path, seconds: float) -> dict[str, Compared]:
    """Return the comparison by scene. Raises RuntimeError if a server doesn't start or a request fails."""
    with ExitStack() as stack:
        ours, theirs = (
            _scenes_of_server(stack.enter_context(_serving(folder / name, source)), seconds)
            for name, source in (("ours", Path(__file__).parent.parent / "src"), ("theirs", other / "src"))
        )
        return {name: _compare_alternately(name, ours[name], theirs[name]) for name in ours}


def _mark_ratio(ratio: float) -> str:
    return " **slower**" if ratio > MAXIMUM_CPU_RATIO else ""


def text(compared: dict[str, Compared]) -> str:
    """Return a Markdown table. Scenes above the limit are marked."""
    rows = [
        f"| {LABELS[name]} | {cpu.ours:,.0f} | {cpu.theirs:,.0f} | {cpu.ratio:.2f}{_mark_ratio(cpu.ratio)} |"
        for name, cpu in compared.items()
    ]
    head = ("| scene | CPU µs, this checkout | CPU µs, other checkout | ratio |", "|---|---:|---:|---:|")
    return "\n".join((*head, *rows))


@contextmanager
def _serving(folder: Path, source: Path) -> Iterator[Live]:
    with serving("--data", str(folder), "--patients", str(PATIENTS), environment={"PYTHONPATH": str(source)}) as live:
        Desk(live.line).total("Patient")  # the first request creates the patients
    with serving("--data", str(folder), environment={"PYTHONPATH": str(source)}) as live:
        yield live


def _scenes_of_server(live: Live, seconds: float) -> dict[str, Callable[[], Rate]]:
    os.sched_setaffinity(0, process.CORES)
    desk = Desk(live.line, PATIENTS)
    desk.total("Patient")
    process.apart(live.process.pid)
    target = load.target(urlsplit(live.base).port or 80, live.process.pid, seconds)
    return {**desk.cold(target), **desk.repeated(target)}


def _compare_alternately(name: str, ours: Callable[[], Rate], theirs: Callable[[], Rate]) -> Compared:
    print(f"measuring: {name}", file=sys.stderr)
    pairs = [(ours().microseconds, theirs().microseconds) for _ in range(ROUNDS)]
    return Compared(
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
        statistics.median(first / second for first, second in pairs),
    )
