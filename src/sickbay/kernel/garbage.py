"""Pauses Python's search for garbage while many objects are created that refer to each other in no cycle."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_pauses = 0


@contextmanager
def pause_collection() -> Iterator[None]:
    """Collect nothing meanwhile. Keep it short: what other code leaves behind stays in memory until the end.

    May overlap, on one thread. Without a pause, the garbage collector looks at each of the objects several times.
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
