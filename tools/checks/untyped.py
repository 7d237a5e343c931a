"""Checks that no file is exempt from mypy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for override in project["tool"]["mypy"]["overrides"]:
        if override.get("ignore_errors"):
            yield f"pyproject.toml: mypy ignores the errors of {override['module']}; correct their types"
