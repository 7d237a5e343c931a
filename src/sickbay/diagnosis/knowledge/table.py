"""All known errors: those of every file in `servers`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from sickbay.diagnosis.knowledge import servers
from sickbay.diagnosis.knowledge.known_error import KnownError

_FILES = sorted(module.name for module in iter_modules(servers.__path__))
ALL: tuple[KnownError, ...] = tuple(entry for name in _FILES for entry in import_module(f"{servers.__name__}.{name}").ERRORS)
BY_ID: dict[str, KnownError] = {entry.id: entry for entry in ALL}
