"""Counts the lines of Python that something executes: a measure of work that doesn't depend on the machine and its load.

Work in C isn't counted, so it must take linear time: searching, decoding, and regular expressions without backtracking.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Steps:
    """The number of lines so far."""

    def __init__(self) -> None:
        self.count = 0

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        if event == "line":
            self.count += 1
        return self._trace


@contextmanager
def counting() -> Iterator[Steps]:
    """Count the lines that functions execute which are called in the `with` block. Threads aren't counted."""
    steps, before = Steps(), sys.gettrace()
    sys.settrace(steps._trace)
    try:
        yield steps
    finally:
        sys.settrace(before)
