"""Checks that no file and no function is too long."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import parse_python

FILE_LINES, FUNCTION_LINES = 400, 60


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for path, tree in parse_python(paths, root):
        name = path.relative_to(root)
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > FILE_LINES:
            yield f"{name}: {lines} lines, more than {FILE_LINES}"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > FUNCTION_LINES:
                    yield f"{name}:{node.lineno}: {node.name} has {size} lines, more than {FUNCTION_LINES}"
