"""Some of the scenes on PostgreSQL, each beside the limit, where its programs are there."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.postgres import programs, server

from bench import process
from bench.load import Rate
from bench.scenes import ROUNDS, Desk, limiting, one_round
from sickbay.testing.server import serving

PATIENTS = 100
"""What is measured does not take longer among more (see the slope), and filling does."""
SCENES = ("read", "name", "observations", "create")


class Beside(NamedTuple):
    """share: of the limit that was measured right before it, the median of the rounds; rate: of that round; cpu: by CPU."""

    share: float
    rate: Rate
    cpu: float


def measure(seconds: float) -> Mapping[str, Beside]:
    """On a server of its own, reached by its socket, with its ordinary durability. Empty: there are no programs."""
    bin = programs()
    if bin is None:
        return {}
    with server(bin, haste=()) as database, tempfile.TemporaryDirectory() as beside:
        where = ("--data", database.address(), "--patients", str(PATIENTS))
        with serving(*where, environment={"XDG_DATA_HOME": beside}) as live, limiting(seconds / ROUNDS) as limit:
            desk = Desk(live.line, PATIENTS)
            desk.total("Patient")  # the first use fills the hospital
            pid = live.process.pid
            process.apart(pid)
            scenes, found, limits = desk.scenes(urlsplit(live.base).port or 80, pid, seconds / ROUNDS), {}, list[Rate]()
            for name in SCENES:
                print(f"measuring: {name} on PostgreSQL", file=sys.stderr)
                rounds = sorted(one_round(limit, scenes[name], limits) for _ in range(ROUNDS))
                share, rate = rounds[ROUNDS // 2]
                bare = sorted(one.microseconds for one in limits)[len(limits) // 2]
                found[name] = Beside(share, rate, bare / rate.microseconds)
            return found
