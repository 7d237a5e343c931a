"""A read on PostgreSQL beside the limit, where its programs are there."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.postgres import programs, server

from bench import load, process
from bench.load import Rate, get
from bench.scenes import ROUNDS, SAMPLE, Desk, limiting, one_round
from sickbay.testing.server import serving

PATIENTS = 100
"""A read does not take longer among more, and filling does."""


class Read(NamedTuple):
    """share: of the limit that was measured right before, the median of the rounds; rate: of that round."""

    share: float
    rate: Rate


def measure(seconds: float) -> Read | None:
    """On a server of its own, reached by its socket, with its ordinary durability. None: there are no programs."""
    bin = programs()
    if bin is None:
        return None
    print("measuring: read on PostgreSQL", file=sys.stderr)
    with server(bin, haste=()) as database, tempfile.TemporaryDirectory() as beside:
        where = ("--data", database.address(), "--patients", str(PATIENTS))
        with serving(*where, environment={"XDG_DATA_HOME": beside}) as live, limiting(seconds / ROUNDS) as limit:
            return _read(Desk(live.line, PATIENTS), live.process.pid, seconds / ROUNDS, limit)


def _read(desk: Desk, pid: int, seconds: float, limit: Callable[[], Rate]) -> Read:
    desk.total("Patient")  # the first use fills the hospital
    process.apart(pid)
    address, dice = urlsplit(desk.tenant["fhir"]["r4"]), random.Random(1)
    asked = [get(f"{address.path}/Patient/{dice.choice(desk.patients)}", desk.token) for _ in range(SAMPLE)]
    rounds = sorted(
        one_round(limit, lambda: load.run(address.port or 80, pid, asked, seconds), []) for _ in range(ROUNDS)
    )
    return Read(*rounds[ROUNDS // 2])
