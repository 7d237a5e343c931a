"""Reads the CPU time and resident memory of a server process and its workers from Linux."""

from __future__ import annotations

import os
import time
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
"""Read before any of our processes was bound to a core."""
IDLE_SECONDS, IDLE_SHARE = 3.0, 0.03
"""How long a server is watched, and the share of a core below which it is idle. What it does then, such as checking whether
connections wait too long, isn't counted: on a busy machine a run takes longer, and it would count more often.
"""


def cpu(pid: int) -> float:
    """Return the seconds of user and system time of all threads, in nanosecond precision (clock_getcpuclockid)."""
    return time.clock_gettime(~pid << 3 | 2)


def settle(pid: int) -> None:
    """Wait until a server has finished its work in the background."""
    quiet = 0
    while quiet < 2:
        before = cpu(pid)
        time.sleep(IDLE_SECONDS)
        quiet = quiet + 1 if cpu(pid) - before < IDLE_SHARE * IDLE_SECONDS else 0


def memory(pid: int) -> float:
    """Return the resident memory in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def memory_of_all(pid: int) -> float:
    """Return the resident memory of a process and its children in MB."""
    return memory(pid) + sum(map(memory, _child_pids(pid)))


def _child_pids(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(pid) for path in lists for pid in path.read_text().split()]


def apart(server: int) -> None:
    """Bind the server and this process to different cores, if there are at least two."""
    if len(CORES) > 1:
        for thread in Path(f"/proc/{server}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {CORES[0]})
        os.sched_setaffinity(0, {CORES[1]})


def anywhere() -> None:
    """Allow this process and its future children to run on every core again."""
    os.sched_setaffinity(0, CORES)
