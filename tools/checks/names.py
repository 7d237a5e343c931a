"""Checks that constants say what they are and in which unit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import python

VAGUE = frozenset(("MOST", "PATIENCE", "LONGEST", "LONG", "MANY", "FEW", "OURS", "OWN", "NAMED", "HOLDER"))
"""Such a name says neither what it limits nor in which unit. `MAXIMUM_ENTRIES` and `TIMEOUT_SECONDS` do."""


def faults(paths: list[Path], root: Path) -> Iterator[str]:
    for path, tree in python(paths, root):
        place = path.relative_to(root).as_posix()
        yield from (f"{place}:{line}: {name} doesn't say what it is and in which unit" for name, line in _vague(tree))


def _vague(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each constant of the module with a vague name, and its line."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Name) and part.id.lstrip("_") in VAGUE:
                    yield part.id, node.lineno
