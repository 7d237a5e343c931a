"""Checks that the docstring of a package that lists its modules lists all of them, and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

LINE = re.compile(r"^([a-z]\w*(?:, \w+)*)  +\S", re.MULTILINE)
"""Names of modules, and after two spaces what they are for."""
LINES = 3
"""A docstring with this many of them is a list."""
WORD = re.compile(r"\w+")


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for path in paths:
        if path.name == "__init__.py" and path.is_relative_to(root / "src"):
            yield from (f"{path.relative_to(root)}: {fault}" for fault in _problems_of(path))


def _problems_of(path: Path) -> Iterator[str]:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    lines = LINE.findall(text)
    if len(lines) < LINES:
        return
    modules = {found.stem for found in path.parent.glob("*.py")} - {"__init__"}
    packages = {found.parent.name for found in path.parent.glob("*/__init__.py")}
    yield from (f"lists no {name}" for name in sorted((modules | packages) - set(WORD.findall(text))))
    listed = {name for line in lines for name in line.split(", ")}
    yield from (f"lists {name}, which isn't there" for name in sorted(listed - modules - packages))
