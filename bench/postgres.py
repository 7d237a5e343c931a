"""Measures some of the scenes on PostgreSQL, each compared with the limit, if PostgreSQL is installed."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from urllib.parse import urlsplit

from tests.postgres import programs, server

from bench import load, process
from bench.scenes import ROUNDS, Desk, Round, limiting, median_round
from sickbay.testing.server import serving

PATIENTS = 100
"""Measuring doesn't take longer with more patients (see the slope), but creating them does."""
SCENES = ("read", "name", "page", "create")


def measure(seconds: float) -> Mapping[str, Round]:
    """Measure on a separate PostgreSQL server with its default durability, over a Unix socket. Empty if it isn't installed."""
    bin = programs()
    if bin is None:
        return {}
    with server(bin, haste=()) as database, tempfile.TemporaryDirectory() as data_home:
        options = ("--data", database.address(), "--patients", str(PATIENTS))
        with serving(*options, environment={"XDG_DATA_HOME": data_home}) as live, limiting(seconds / ROUNDS) as limit:
            desk = Desk(live.line, PATIENTS)
            desk.total("Patient")  # the first request creates the patients
            pid = live.process.pid
            process.apart(pid)
            scenes = desk.cold(load.target(urlsplit(live.base).port or 80, pid, seconds / ROUNDS))
            rounds: dict[str, Round] = {}
            for name in SCENES:
                print(f"measuring: {name} on PostgreSQL", file=sys.stderr)
                rounds[name] = median_round(limit, scenes[name], [])
            return rounds
