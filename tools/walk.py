"""Prints figures about the files of src/sickbay that a cold request enters between the ASGI call and the response.

Usage: walk.py [NAME…] [--list]. Each walk runs in a separate process and sandbox. --list prints the files too, in the order of
first entry. Work of the store's and the journal's threads counts, so figures may differ slightly between runs.

depth           files on the deepest call stack in which something is decided, explained, recorded, shown or stored
phases          files by what is done in them
back and forth  pairs of files that call each other; what decorates or remembers doesn't count
small           files that are entered for at most two functions

The files of a table, such as the checks of a stage, count as one. `make check` holds the ceilings (tools/checks/walks.py).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from tools.walks import figures
from tools.walks.figures import Figures
from tools.walks.recorder import Walk
from tools.walks.requests import WALKS, walk

IN_PARALLEL = 2


COMPILE = "from sickbay.doctor.compiled import compile_files; compile_files()"
"""What a clone does once after a change of the knowledge isn't part of a request."""


def record_walks(names: Iterable[str]) -> list[Walk]:
    """Run these walks, each in its own process."""
    subprocess.run([sys.executable, "-c", COMPILE], check=True)
    with ThreadPoolExecutor(IN_PARALLEL) as threads:
        return list(threads.map(_record_in_process, names))


def _record_in_process(name: str) -> Walk:
    command = [sys.executable, __file__, name, "--record"]
    return msgspec.msgpack.decode(subprocess.run(command, check=True, capture_output=True).stdout, type=Walk)


def describe(name: str, measured: Figures) -> str:
    phases = ", ".join(f"{phase} {measured.phases.get(phase, 0)}" for phase in figures.NAMES)
    lines = [
        f"{name}: {measured.files} files, {measured.calls} calls",
        f"  depth           {measured.depth}: {', '.join(measured.stack)}",
        f"  phases          {phases}",
        f"  back and forth  {len(measured.pairs)}" + "".join(f"\n    {file} and {other}" for file, other in measured.pairs),
        f"  small           {len(measured.small)} of {measured.files}: {', '.join(measured.small)}",
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 12):
        print("tools/walk.py needs Python 3.12 or later: it uses sys.monitoring")
        return 2
    names = [name for name in arguments if not name.startswith("-")] or list(WALKS)
    if unknown := set(names) - WALKS.keys():
        print(f"Unknown: {', '.join(sorted(unknown))}. Choose from {', '.join(WALKS)}.")
        return 2
    if "--record" in arguments:
        sys.stdout.buffer.write(msgspec.msgpack.encode(walk(names[0])))
        return 0
    for name, walked in zip(names, record_walks(names), strict=True):
        print(describe(name, figures.measure(walked)))
        if "--list" in arguments:
            print("\n".join(f"      {number:3d}  {file}" for number, file in enumerate(walked.functions, 1)))
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
