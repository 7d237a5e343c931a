"""All known errors: those of every file in `servers`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from sickbay.diagnosis.knowledge import servers
from sickbay.diagnosis.knowledge.known_error import KnownError

_FILES = [import_module(f"{servers.__name__}.{module.name}") for module in iter_modules(servers.__path__)]
ALL: tuple[KnownError, ...] = tuple(entry for file in _FILES for entry in getattr(file, "ERRORS", ()))
"""In the order of the files' names. A file without `ERRORS` helps others to declare theirs."""
BY_ID: dict[str, KnownError] = {entry.id: entry for entry in ALL}
