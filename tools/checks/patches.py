"""Checks that the names which tests replace exist: a rename doesn't reach names in strings, and mypy doesn't read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tools.checks.files import parse_file, parse_python

PATCHERS = {"setattr", "delattr", "object"}
"""`monkeypatch.setattr(place, "name", …)` and `patch.object(place, "name")`."""


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    modules = {_dotted_name(path, root): path for path in paths if path.suffix == ".py"}
    for path, tree in parse_python(paths, root, "tests"):
        for line, place, name in _find_patches(tree):
            if place in modules and name not in _defined_names(parse_file(modules[place])):
                yield f"{path.relative_to(root)}:{line}: {place} has no {name} to replace"


def _dotted_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(part for part in parts if part not in {"src", "__init__"})


def _find_patches(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the place and the name of each replacement in something that is imported.

    What isn't a module isn't checked: a class may have the name from another one.
    """
    imported = dict(_imported_names(tree))
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=patcher), args=[ast.Name(id=place), ast.Constant(value=str(name)), *_]) if (
                patcher in PATCHERS and place in imported
            ):
                yield node.lineno, imported[place], name
            case ast.Call(func=ast.Attribute(attr=patcher), args=[ast.Constant(value=str(dotted)), *_]) if patcher in PATCHERS:
                module, _, name = dotted.rpartition(".")
                yield node.lineno, module, name


def _imported_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each imported name with what it stands for, as a path with dots."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from ((alias.asname or alias.name, f"{module}.{alias.name}") for alias in names)
            case ast.Import(names=names):
                yield from ((alias.asname, alias.name) for alias in names if alias.asname)


@cache
def _defined_names(tree: ast.Module) -> set[str]:
    """Return every name that a file defines, imports or assigns, in its classes too."""
    return {name for node in ast.walk(tree) for name in _names_of_node(node)}


def _names_of_node(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield name
        case ast.alias(name=name, asname=asname):
            yield asname or name.partition(".")[0]
