"""The elements of a version: what may stand under a path, by its name in JSON and its type."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sickbay.fhir.definitions import table

_INLINE = ("BackboneElement", "Element")


class Child(NamedTuple):
    """One key that may stand there: its name in JSON, its type, and the path under which its own children are listed."""

    key: str
    type: str
    path: str


@cache
def children(version: str, path: str) -> dict[str, list[Child]]:
    """Name -> keys: of a choice both its bare name (all types) and each key as JSON has it."""
    found: dict[str, list[Child]] = {}
    for name, types in _under(version).get(path, ()):
        for one in _keys(f"{path}.{name}", name, types):
            found.setdefault(name.removesuffix("[x]"), []).append(one)
            if name.endswith("[x]"):
                found.setdefault(one.key, []).append(one)
    return found


def _keys(path: str, name: str, types: list[str]) -> list[Child]:
    found = {}
    for type in (one.split(":")[0] for one in types):
        base = name.removesuffix("[x]")
        key = base + type[0].upper() + type[1:] if name.endswith("[x]") else base
        found[type] = Child(key, type, _home(path, type))
    return list(found.values())


def _home(path: str, type: str) -> str:
    if type.startswith("@"):
        return type[1:]
    return path if type in _INLINE else type


@cache
def _under(version: str) -> dict[str, list[tuple[str, list[str]]]]:
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for path, entry in table(version, "elements").items():
        parent, _, name = path.rpartition(".")
        found.setdefault(parent, []).append((name, entry[2]))
    return found
