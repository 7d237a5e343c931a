"""Checks that the files of src have no import cycle. Imports for types and inside functions count too.

Importing a file also executes the packages around it, so these count as imported. Without a cycle, every file can be imported
first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import SOURCES, parse_python


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for cycle in find_cycles(add_packages(list_imports(paths, root))):
        yield f"import cycle: {', '.join(sorted(cycle))}"


def list_imports(paths: list[Path], root: Path) -> dict[str, set[str]]:
    """Return module -> the modules of the same package that it imports."""
    trees = {module_name(path, root): (path, tree) for path, tree in parse_python(paths, root, SOURCES)}
    return {
        name: set(_imported_modules(tree, name, path.name == "__init__.py", trees.keys()))
        for name, (path, tree) in trees.items()
    }


def add_packages(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Add the packages around each imported module, except those that are around the importing one too."""
    return {
        name: (targets | {package for target in targets for package in _packages_above(target) & graph.keys()})
        - (_packages_above(name) - targets)
        - {name}
        for name, targets in graph.items()
    }


def _packages_above(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts))}


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root / SOURCES).parent.parts
    end = () if path.name == "__init__.py" else (path.stem,)
    return ".".join((Path(SOURCES).name, *parts, *end))


def _imported_modules(tree: ast.Module, name: str, is_package: bool, modules: object) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)  # type: ignore[operator]
        elif isinstance(node, ast.ImportFrom):
            source = _absolute_module(node, name, is_package)
            for alias in node.names:
                target = f"{source}.{alias.name}" if f"{source}.{alias.name}" in modules else source  # type: ignore[operator]
                if target in modules and target != name:  # type: ignore[operator]
                    yield target


def _absolute_module(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    """Return the module that an import refers to, resolving relative imports."""
    if not node.level:
        return node.module or ""
    up = node.level - 1 if is_package else node.level
    base = name.split(".")[: len(name.split(".")) - up]
    return ".".join((*base, node.module) if node.module else base)


def find_cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one module (Kosaraju's algorithm)."""
    order: list[str] = []
    visited: set[str] = set()
    for module in graph:
        _visit(module, graph, visited, order)
    reverse: dict[str, set[str]] = {module: set() for module in graph}
    for module, targets in graph.items():
        for target in targets:
            reverse[target].add(module)
    visited, components = set(), []
    for module in reversed(order):
        component: list[str] = []
        _visit(module, reverse, visited, component)
        components.append(component)
    return [component for component in components if len(component) > 1]


def _visit(start: str, graph: dict[str, set[str]], visited: set[str], order: list[str]) -> None:
    """Append the unvisited modules that can be reached, each after those that it imports."""
    if start in visited:
        return
    visited.add(start)
    stack = [(start, iter(graph[start]))]
    while stack:
        module, targets = stack[-1]
        following = next((target for target in targets if target not in visited), None)
        if following is None:
            order.append(module)
            stack.pop()
        else:
            visited.add(following)
            stack.append((following, iter(graph[following])))
