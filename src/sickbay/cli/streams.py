"""The standard streams: there even where whoever called closed them, and able to take every character."""

from __future__ import annotations

import codecs
import logging
import os
import shutil
import sys
from contextlib import suppress
from io import TextIOWrapper, UnsupportedOperation
from typing import TextIO
from unicodedata import category

ESCAPED = "sickbay-escaped"
OBEYED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Categories of Unicode: controls, formats such as U+202E, surrogates, and separators of lines."""
NARROWEST, WIDEST = 40, 400
"""Columns that are laid out for; a terminal breaks the lines itself."""


def ready() -> None:
    """As wide as can be laid out for. What the terminal's encoding lacks is written as JSON would escape it: nothing is lost,
    and JSON stays JSON.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # in this order they take their own numbers
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    _widen()
    codecs.register_error(ESCAPED, _escaped)
    if logging.lastResort is not None:  # what the server logs, which nobody has configured otherwise
        logging.lastResort.setFormatter(_Shown())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=ESCAPED)


def _widen() -> None:
    """To few columns the layout of help comes to no end, and to millions it fills the memory."""
    columns = shutil.get_terminal_size().columns
    fitting = min(max(columns, NARROWEST), WIDEST)
    if "COLUMNS" in os.environ or fitting != columns:
        os.environ["COLUMNS"] = str(fitting)


class _Shown(logging.Formatter):
    """A log's lines, without what a terminal would obey."""

    def format(self, record: logging.LogRecord) -> str:
        return shown(super().format(record))


def shown(text: str, keep: str = "\n\t") -> str:
    r"""The text as it may reach a terminal: every control character, and what changes the direction of writing or is not
    seen, as \uXXXX. In JSON these stand inside of strings only, so JSON stays JSON. keep: what passes all the same.
    """
    if text.isprintable():
        return text
    return "".join(_units(char) if category(char) in OBEYED and char not in keep else char for char in text)


def _units(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def flush() -> None:
    """Now, while it can still be said that it fails."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def drop(*dropped: TextIO) -> None:
    """What was not written has no place to go to: Python would try once more at its end, and complain. Default: both."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in dropped or (sys.stdout, sys.stderr):
        with suppress(UnsupportedOperation):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return _units(error.object[error.start : error.end]), error.end
