"""Shows the progress of a load, of a population, and of the creation of sample patients as a bar on a terminal.

Without a terminal, a load prints a line for each file, a population nothing, and a long creation a line now and then. A load
also names the resources that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from sickbay.cli import population_report
from sickbay.cli.streams import escape_text
from sickbay.fhir.loading import LoadError
from sickbay.sandbox.sandbox import Sandbox
from sickbay.storage.interface import ResourceSpace


def _open_console() -> Console:
    """Standard error, where `:100:` after a file name is a line number and not an emoji."""
    return Console(stderr=True, emoji=False)


class Progress:
    """bad: number of resources that failed. left_out: number of valid resources that weren't loaded."""

    def __init__(self, console: Console, bar: Bar | None, chosen: list[Path]) -> None:
        self.bad = self.left_out = 0
        self._console, self._bar = console, bar
        self._chosen = chosen
        self._current = ""
        self._before = self._files = 0
        self._count = 0
        self._task = TaskID(0)
        if bar is not None:
            self._task = bar.add_task("Loading", total=sum(path.stat().st_size for path in chosen))

    def read(self, path: Path, bytes: int, good: bool) -> None:
        """Counts a result of a file. bytes: read so far. good: it isn't a LoadError."""
        self._count += good
        self._current = f"{path} (file {self._files + 1} of {len(self._chosen)})"
        if self._bar is not None:
            self._bar.update(self._task, completed=self._before + bytes, description=escape(escape_text(path.name, "")))

    def fault(self, error: LoadError) -> None:
        self.bad += error.is_bad
        self.left_out += not error.is_bad
        self._print_note(f"{error.place}: {error.text}")

    def finish_file(self, path: Path) -> None:
        self._before += path.stat().st_size
        self._files += 1
        self._current = f"{path} (the last file)" if self._files == len(self._chosen) else self._current
        if self._bar is None:
            self._print_note(f"{path}: {self._count:,} {'resource' if self._count == 1 else 'resources'}")
        self._count = 0

    def describe_position(self) -> str:
        """Returns the current position of the load: "in b.ndjson (file 2 of 3)"."""
        return f"in {self._current}" if self._current else "before the first file"

    def stop(self) -> None:
        """Stops updating the bar, so that a note can follow it."""
        if self._bar is not None:
            self._bar.stop()

    def _print_note(self, text: str) -> None:
        self._console.print(escape_text(text, ""), markup=False, highlight=False, soft_wrap=True)


async def create_patients(sandbox: Sandbox, space: ResourceSpace) -> None:
    """Creates the sample patients of a space if they are missing, with a bar on a terminal, else with a line now and then."""
    if not _open_console().is_terminal:
        sandbox.filling.writer.listen = population_report.report_of_command()
        await sandbox.filling.ensure(space)
        return
    missing = await sandbox.filling.progress(space)
    with count_with_bar("Creating sample patients", missing.total if missing else 0) as update:
        sandbox.filling.writer.listen = lambda space, moved: update(moved.done)
        await sandbox.filling.ensure(space)


@contextmanager
def count_with_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yields a function that takes the number done out of the total. Shows a bar on standard error if that is a terminal."""
    console = _open_console()
    if not console.is_terminal or total == 0:
        yield lambda done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def show_progress(chosen: list[Path]) -> Iterator[Progress]:
    """The progress, on standard error."""
    console = _open_console()
    if not console.is_terminal:
        yield Progress(console, None, chosen)
        return
    with Bar(console=console) as bar:
        yield Progress(console, bar, chosen)
