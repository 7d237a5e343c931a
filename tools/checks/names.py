"""Checks that constants say what they are and in which unit, and that ever fewer don't do so yet."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import SOURCES, ceiling, python

VAGUE = frozenset(("MOST", "PATIENCE", "LONGEST", "LONG", "MANY", "FEW", "OURS", "OWN", "NAMED", "HOLDER"))
"""Such a name says neither what it limits nor in which unit. `MAXIMUM_ENTRIES` and `TIMEOUT_SECONDS` do."""
DONE = ("bench/", "tools/", *(f"{SOURCES}/{name}/" for name in ("cli", "dialects", "fhir", "kernel", "population", "protocol")))
DONE += tuple(
    f"{SOURCES}/{name}/" for name in ("services", "doctor", "diagnosis", "web", "authorization", "settings", "storage/query")
)
"""The folders that have no such name any more. In the others, the number of such names may only get smaller."""
CEILING = "vague_constants"


def faults(paths: list[Path], root: Path) -> Iterator[str]:
    found = [*vague_constants(paths, root)]
    done = [place for place in found if place.startswith(DONE)]
    yield from (f"{place} doesn't say what it is and in which unit" for place in done)
    if len(found) - len(done) > ceiling(root, CEILING):
        yield from (f"{place} doesn't say what it is and in which unit" for place in found if place not in done)


def notes(paths: list[Path], root: Path) -> Iterator[str]:
    number = sum(1 for _ in vague_constants(paths, root))
    yield f"constants whose names say neither what they are nor in which unit: {number} (allowed: {ceiling(root, CEILING):.0f})"


def vague_constants(paths: list[Path], root: Path) -> Iterator[str]:
    """Yield the place and the name of each."""
    for path, tree in python(paths, root):
        yield from (f"{path.relative_to(root).as_posix()}:{line}: {name}" for name, line in _vague(tree))


def _vague(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each constant of the module with a vague name, and its line."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Name) and part.id.lstrip("_") in VAGUE:
                    yield part.id, node.lineno
