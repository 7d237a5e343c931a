"""Prints results to standard output, notes and errors to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import orjson

from sickbay.cli.streams import escape_text

EVERY_OPTION = (
    "You can also set each option in the environment (--max-connections is SICKBAY_MAX_CONNECTIONS) or in sickbay.toml "
    "(max_connections). Sickbay reads the file given with --config, or otherwise ./sickbay.toml and "
    "~/.config/sickbay/sickbay.toml."
)
"""The end of each help page."""


class CommandError(Exception):
    """An error message for the user, in a sentence. code: the exit code; 2 for a wrong argument."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def reject_argument(sentence: str) -> NoReturn:
    """Reports a wrong argument. Raises CommandError."""
    raise CommandError(sentence, 2)


def print_result(text: str) -> None:
    """Prints the result to standard output, with control characters escaped. No other module may print; a test checks that."""
    print(escape_text(text))


_note_formats: list[Callable[[str, str], str]] = []
"""At most one function: the one that `format_notes` set."""


def format_notes(format: Callable[[str, str], str]) -> None:
    """Sets how notes are printed from now on: a function of the text and its level, "info" or "error"."""
    _note_formats[:] = [format]


def print_note(text: str, level: str = "info") -> None:
    """Prints a note to standard error, since scripts read standard output."""
    print(_note_formats[0](text, level) if _note_formats else escape_text(text), file=sys.stderr)


def prompt(question: str) -> bool:
    """Asks a question on standard error. Returns whether the answer is yes; without an answer, it is no."""
    print(escape_text(question), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def note_counts(place: object, counts: Mapping[str, int], none: str) -> None:
    """Prints how many resources of each type were written. none: the text if there are none."""
    print_note(f"{place}: " + (", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())) or none))


def help_epilogue(example: str) -> str:
    """The end of a help page: where to set options, and an example."""
    return f"{EVERY_OPTION}\n\nExample: {example}"


def format_json(value: Any, *, pretty: bool = True) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 if pretty else 0).decode()
    except TypeError:  # an unpaired surrogate, which needs an escape
        return json.dumps(value, indent=2 if pretty else None)


def format_table(rows: list[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Formats a table without a frame, so that it can be copied. A column is as wide as its widest cell, a row is one line."""
    head, rows = _escape_row(head), [_escape_row(row) for row in rows]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows))


def _escape_row(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(escape_text(cell, "") for cell in row)
