"""Pauses Python's garbage collector while many objects without reference cycles are created."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_pauses = 0


@contextmanager
def pause_collection() -> Iterator[None]:
    """Pause the garbage collector. Keep it short, because other code's garbage isn't freed either. May overlap, on one
    thread. Without a pause, the garbage collector looks at each of the objects several times.
    """
    global _pauses
    if not _pauses and not gc.isenabled():
        yield
        return
    _pauses += 1
    gc.disable()
    try:
        yield
    finally:
        _pauses -= 1
        if not _pauses:
            gc.enable()
