"""Checks that no dataclass has a default that Python 3.11 refuses: one whose type has a hash only since Python 3.12."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType, ModuleType

from tools.checks.cycles import module_name
from tools.checks.files import SOURCES

HASHABLE_SINCE_3_12 = (MappingProxyType, slice)


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for path in paths:
        if path.suffix == ".py" and path.is_relative_to(root / SOURCES) and path.name != "__main__.py":
            yield from find_refused(importlib.import_module(module_name(path, root)))


def find_refused(module: ModuleType) -> Iterator[str]:
    """Yield the faults of the dataclasses that the module defines. Structs of msgspec accept any default."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                if isinstance(field.default, HASHABLE_SINCE_3_12):
                    name, kind = f"{module.__name__}.{value.__name__}.{field.name}", type(field.default).__name__
                    yield f"{name}: Python 3.11 refuses a {kind} as a default; use field(default_factory=…)"
