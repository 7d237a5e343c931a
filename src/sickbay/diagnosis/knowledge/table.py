"""All known errors: those of every file in `servers`. They are read when the first text is diagnosed, not at the start."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from sickbay.diagnosis.knowledge import servers
from sickbay.diagnosis.knowledge.known_error import KnownError


@cache
def entries() -> tuple[KnownError, ...]:
    """All known errors, in the order of the files' names. A file without `ERRORS` helps others to declare theirs."""
    files = (import_module(f"{servers.__name__}.{module.name}") for module in iter_modules(servers.__path__))
    return tuple(entry for file in files for entry in getattr(file, "ERRORS", ()))


@cache
def by_id() -> dict[str, KnownError]:
    return {entry.id: entry for entry in entries()}
