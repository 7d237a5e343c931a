"""Checks that src imports every dependency, and that every imported distribution is declared."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import files, packages_distributions
from pathlib import Path

from tools.checks.files import SOURCES, parse_python

_NAME = re.compile(r"[A-Za-z0-9._-]+")


PLUGINS = {"pytest"}
"""Distributions that load a plugin of ours, so they are there whenever the plugin is imported."""


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    used, declared = list_imported(paths, root), read_declarations(root)
    for name in sorted(declared - used):
        yield f"pyproject.toml: {name} is a dependency, and no file of src imports it"
    for name in sorted(used - declared - PLUGINS):
        yield f"pyproject.toml: src imports {name}, which is not a dependency"


def read_declarations(root: Path) -> set[str]:
    """Return the distributions that the project and its extras depend on."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {}).values()
    return {_requirement_name(line) for group in (project["dependencies"], *extras) for line in group}


def list_imported(paths: list[Path], root: Path) -> set[str]:
    """Return the distributions of the modules that src imports."""
    distributions = packages_distributions()
    names = {name for _, tree in parse_python(paths, root, SOURCES) for name in _imported_modules(tree)}
    foreign = {name for name in names if _top_package(name) not in sys.stdlib_module_names and _top_package(name) != "sickbay"}
    return {
        _requirement_name(_distribution_of(name, distributions.get(_top_package(name), [_top_package(name)])))
        for name in foreign
    }


def _imported_modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _top_package(module: str) -> str:
    return module.partition(".")[0]


def _distribution_of(module: str, candidates: list[str]) -> str:
    """Return the distribution that has the module. Several distributions can share a namespace package."""
    path = module.replace(".", "/")
    having = (name for name in candidates[1:] if _has_file(name, (f"{path}.py", f"{path}/__init__.py")))
    return next(having, candidates[0])


def _has_file(name: str, paths: tuple[str, ...]) -> bool:
    return any(str(file) in paths for file in files(name) or ())


def _requirement_name(requirement: str) -> str:
    match = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else requirement
