"""Checks that no public class name is defined twice in src."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import SOURCES, parse_python


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for name, places in sorted(find_duplicates(paths, root).items()):
        yield f"class {name} is defined {len(places)} times: {', '.join(places)}; rename all but one"


def find_duplicates(paths: list[Path], root: Path) -> dict[str, list[str]]:
    places = defaultdict(list)
    for path, tree in parse_python(paths, root, SOURCES):
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{path.relative_to(root)}:{node.lineno}")
    return {name: definitions for name, definitions in places.items() if len(definitions) > 1}
