"""Checks that there is one list of stages: `STAGES` in `diagnosis/stages.py`. A second list would differ from it one day."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import parse_python

from sickbay.diagnosis.stages import STAGES

LIST = "src/sickbay/diagnosis/stages.py"
BELOW = frozenset(("src/sickbay/faults/fault.py",))
"""Files in layers below the list, which can't import it. Each of their lists may have only names of stages."""
NAMES_IN_A_LIST = 9
"""So many names of stages in one literal are a list of stages. Fewer name those that something is true of."""


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for path, tree in parse_python(paths, root, "src/sickbay", "tools"):
        name = path.relative_to(root).as_posix()
        for line, unknown in find_lists(tree) if name != LIST else ():
            if name not in BELOW:
                yield f"{name}:{line}: a list of stages; use STAGES of {LIST}, and give Stage another field if you need one"
            elif unknown:
                yield f"{name}:{line}: {', '.join(sorted(unknown))} is no stage of {LIST}"


def find_lists(tree: ast.Module) -> Iterator[tuple[int, set[str]]]:
    """The lines of literals with names of many stages, and what else is named there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            texts = _texts_of_literal(node)
            if len(STAGES.keys() & texts) >= NAMES_IN_A_LIST:
                yield node.lineno, texts - STAGES.keys()


def _texts_of_literal(node: ast.expr) -> set[str]:
    """The texts that a literal lists: its items, the keys of a dict, the words of a string, or the members of a union."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return set(node.value.split()) if node.value.count("\n") < 3 else set()
    items = node.keys if isinstance(node, ast.Dict) else node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []
    return {str(item.value) for item in items if isinstance(item, ast.Constant)}
