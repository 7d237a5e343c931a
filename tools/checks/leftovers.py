"""Checks that no file is empty, and that nothing unknown is in the root folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

EMPTY = frozenset(("py.typed",))
"""PEP 561: the file says that the package has types, and is usually empty."""
IN_ROOT = frozenset(
    [
        ".ci",
        ".dockerignore",
        ".editorconfig",
        ".github",
        ".gitignore",
        ".importlinter",
        ".npmrc",
        ".pre-commit-config.yaml",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "Containerfile",
        "LICENSE",
        "Makefile",
        "NOTICE",
        "README.md",
        "SECURITY.md",
        "action.yml",
        "bench",
        "clients",
        "compose.yaml",
        "deploy",
        "docs",
        "examples",
        "package-lock.json",
        "package.json",
        "pyproject.toml",
        "report",
        "requirements",
        "src",
        "tests",
        "tools",
    ]
)
"""The files and folders that belong there. A new one is added here, so that nothing gets there by mistake."""


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for path in paths:
        if path.stat().st_size == 0 and path.name not in EMPTY:
            yield f"{path.relative_to(root)}: is empty; delete it"
    for name in sorted({path.relative_to(root).parts[0] for path in paths} - IN_ROOT):
        yield f"{name}: isn't expected in the root folder; move it, or add it to tools/checks/leftovers.py"
