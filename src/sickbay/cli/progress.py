"""How far a load is: a bar where a person looks on, a line for each file where not; the bad resources by name in both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress as Bar
from rich.progress import TaskID

from sickbay.cli.streams import shown
from sickbay.fhir.loading import LoadError


class Progress:
    """bad: how many resources were bad. left_out: how many were not taken, though nothing is wrong with them."""

    def __init__(self, console: Console, bar: Bar | None, chosen: list[Path]) -> None:
        self.bad = self.left_out = 0
        self._console, self._bar = console, bar
        self._before = 0
        self._count = 0
        self._task = TaskID(0)
        if bar is not None:
            self._task = bar.add_task("Loading", total=sum(path.stat().st_size for path in chosen))

    def read(self, path: Path, bytes: int, good: bool) -> None:
        """One more of a file, of which so many bytes are read; good: it is no fault."""
        self._count += good
        if self._bar is not None:
            self._bar.update(self._task, completed=self._before + bytes, description=escape(shown(path.name, "")))

    def fault(self, fault: LoadError) -> None:
        self.bad += fault.is_bad
        self.left_out += not fault.is_bad
        self._say(f"{fault.place}: {fault.text}")

    def done(self, path: Path) -> None:
        self._before += path.stat().st_size
        if self._bar is None:
            self._say(f"{path}: {self._count:,} resource{'s' * (self._count != 1)}")
        self._count = 0

    def _say(self, text: str) -> None:
        self._console.print(shown(text, ""), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(chosen: list[Path]) -> Iterator[Progress]:
    """On standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Progress(console, None, chosen)
        return
    with Bar(console=console) as bar:
        yield Progress(console, bar, chosen)
