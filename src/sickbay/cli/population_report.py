"""Logs the progress of the creation of sample patients."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from sickbay.cli import json_log, terminal
from sickbay.cli.output import print_note
from sickbay.kernel import english
from sickbay.sandbox.population_progress import PopulationProgress
from sickbay.settings import Settings
from sickbay.storage.interface import ResourceSpace

FIRST_SECONDS, EVERY_SECONDS = 2.0, 10.0
"""The number of seconds before the first line, and between two lines."""
STAGE = "population"


class _Times(NamedTuple):
    """next: when the next line is due. said: there was a line."""

    next: float
    said: bool


class PopulationReport:
    """A listener for `PopulationWriter` that prints few enough lines for a person to read."""

    def __init__(self, print_line: Callable[[ResourceSpace, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._print, self._clock = print_line, clock
        self._spaces: dict[ResourceSpace, _Times] = {}

    def __call__(self, space: ResourceSpace, progress: PopulationProgress) -> None:
        now = self._clock()
        times = self._spaces.pop(space, None) or _Times(now + FIRST_SECONDS, False)
        is_complete = progress.done == progress.total
        is_due = now >= times.next
        if is_due or (is_complete and times.said):
            self._print(space, describe_population(space, progress))
        if not is_complete:
            self._spaces[space] = _Times(now + EVERY_SECONDS, True) if is_due else times


def describe_population(space: ResourceSpace, progress: PopulationProgress) -> str:
    """The progress as a sentence."""
    version = space.version.upper()
    if progress.done == progress.total:
        return f"{progress.total:,} sample patients created ({version})"
    left = f", {english.describe_duration(progress.seconds)} left" if progress.seconds is not None else ""
    return f"{progress.done:,} of {progress.total:,} sample patients created ({version}){left}"


def report_of_server(settings: Settings) -> PopulationReport:
    """Reports in the log of `serve`; on standard error with --json, which prints only one line on standard output."""
    if settings.json:
        return report_of_command()
    return PopulationReport(_log_json if settings.log_format == "json" else _log_line)


def report_of_command() -> PopulationReport:
    """Reports on standard error."""
    return PopulationReport(lambda space, line: print_note(f"{space.tenant}: {line}"))


def _log_json(space: ResourceSpace, line: str) -> None:
    terminal.print_line(json_log.format_line(time.time(), "info", line, tenant=space.tenant, stage=STAGE))


def _log_line(space: ResourceSpace, line: str) -> None:
    terminal.print_line(f"{time.strftime('%H:%M:%S')}  {space.tenant}  {STAGE:<13}  {line}")
