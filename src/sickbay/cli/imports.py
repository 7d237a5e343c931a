"""Imports without what costs time and memory for nothing: collecting garbage, and the command line of uvicorn."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


class _UnusedCommand(ModuleType):
    """Stands for `uvicorn.main`, of which `uvicorn` imports the command, a function that nothing uses here, and the server."""

    main = run = None

    @property
    def Server(self) -> type:
        from uvicorn.server import Server

        return Server


def import_uvicorn() -> None:
    """Imports uvicorn without its command, which imports click and multiprocessing. They take 2 MB."""
    name = "uvicorn.main"
    if "uvicorn" not in sys.modules:
        sys.modules[name] = _UnusedCommand(name)
        import uvicorn  # noqa: F401

        del sys.modules[name]


@contextmanager
def without_collecting() -> Iterator[None]:
    """Looking for garbage among imported modules is useless: they stay. Afterwards, the collector no longer looks at them."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
