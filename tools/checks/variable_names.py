"""Checks that few variables are called `one`. A name should say what it holds, such as `client`, `scope` or `finding`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import parse_python, read_ceiling

VAGUE = "one"
CEILING = "variables_called_one"


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    uses, most = count(paths, root), read_ceiling(root, CEILING)
    if uses > most:
        yield f"the variable `{VAGUE}` is used at {uses} places, more than {most:.0f}; name what it holds"


def list_notes(paths: list[Path], root: Path) -> Iterator[str]:
    yield f"the variable `{VAGUE}` is used at {count(paths, root)} places (allowed: {read_ceiling(root, CEILING):.0f})"


def count(paths: list[Path], root: Path) -> int:
    """Count every binding and every use."""
    return sum(_is_vague(node) for _, tree in parse_python(paths, root) for node in ast.walk(tree))


def _is_vague(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            return name == VAGUE
    return False
