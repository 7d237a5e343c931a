"""Checks that src imports every dependency, and that every imported distribution is declared."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from tools.checks.files import SOURCES, python

_NAME = re.compile(r"[A-Za-z0-9._-]+")


PLUGINS = {"pytest"}
"""Distributions that load a plugin of ours, so they are there whenever the plugin is imported."""


def faults(paths: list[Path], root: Path) -> Iterator[str]:
    used, declared = imported(paths, root), declarations(root)
    for name in sorted(declared - used):
        yield f"pyproject.toml: {name} is a dependency, and no file of src imports it"
    for name in sorted(used - declared - PLUGINS):
        yield f"pyproject.toml: src imports {name}, which is not a dependency"


def declarations(root: Path) -> set[str]:
    """Return the distributions that the project and its extras depend on."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {}).values()
    return {_plain(line) for group in (project["dependencies"], *extras) for line in group}


def imported(paths: list[Path], root: Path) -> set[str]:
    """Return the distributions of the modules that src imports."""
    distributions = packages_distributions()
    names = {name for _, tree in python(paths, root, SOURCES) for name in _top_modules(tree)}
    foreign = names - sys.stdlib_module_names - {"sickbay"}
    return {_plain(distributions.get(name, [name])[0]) for name in foreign}


def _top_modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _plain(requirement: str) -> str:
    match = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else requirement
