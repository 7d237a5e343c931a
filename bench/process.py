"""What a server process and its workers used: CPU seconds and resident memory, as Linux counts them."""

from __future__ import annotations

import os
import time
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
"""Before any of us was bound to one."""


def cpu(pid: int) -> float:
    """Seconds of user and system time of all its threads since it began, in nanoseconds' precision (clock_getcpuclockid)."""
    return time.clock_gettime(~pid << 3 | 2)


def memory(pid: int) -> float:
    """Resident memory, MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def memory_of_all(pid: int) -> float:
    """Of a process and those that it started, MB."""
    return memory(pid) + sum(map(memory, _children(pid)))


def _children(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(one) for each in lists for one in each.read_text().split()]


def apart(server: int) -> None:
    """Where there are two cores or more: the server on one, we on another."""
    if len(CORES) > 1:
        for thread in Path(f"/proc/{server}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {CORES[0]})
        os.sched_setaffinity(0, {CORES[1]})


def anywhere() -> None:
    """We, and what we start from now on, run on every core again."""
    os.sched_setaffinity(0, CORES)
