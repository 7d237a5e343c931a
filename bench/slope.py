"""Measures how much longer a search takes with more patients: two hospitals that differ only in size get requests in turn."""

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
"""Number of alternating blocks of requests to the two servers, so that other work on the machine affects both."""
MAXIMUM_GROWTH = 1.5
"""Maximum growth of a median."""


class Grown(NamedTuple):
    """Results of one kind of query: the median response time in µs with few and many patients, and the number of errors."""

    small: float
    large: float
    errors: int
    requests: int

    @property
    def times(self) -> float:
        return self.large / self.small


class Slope(NamedTuple):
    """engine: its name. loaded: CPU seconds of loading the larger set. limit: µs of the bare server's 2 KB response."""

    engine: str
    sizes: tuple[int, int]
    loaded: float
    limit: float
    queries: Mapping[str, Grown]


def measure(folder: Path, seconds: float, sizes: tuple[int, int] = (SMALL, LARGE)) -> list[Slope]:
    """Measure on SQLite, and on PostgreSQL if it is installed. seconds: for each kind of query and size."""
    process.anywhere()
    for size in sizes:
        people.write(folder / "people" / str(size), size)
    slopes = [_measure_slope("SQLite", {size: str(folder / f"data-{size}") for size in sizes}, folder, seconds)]
    bin = programs()
    if bin is not None:
        with server(bin, haste=()) as database:
            slopes.append(_measure_slope("PostgreSQL", {size: database.address() for size in sizes}, folder, seconds))
    return slopes


def _measure_slope(engine: str, places: Mapping[int, str], folder: Path, seconds: float) -> Slope:
    print(f"measuring: slope on {engine}", file=sys.stderr)
    used = [_load_patients(folder / "people" / str(size), place, folder) for size, place in places.items()]
    with ExitStack() as stack:
        environment = {"XDG_DATA_HOME": str(folder / "beside")}
        running = [stack.enter_context(serving("--data", place, environment=environment)) for place in places.values()]
        limit = stack.enter_context(_limit())
        desks = [Desk(live.line) for live in running]
        ends = [End(urlsplit(live.base).port or 80, desk.reading()) for live, desk in zip(running, desks, strict=True)]
        names = list(queries(1, 1))
        grown = {name: _measure_growth(ends, list(places), name, seconds) for name in names}
        bare = statistics.median(_response_times(End(limit, None), ["/general/r4/Patient/1"] * 500)[0])
        for end in ends:
            end.connection.close()
    small, large = places
    return Slope(engine, (small, large), used[-1], bare * 1e6, grown)


def queries(patients: int, different: int) -> dict[str, Iterator[str]]:
    """Return endless iterators of URLs relative to the base, about `different` patients spread over all of them.

    Both sizes use the same number of different patients, because a cache that remembers URLs then helps both equally.
    """
    dice = random.Random(1)
    numbers = dice.sample(range(patients), different)

    def urls(text: str) -> Iterator[str]:
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
        text: urls(template)
        for text, template in {
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
    """A server with a connection and a token."""

    def __init__(self, port: int, token: str | None) -> None:
        self.connection, self.token = Connection(port), token


def _measure_growth(ends: list[End], sizes: list[int], name: str, seconds: float) -> Grown:
    addresses = [queries(size, min(sizes))[name] for size in sizes]
    durations: list[list[float]] = [[], []]
    errors = 0
    for turn in range(TURNS + 1):  # the first turn is a warm-up
        for index, end in enumerate(ends):
            until = time.perf_counter() + seconds / TURNS
            while time.perf_counter() < until:
                times, bad = _response_times(end, ["/general/r4" + next(addresses[index]) for _ in range(5)])
                errors += bad
                if turn:
                    durations[index] += times
    small, large = (statistics.median(seconds) * 1e6 for seconds in durations)
    return Grown(small, large, errors, sum(map(len, durations)))


def _response_times(end: End, paths: list[str]) -> tuple[list[float], int]:
    """Return the seconds of each response, and how many weren't 200."""
    times, bad = [], 0
    for path in paths:
        begin = time.perf_counter()
        end.connection.send(get(path, end.token))
        bad += end.connection.read().status != 200
        times.append(time.perf_counter() - begin)
    return times, bad


def _load_patients(people: Path, place: str, folder: Path) -> float:
    """Load the patients and return the CPU seconds."""
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
