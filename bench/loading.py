"""`sickbay load` of a whole hospital, exported before, into a data folder that is new."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench import process


class Loaded(NamedTuple):
    """count of resources; seconds by the clock and of CPU; memory: MB of both processes at their most in the
    first half, and in the second."""

    count: int
    seconds: float
    cpu: float
    memory: tuple[float, float]

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def microseconds(self) -> float:
        return self.cpu / self.count * 1e6


def measure(source: Path, folder: Path) -> Loaded:
    """source: a data folder that nobody serves; folder: where its NDJSON and the new data folder may lie."""
    process.anywhere()
    files, target = folder / "files", folder / "data"
    _command("export", str(files), "--data", str(source)).wait()
    before, begin = _used(), time.perf_counter()
    load = _command("load", str(files), "--data", str(target), "--patients", "1")
    memory: list[float] = []
    while load.poll() is None:
        try:
            memory.append(process.memory_of_all(load.pid))
        except (OSError, StopIteration):  # it ends in this moment
            break
        time.sleep(0.1)
    if load.wait():
        raise RuntimeError(f"sickbay load ended with {load.returncode}")
    taken, half = time.perf_counter() - begin, len(memory) // 2
    return Loaded(_lines(files), taken, _used() - before, (max(memory[:half]), max(memory[half:])))


def _command(*arguments: str) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-m", "sickbay", *arguments], stdout=quiet, stderr=quiet)


def _used() -> float:
    """CPU seconds of what was started here and has ended."""
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime


def _lines(folder: Path) -> int:
    return sum(file.read_bytes().count(b"\n") for file in folder.iterdir())
