"""How much longer a search takes among more patients: two hospitals that differ in size alone, asked by turns."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.postgres import programs, server

from bench import people, process
from bench.load import Connection, get
from bench.scenes import Desk
from sickbay.testing.server import serving, stop

SMALL, LARGE = 1_000, 10_000
TURNS = 10
"""Blocks of requests to each of the two, one after the other: what else the machine does meets both."""
MOST = 1.5
"""Times that a median may grow."""


class Grown(NamedTuple):
    """Of one kind of query: the median answer among few and many patients, µs; how many answers were no 200."""

    small: float
    large: float
    errors: int
    asked: int

    @property
    def times(self) -> float:
        return self.large / self.small


class Slope(NamedTuple):
    """engine: as it is said. loaded: seconds of CPU of ours for the larger. limit: µs of the bare server's answer of 2 KB."""

    engine: str
    sizes: tuple[int, int]
    loaded: float
    limit: float
    queries: Mapping[str, Grown]


def measure(folder: Path, seconds: float, sizes: tuple[int, int] = (SMALL, LARGE)) -> list[Slope]:
    """seconds: for each kind of query and size. On PostgreSQL too, where its programs are there."""
    process.anywhere()
    for size in sizes:
        people.write(folder / "people" / str(size), size)
    found = [_slope("SQLite", {size: str(folder / f"data-{size}") for size in sizes}, folder, seconds)]
    bin = programs()
    if bin is not None:
        with server(bin, haste=()) as database:
            found.append(_slope("PostgreSQL", {size: database.address() for size in sizes}, folder, seconds))
    return found


def _slope(engine: str, places: Mapping[int, str], folder: Path, seconds: float) -> Slope:
    print(f"measuring: slope on {engine}", file=sys.stderr)
    used = [_load(folder / "people" / str(size), place, folder) for size, place in places.items()]
    with ExitStack() as held:
        beside = {"XDG_DATA_HOME": str(folder / "beside")}
        running = [held.enter_context(serving("--data", one, environment=beside)) for one in places.values()]
        limit = held.enter_context(_limit())
        desks = [Desk(one.line) for one in running]
        ends = [End(urlsplit(one.base).port or 80, desk.reading()) for one, desk in zip(running, desks, strict=True)]
        names = list(queries(1, 1))
        grown = {name: _grown(ends, list(places), name, seconds) for name in names}
        bare = statistics.median(_times(End(limit, None), ["/general/r4/Patient/1"] * 500)[0])
        for end in ends:
            end.connection.close()
    small, large = places
    return Slope(engine, (small, large), used[-1], bare * 1e6, grown)


def queries(patients: int, different: int) -> dict[str, Iterator[str]]:
    """Addresses without end, below the base, of so many different ones among so many patients, spread over all of them.

    As many of many as of few: what is remembered of an address that comes again shortens both alike.
    """
    dice = random.Random(1)
    numbers = dice.sample(range(patients), different)

    def some(text: str) -> Iterator[str]:
        while True:
            number = dice.choice(numbers)
            yield text.format(
                number=number,
                name=people.name(number),
                born=people.born(number),
                code=dice.choice(people.CODES),
                condition=dice.choice(people.CONDITIONS),
            )

    return {
        text: some(asked)
        for text, asked in {
            "Patient/{id}": "/Patient/p-{number}",
            "Observation?patient=&category=": "/Observation?patient=p-{number}&category=vital-signs",
            "Observation?patient=&code=": "/Observation?patient=p-{number}&code=http://loinc.org|{code}",
            "Observation?patient=&_sort=-date": "/Observation?patient=p-{number}&_sort=-date&_count=5",
            "Condition?patient=": "/Condition?patient=p-{number}",
            "Encounter?patient=&_revinclude=": "/Encounter?patient=p-{number}&_revinclude=Observation:encounter",
            "Patient/{id}/$everything": "/Patient/p-{number}/$everything",
            "Patient?identifier=": "/Patient?identifier=urn:mrn|{number}",
            "Patient?family=": "/Patient?family={name}&_count=10",
            "Patient?birthdate=": "/Patient?birthdate={born}&_count=10",
            "Observation?code=": "/Observation?code={code}&_count=10",
            "Condition?code=": "/Condition?code=http://snomed.info/sct|{condition}&_count=10",
        }.items()
    }


class End:
    """A server with a connection, and a token."""

    def __init__(self, port: int, token: str | None) -> None:
        self.connection, self.token = Connection(port), token


def _grown(ends: list[End], sizes: list[int], name: str, seconds: float) -> Grown:
    asked = [queries(size, min(sizes))[name] for size in sizes]
    taken: list[list[float]] = [[], []]
    errors = 0
    for turn in range(TURNS + 1):  # the first warms
        for at, end in enumerate(ends):
            until = time.perf_counter() + seconds / TURNS
            while time.perf_counter() < until:
                times, bad = _times(end, ["/general/r4" + next(asked[at]) for _ in range(5)])
                errors += bad
                if turn:
                    taken[at] += times
    small, large = (statistics.median(one) * 1e6 for one in taken)
    return Grown(small, large, errors, sum(map(len, taken)))


def _times(end: End, paths: list[str]) -> tuple[list[float], int]:
    """Seconds of each answer, and how many were no 200."""
    times, bad = [], 0
    for path in paths:
        begin = time.perf_counter()
        end.connection.send(get(path, end.token))
        bad += end.connection.read().status != 200
        times.append(time.perf_counter() - begin)
    return times, bad


def _load(people: Path, place: str, folder: Path) -> float:
    """CPU seconds."""
    command = [sys.executable, "-m", "sickbay", "load", str(people), "--data", place, "--patients", "0"]
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "beside")}
    before = sum(os.times()[2:4])
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return sum(os.times()[2:4]) - before


@contextmanager
def _limit() -> Iterator[int]:
    bare = subprocess.Popen([sys.executable, "-m", "bench.limit"], stdout=subprocess.PIPE, text=True)
    assert bare.stdout
    try:
        port = int(bare.stdout.readline())
        time.sleep(0.3)
        yield port
    finally:
        stop(bare)
