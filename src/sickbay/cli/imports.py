"""Imports without collecting garbage: imported modules stay in memory, so looking for garbage among them is useless."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Afterwards, the collector no longer looks at what is in memory now."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
