"""Measures what the journal adds to a read at the rates at which people work, until every exchange is stored.

Run as a module, it is a Sickbay server that stores no granted exchange, for comparison.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

from bench import load, process
from bench.scenes import Desk
from sickbay.cli.main import main
from sickbay.services.journal.record import Exchange
from sickbay.services.journal.write import Journal
from sickbay.testing.server import Live, serving

RATES = (20, 100)
"""Requests per second."""
ROUNDS = 3
PATIENTS = 50
MAXIMUM_CPU_RATIO = 1.3
"""Maximum ratio to the CPU of a read without the journal."""


PacedScene: TypeAlias = Callable[[int], load.Rate]
"""Sends requests at a rate."""


class Journaling(NamedTuple):
    """CPU in µs of one read, as medians of the rounds."""

    with_journal: float
    without: float

    @property
    def times(self) -> float:
        return self.with_journal / self.without


def measure(folder: Path, seconds: float) -> dict[int, Journaling]:
    """Measure both servers at each rate. They run at the same time and get work alternately. seconds: of each round."""
    options = ("--data", str(folder), "--patients", str(PATIENTS))
    options_without = ("--data", str(folder / "without"), "--patients", str(PATIENTS))
    process.anywhere()
    with serving(*options) as journaling_server, serving(*options_without, module="bench.journaling") as plain_server:
        scenes = _measure_scene(journaling_server, seconds), _measure_scene(plain_server, seconds, is_stored=False)
        process.apart(journaling_server.process.pid)
        process.apart(plain_server.process.pid)
        return {rate: _compare_scenes(*scenes, rate) for rate in RATES}


def _compare_scenes(journaling: PacedScene, plain: PacedScene, rate: int) -> Journaling:
    pairs = [(journaling(rate).microseconds, plain(rate).microseconds) for _ in range(ROUNDS)]
    return Journaling(*(statistics.median(column) for column in zip(*pairs, strict=True)))


def _measure_scene(live: Live, seconds: float, *, is_stored: bool = True) -> PacedScene:
    """is_stored: whether every exchange has to be found afterwards. Otherwise, none is."""
    desk = Desk(live.line, PATIENTS)
    requests, port = desk.readings()

    def run(rate: int) -> load.Rate:
        before = desk.count_exchanges()
        measured = load.paced(port, live.process.pid, requests, seconds, rate, desk.flush)
        found, sent = desk.count_exchanges() - before, measured.requests + int(load.WARM_UP_SECONDS * rate)
        if found != (sent if is_stored else 0):
            raise RuntimeError(f"{found} of {sent} exchanges were found")
        return measured

    return run


def _forget(journal: Journal, exchange: Exchange) -> None:
    """Replaces Journal.hold and stores nothing."""


if __name__ == "__main__":
    Journal.hold = _forget  # type: ignore[assignment,method-assign]
    main()
