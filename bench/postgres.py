"""Some of the scenes on PostgreSQL, each beside the limit, where its programs are there."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from urllib.parse import urlsplit

from tests.postgres import programs, server

from bench import process
from bench.scenes import ROUNDS, Desk, Round, limiting, median_round
from sickbay.testing.server import serving

PATIENTS = 100
"""What is measured does not take longer among more (see the slope), and filling does."""
SCENES = ("read", "name", "page", "create")


def measure(seconds: float) -> Mapping[str, Round]:
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
            scenes = desk.cold(urlsplit(live.base).port or 80, pid, seconds / ROUNDS)
            found: dict[str, Round] = {}
            for name in SCENES:
                print(f"measuring: {name} on PostgreSQL", file=sys.stderr)
                found[name] = median_round(limit, scenes[name], [])
            return found
