"""Measures `sickbay load` of a whole exported tenant into a new data folder."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench import process


class Loaded(NamedTuple):
    """resources: their number. seconds: elapsed time. cpu: seconds of CPU. memory: peak MB of both processes in the first and
    in the second half.
    """

    resources: int
    seconds: float
    cpu: float
    memory: tuple[float, float]

    @property
    def per_second(self) -> float:
        return self.resources / self.seconds

    @property
    def microseconds(self) -> float:
        return self.cpu / self.resources * 1e6


def measure(source: Path, folder: Path) -> Loaded:
    """Export `source`, then load the files. source: a data folder that isn't in use. folder: for the NDJSON and the new data
    folder.
    """
    process.anywhere()
    files, target = folder / "files", folder / "data"
    _run_command("export", str(files), "--data", str(source)).wait()
    before, begin = _cpu_seconds_of_children(), time.perf_counter()
    load = _run_command("load", str(files), "--data", str(target), "--patients", "1")
    memory: list[float] = []
    while load.poll() is None:
        try:
            memory.append(process.memory_of_all(load.pid))
        except (OSError, StopIteration):  # the process is just ending
            break
        time.sleep(0.1)
    if load.wait():
        raise RuntimeError(f"sickbay load ended with {load.returncode}")
    elapsed, half = time.perf_counter() - begin, len(memory) // 2
    return Loaded(_count_lines(files), elapsed, _cpu_seconds_of_children() - before, (max(memory[:half]), max(memory[half:])))


def _run_command(*arguments: str) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-m", "sickbay", *arguments], stdout=quiet, stderr=quiet)


def _cpu_seconds_of_children() -> float:
    """Return the CPU seconds of ended child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _count_lines(folder: Path) -> int:
    return sum(file.read_bytes().count(b"\n") for file in folder.iterdir())
