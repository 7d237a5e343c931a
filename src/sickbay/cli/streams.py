"""Prepares the standard streams: opens those that are closed, and escapes characters that they can't encode."""

from __future__ import annotations

import codecs
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper, UnsupportedOperation
from threading import Thread
from typing import TextIO
from unicodedata import category

ESCAPED = "sickbay-escaped"
OBEYED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Unicode categories that a terminal interprets: controls, formats such as U+202E, surrogates, and separators of lines."""
COLUMNS_WITHOUT_TERMINAL = 80
NARROWEST, WIDEST = 40, 400
"""Range of widths, in columns, that help is laid out for. A terminal wraps longer lines itself."""


def prepare_streams() -> None:
    """Prepares the streams and limits the width. Characters that the encoding lacks are written as JSON escapes, so nothing is
    lost and JSON stays valid.
    """
    for name, mode in (
        ("stdin", "r"),
        ("stdout", "w"),
        ("stderr", "w"),
    ):  # in this order they get the file descriptors 0, 1 and 2
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    _limit_width()
    codecs.register_error(ESCAPED, _escape_unencodable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=ESCAPED)


def _limit_width() -> None:
    """Limits the width: with a few columns the layout of help never ends, with millions it fills the memory."""
    columns = _terminal_columns()
    fitting = min(max(columns, NARROWEST), WIDEST)
    if "COLUMNS" in os.environ or fitting != columns:
        os.environ["COLUMNS"] = str(fitting)


def _terminal_columns() -> int:
    """The width of the terminal, as shutil has it, which takes long to import."""
    with suppress(ValueError):
        if (columns := int(os.environ.get("COLUMNS", ""))) > 0:
            return columns
    with suppress(AttributeError, ValueError, OSError):
        return os.get_terminal_size(sys.__stdout__.fileno()).columns  # type: ignore[union-attr]
    return COLUMNS_WITHOUT_TERMINAL


def escape_log() -> None:
    """Escapes the server's log too, unless logging is configured."""
    import logging

    class Escaped(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return escape_text(super().format(record))

    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Escaped())


def escape_text(text: str, keep: str = "\n\t") -> str:
    r"""Escapes control characters, and those that change the writing direction or are invisible, as \uXXXX. JSON has these
    only inside strings, so it stays valid. keep: characters that aren't escaped.
    """
    if text.isprintable():
        return text
    return "".join(_escape_units(char) if category(char) in OBEYED and char not in keep else char for char in text)


def _escape_units(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))


def flush() -> None:
    """Flushes both streams now, so that an error can still be reported."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def discard_output(*dropped: TextIO) -> None:
    """Discards unwritten output; otherwise Python would try to write it again at exit and print an error. Default: both."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in dropped or (sys.stdout, sys.stderr):
        with suppress(UnsupportedOperation):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def watch_reader(leave: Callable[[], object]) -> None:
    """Calls `leave` in another thread as soon as the reader of standard output has gone, even while nothing is written.

    Only a pipe or a socket has a reader.
    """
    with suppress(UnsupportedOperation):
        number = sys.stdout.fileno()
        if stat.S_ISFIFO(mode := os.fstat(number).st_mode) or stat.S_ISSOCK(mode):
            Thread(target=_wait_for_end, args=(number, leave), name="sickbay-reader", daemon=True).start()


def _wait_for_end(number: int, leave: Callable[[], object]) -> None:
    import select

    waiting = select.poll()
    waiting.register(number, 0)  # POLLERR and POLLHUP are always reported
    waiting.poll()
    leave()


def _escape_unencodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return _escape_units(error.object[error.start : error.end]), error.end
