"""Counts the instructions of each cold scene with callgrind (`make bench ARGS=--instructions`). Writes nothing.

Unlike times, counts hardly depend on the machine and its load. Every scene runs in a server of its
own, with a fixed hash seed and a copy of the same data. Starting and warming up aren't counted.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from bench import process
from bench.load import Target
from bench.report import LABELS
from bench.scenes import Desk
from sickbay.testing.server import Live, serving

PATIENTS = 50
ROUNDS: Final[Mapping[str, int]] = {"transaction": 3}
"""Rounds of requests, if a scene doesn't send the usual number."""
USUAL_ROUNDS = 4
SLOW_START_SECONDS = 600.0
"""How long a server may take to start under callgrind, which is about 50 times as slow."""
LIMIT = 1.05
"""Maximum ratio to the instructions of the other checkout."""
CHECKOUT = Path(__file__).parent.parent


class Counted(NamedTuple):
    """Instructions per request or flow: to respond, and to write its exchange to the journal afterwards."""

    responding: float
    recording: float

    @property
    def total(self) -> float:
        return self.responding + self.recording


def available() -> bool:
    return shutil.which("valgrind") is not None and shutil.which("vgdb") is not None


def names() -> tuple[str, ...]:
    """Return the names of the scenes."""
    return tuple(name for name in LABELS if name in _SCENES)


_SCENES: Final = (
    frozenset(LABELS)
    - {"limit", "read-again", "page-again", "name-again"}
    - {name for name in LABELS if name.startswith("peer-")}
)


def measure(folder: Path, scenes: Sequence[str], checkouts: Sequence[Path]) -> Iterator[tuple[str, list[Counted]]]:
    """Yield each scene with its counts in each checkout. All have the patients of the last one, because other revisions of
    Sickbay make other patients.
    """
    first = folder / "data"
    _open(first, checkouts[-1])
    homes = [shutil.copytree(first, folder / str(number), ignore=_NOT_COPIED) for number in range(len(checkouts))]
    for home, checkout in zip(homes, checkouts, strict=True):
        _open(home, checkout)
    for name in scenes:
        counts = [_count_instructions(folder, home, checkout, name) for home, checkout in zip(homes, checkouts, strict=True)]
        print(f"{name}: {', '.join(f'{count.responding:,.0f} ({count.total:,.0f})' for count in counts)}", file=sys.stderr)
        yield name, counts


_NOT_COPIED = shutil.ignore_patterns("serve.lock", "runtime.json")


def _open(home: Path, checkout: Path) -> None:
    """Create or migrate the data, which would take minutes while instructions are counted."""
    with serving("--data", str(home), "--patients", str(PATIENTS), environment=_environment_of_checkout(checkout)) as live:
        Desk(live.line, PATIENTS).total("Patient")
        process.settle(live.process.pid)  # it may create the patients of other versions of FHIR


def _environment_of_checkout(checkout: Path) -> dict[str, str]:
    return {"PYTHONPATH": f"{checkout / 'src'}:{CHECKOUT}", "PYTHONHASHSEED": "0"}


def _count_instructions(folder: Path, home: Path, checkout: Path, name: str) -> Counted:
    copy = shutil.copytree(home, folder / "copy", ignore=_NOT_COPIED)
    try:
        with _run_under_callgrind(folder / "callgrind", copy, checkout) as (live, used):
            desk = Desk(live.line, PATIENTS)
            target = Target(urlsplit(live.base).port or 80, used, 1.0, ROUNDS.get(name, USUAL_ROUNDS), desk.flush)
            scene = desk.preparations()[name](target)
            process.settle(live.process.pid)  # it imports pages
            rate = scene()
            flushed = _used_by(desk.flush, used) - _used_by(desk.flush, used)
            idle = _used_by(lambda: time.sleep(process.IDLE_SECONDS), used) / process.IDLE_SECONDS
            return Counted((rate.cpu - idle * rate.seconds) / rate.requests, max(0.0, flushed) / rate.requests)
    finally:
        shutil.rmtree(copy)


def _used_by(step: Callable[[], None], used: Callable[[], float]) -> float:
    before = used()
    step()
    return used() - before


@contextmanager
def _run_under_callgrind(output: Path, home: Path, checkout: Path) -> Iterator[tuple[Live, Callable[[], float]]]:
    """Run a server under callgrind. Yields it, and a function that returns the instructions so far."""
    valgrind = ("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={output}", "--dump-line=no")
    options = ("--data", str(home), "--patients", str(PATIENTS))
    command = (*valgrind, sys.executable, "-m", "bench.counted")
    with serving(
        *options, environment=_environment_of_checkout(checkout), command=command, start_seconds=SLOW_START_SECONDS
    ) as live:
        counter = _Counter(live.process.pid, output)
        yield live, counter.read


class _Counter:
    """The instructions of a process since the first reading. Before, the process runs ten times as fast."""

    def __init__(self, pid: int, output: Path) -> None:
        self._pid, self._output, self._total, self._dumps = pid, output, 0, 0

    def read(self) -> float:
        if not self._dumps:
            self._tell("instrumentation", "on")
            self._tell("zero")
        self._tell("dump")
        self._dumps += 1
        dump = self._output.with_name(f"{self._output.name}.{self._dumps}")
        lines = dump.read_text(encoding="utf-8", errors="replace").splitlines()
        self._total += next(int(line.split()[1]) for line in lines if line.startswith("totals:"))
        dump.unlink()
        return float(self._total)

    def _tell(self, *command: str) -> None:
        subprocess.run(("vgdb", f"--pid={self._pid}", *command), check=True, capture_output=True)


def text(counted: Mapping[str, Sequence[Counted]]) -> str:
    """Return a Markdown table. With a second checkout, scenes above the limit are marked."""
    if all(len(counts) == 1 for counts in counted.values()):
        head = ("| scene | instructions | with its record in the journal |", "|---|---:|---:|")
        rows = [f"| {LABELS[name]} | {own.responding:,.0f} | {own.total:,.0f} |" for name, (own,) in counted.items()]
        return "\n".join((*head, *rows))
    head = (
        "| scene | instructions | other checkout | ratio | with its record in the journal | other checkout | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|",
    )
    return "\n".join((*head, *(_result_row(name, *counts) for name, counts in counted.items())))


def _result_row(name: str, own: Counted, other: Counted) -> str:
    pairs = (own.responding, other.responding), (own.total, other.total)
    cells = " | ".join(f"{mine:,.0f} | {theirs:,.0f} | {_format_ratio(mine / theirs)}" for mine, theirs in pairs)
    return f"| {LABELS[name]} | {cells} |"


def _format_ratio(ratio: float) -> str:
    return f"{ratio:.3f}{' **more**' if ratio > LIMIT else ''}"
