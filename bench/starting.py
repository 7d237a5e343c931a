"""Measures the time from spawn to the first 200 for metadata, the time of a reset, and an idle worker's memory."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from bench import process
from bench.load import Connection, get
from bench.scenes import Desk
from sickbay.testing.server import PROXIES, serving, stop

TIMES = 5
METADATA = "/general/r4/metadata"


class Starting(NamedTuple):
    """Seconds as medians of 5. Memory in MB after the first metadata request, and after the patients were created."""

    existing: float
    ephemeral: float
    answer: float
    """From the start with a new folder to the first FHIR answer. The patients are copied from those of an earlier folder."""
    reset: float
    idle: float
    filled: float


def measure(folder: Path) -> Starting:
    environment = {key: value for key, value in os.environ.items() if key not in PROXIES}
    environment["SICKBAY_DATA"] = str(folder)
    _time_to_first_answer(environment)  # creates the data folder
    existing = statistics.median(_time_to_first_answer(environment)[0] for _ in range(TIMES))
    ephemeral = [_time_to_first_answer(environment, "--ephemeral") for _ in range(TIMES)]
    reset, filled = _reset(environment)
    return Starting(
        existing,
        statistics.median(seconds for seconds, _ in ephemeral),
        statistics.median([_first_answer(folder / f"new-{number}") for number in range(TIMES + 1)][1:]),
        reset,
        statistics.median(memory for _, memory in ephemeral),
        filled,
    )


def _first_answer(folder: Path) -> float:
    """Return the seconds from the start to the first FHIR answer. The token is part of it."""
    begin = time.perf_counter()
    with serving("--data", str(folder)) as live:
        Desk(live.line).total("Patient")
        return time.perf_counter() - begin


def _time_to_first_answer(environment: dict[str, str], *arguments: str) -> tuple[float, float]:
    """Return the seconds from spawn to the first 200, and the memory at that time."""
    port, begin = _free_port(), time.perf_counter()
    server = _spawn_server(environment, port, *arguments)
    try:
        _wait(port, server)
        return time.perf_counter() - begin, process.memory(server.pid)
    finally:
        stop(server)


def _reset(environment: dict[str, str]) -> tuple[float, float]:
    """Return the seconds of `sickbay reset` while a server runs whose patients exist, and that server's memory."""
    with serving(environment=environment) as live:
        port, times = urlsplit(live.base).port or 80, []
        for _ in range(TIMES):
            Desk(live.line).total("Observation")  # with a new token, because the reset deleted the previous one
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-m", "sickbay", "reset"], env=environment, check=True, capture_output=True)
            times.append(time.perf_counter() - begin)
            _ask(port, METADATA, 200)
        return statistics.median(times), process.memory(live.process.pid)


def _spawn_server(environment: dict[str, str], port: int, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sickbay", "serve", "--port", str(port), "--json", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, text=True)


def _wait(port: int, server: subprocess.Popen[str]) -> None:
    for _ in range(20_000):
        try:
            _ask(port, METADATA, 200)
            return
        except OSError:
            if server.poll() is not None:
                raise RuntimeError("the server exited before it responded") from None
            time.sleep(0.002)
    raise RuntimeError("the server did not answer")


def _ask(port: int, path: str, status: int) -> None:
    connection = Connection(port)
    try:
        connection.send(get(path))
        answer = connection.read()
        if answer.status != status:
            raise RuntimeError(f"{path}: {answer.status}")
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
