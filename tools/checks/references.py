"""Checks that files and exceptions named in the documentation, docstrings and comments exist."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import SOURCES, parse_python

FILE = re.compile(r"(?<![\w./{}<>*-])(?:[a-z][\w.-]*/)+[a-z_]\w*\.py\b|`[a-z_]\w*\.py`")
"""A Python file with its folder, or a name in backticks."""
RAISES = re.compile(r"\bRaises? ((?:[A-Z]\w+(?:, and |, | and | or )?)+)")
HISTORY = "CHANGELOG.md"
"""Names files of earlier versions."""
QUOTED = ("tests/", "src/sickbay/doctor/knowledge/")
"""Where other people's texts are quoted, which name their own files."""


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    yield from missing_files(paths, root)
    yield from missing_exceptions(paths, root)


def missing_files(paths: list[Path], root: Path) -> Iterator[str]:
    existing = {path.relative_to(root).as_posix() for path in paths}
    endings = {ending for name in existing if name.endswith(".py") for ending in _path_endings(name)}
    for path in paths:
        name = path.relative_to(root).as_posix()
        if not _is_searched(name):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for match in FILE.findall(line):
                if match.strip("`") not in endings:
                    yield f"{name}:{number}: no file is called {match.strip('`')}"


def missing_exceptions(paths: list[Path], root: Path) -> Iterator[str]:
    trees = [*parse_python(paths, root, SOURCES)]
    known = set(dir(builtins)).union(*(_names_in_file(tree) for _, tree in trees))
    for path, tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                for raised in RAISES.findall(ast.get_docstring(node) or ""):
                    for name in re.findall(r"[A-Z]\w+", raised):
                        if name not in known:
                            yield f"{path.relative_to(root)}: a docstring says that {name} is raised, which doesn't exist"


def _is_searched(name: str) -> bool:
    if name == HISTORY or name.startswith(QUOTED):
        return False
    return name.endswith((".py", ".md"))


def _path_endings(name: str) -> Iterator[str]:
    """Yield the path and what is left of it without its first folders."""
    while name:
        yield name
        name = name.partition("/")[2]


def _names_in_file(tree: ast.Module) -> Iterator[str]:
    """Yield what a file defines or imports, and the attributes that it reads: `msgspec.ValidationError`."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name):
                yield name.rpartition(".")[2]
            case ast.Attribute(attr=name):
                yield name
