"""`make bench ARGS="--against PATH"`: this checkout and another one, measured alternately; nothing is written.

Both servers run at the same time on the same core, and only one of them has work at any moment, so a machine that
slows down slows both.
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

from bench import process
from bench.load import Rate
from bench.report import SAID
from bench.scenes import Desk
from sickbay.testing.server import Live, serving

ROUNDS = 9
PATIENTS = 300
MOST = 1.10
"""How much more CPU than the other checkout a scene may take."""


class Compared(NamedTuple):
    """CPU in µs per request, medians of all rounds, and the median of the ratios round by round."""

    ours: float
    theirs: float
    ratio: float


def measure(folder: Path, other: Path, seconds: float) -> dict[str, Compared]:
    """By scene. Raises RuntimeError if a server does not start or a request fails."""
    with ExitStack() as held:
        ours, theirs = (
            _scenes(held.enter_context(_serving(folder / name, source)), seconds)
            for name, source in (("ours", Path(__file__).parent.parent / "src"), ("theirs", other / "src"))
        )
        return {name: _compared(name, ours[name], theirs[name]) for name in ours}


def text(compared: dict[str, Compared]) -> str:
    """One table in Markdown; a scene above the bound is marked."""
    rows = [
        f"| {SAID[name]} | {one.ours:,.0f} | {one.theirs:,.0f} | {one.ratio:.2f}{' **slower**' if one.ratio > MOST else ''} |"
        for name, one in compared.items()
    ]
    head = ("| scene | CPU µs here | CPU µs there | ratio |", "|---|---:|---:|---:|")
    return "\n".join((*head, *rows))


@contextmanager
def _serving(folder: Path, source: Path) -> Iterator[Live]:
    with serving("--data", str(folder), "--patients", str(PATIENTS), environment={"PYTHONPATH": str(source)}) as live:
        Desk(live.line).total("Patient")  # fills the hospital
    with serving("--data", str(folder), environment={"PYTHONPATH": str(source)}) as live:
        yield live


def _scenes(live: Live, seconds: float) -> dict[str, Callable[[], Rate]]:
    os.sched_setaffinity(0, process.CORES)
    desk = Desk(live.line, PATIENTS)
    desk.total("Patient")
    process.apart(live.process.pid)
    end = urlsplit(live.base).port or 80, live.process.pid, seconds
    return {**desk.cold(*end), **desk.repeated(*end)}


def _compared(name: str, ours: Callable[[], Rate], theirs: Callable[[], Rate]) -> Compared:
    print(f"measuring: {name}", file=sys.stderr)
    pairs = [(ours().microseconds, theirs().microseconds) for _ in range(ROUNDS)]
    return Compared(
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
        statistics.median(first / second for first, second in pairs),
    )
