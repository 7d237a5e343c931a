"""Imports modules in less time and memory: without garbage collection, and without the command line of uvicorn."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


class _UnusedCommand(ModuleType):
    """Replaces `uvicorn.main` while `uvicorn` is imported, which needs three names from it. Sickbay uses only the server."""

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
def pause_collection() -> Iterator[None]:
    """Imported modules are never garbage, so collection is off while they load, and ignores them afterwards."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
