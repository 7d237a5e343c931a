"""Checks that ever fewer tests, and no other files, are exempt from mypy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import ceiling

CEILING = "tests_without_types"


def faults(paths: list[Path], root: Path) -> Iterator[str]:
    modules, allowed = exempt(root), ceiling(root, CEILING)
    if len(modules) > allowed:
        yield f"pyproject.toml: {len(modules)} modules are exempt from mypy, more than {allowed:.0f}; correct their types"
    yield from (
        f"pyproject.toml: {name} is exempt from mypy; only tests may be" for name in modules if not name.startswith("tests.")
    )


def notes(paths: list[Path], root: Path) -> Iterator[str]:
    yield f"modules that are exempt from mypy: {len(exempt(root))} (allowed: {ceiling(root, CEILING):.0f})"


def exempt(root: Path) -> list[str]:
    """Return the modules whose errors mypy ignores."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    ignored = (override for override in project["tool"]["mypy"]["overrides"] if override.get("ignore_errors"))
    return [name for override in ignored for name in override["module"]]
