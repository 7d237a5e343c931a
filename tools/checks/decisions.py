"""Checks that decisions don't change after creation, and that no cache uses id() as a key, which an object doesn't keep."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import SOURCES, parse_python, read_ceiling

DECIDED = frozenset(("decision", "refusal", "refusals", "finding", "findings"))
"""Names of variables and attributes that contain frozen values of a decision."""
PART = "context"
"""The name of an attribute only: an SSL context is a variable of this name, too."""


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for kind, messages in (
        ("assigned_on_decisions", list_assignments(paths, root)),
        ("calls_of_id", list_identities(paths, root)),
    ):
        if len(messages) > read_ceiling(root, kind):
            yield from messages


def list_notes(paths: list[Path], root: Path) -> Iterator[str]:
    for kind, messages in (
        ("assigned_on_decisions", list_assignments(paths, root)),
        ("calls_of_id", list_identities(paths, root)),
    ):
        most = read_ceiling(root, kind)
        if most:
            yield f"{kind}: {len(messages)} (allowed: {most:.0f})"


def list_assignments(paths: list[Path], root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}:{target.lineno}: sets {ast.unparse(target)} on a decision; make a new value instead"
        for path, tree in parse_python(paths, root, SOURCES)
        for node in ast.walk(tree)
        for target in _assignment_targets(node)
        if isinstance(target, ast.Attribute) and _is_decided(target)
    ]


def list_identities(paths: list[Path], root: Path) -> list[str]:
    """Return the calls of the builtin id()."""
    return [
        f"{path.relative_to(root)}:{node.lineno}: {ast.unparse(node)} may soon mean another object; use a value as the key"
        for path, tree in parse_python(paths, root, SOURCES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "id"
    ]


def _assignment_targets(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Assign(targets=targets):
            for target in targets:
                yield from target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            yield target


def _is_decided(target: ast.Attribute) -> bool:
    """Return whether part of the path is a decision. Attributes of self (`self.findings = …`) are allowed."""
    names, expression = [], target.value
    while isinstance(expression, ast.Attribute | ast.Subscript):
        if isinstance(expression, ast.Attribute):
            names.append(expression.attr)
        expression = expression.value
    variable = expression.id if isinstance(expression, ast.Name) else ""
    return PART in names or not DECIDED.isdisjoint((*names, variable))
