"""Checks that constants say what they are and in which unit, and that functions are named by verbs or questions, not nouns."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import parse_python, read_ceiling

VAGUE = frozenset(("MOST", "PATIENCE", "LONGEST", "LONG", "MANY", "FEW", "OURS", "OWN", "NAMED", "HOLDER"))
"""Such a name says neither what it limits nor in which unit. `MAXIMUM_ENTRIES` and `TIMEOUT_SECONDS` do."""
WORDS = {
    name: frozenset(words.split())
    for name, words in tomllib.loads(Path(__file__).with_name("function_names.toml").read_text(encoding="utf-8")).items()
}
"""Words by which a participle is told from a verb."""
CEILINGS = {"src/sickbay": "functions_named_by_participles", "tests": "functions_named_by_participles_in_tests"}
VALUES = ("property", "cached_property", "setter", "fixture")
"""Decorators of functions that are named after their value."""
COMMANDS = "src/sickbay/cli/commands"
"""The folder of functions that are named like the commands that users enter."""


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for path, tree in parse_python(paths, root):
        place = path.relative_to(root).as_posix()
        yield from (f"{place}:{line}: {name} doesn't say what it is and in which unit" for name, line in _vague_constants(tree))
        yield from (f"{place}:{line}: {name} doesn't say what the function does" for name, line in _find_nouns(place, tree))
    for folder, name in CEILINGS.items():
        functions, allowed = list(find_participles(paths, root, folder)), read_ceiling(root, name)
        if len(functions) > allowed:
            yield f"functions in {folder} named by participles: {len(functions)}, more than {allowed:.0f}; name what they do"
            yield from functions


def list_notes(paths: list[Path], root: Path) -> Iterator[str]:
    for folder, name in CEILINGS.items():
        found = sum(1 for _ in find_participles(paths, root, folder))
        yield f"functions in {folder} named by participles: {found} (allowed: {read_ceiling(root, name):.0f})"


def find_participles(paths: list[Path], root: Path, folder: str) -> Iterator[str]:
    """Yield the place and the name of each function whose name is a participle or an adjective instead of a verb."""
    for path, tree in parse_python(paths, root, folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_participle(node.name) and not _is_value(node):
                yield f"{path.relative_to(root).as_posix()}:{node.lineno}: {node.name}"


def is_participle(name: str) -> bool:
    """Whether the name is a participle, alone or with a particle, or only an adjective: `granted`, `held_by`, `wrong`."""
    if name.startswith("__"):
        return False  # Python names these
    first, *rest = name.strip("_").split("_")
    if not rest and first in WORDS["adjectives"]:
        return True
    past = first in WORDS["irregular"] or (first.endswith("ed") and first not in WORDS["others"])
    return past and (not rest or rest[0] in WORDS["particles"])


def _find_nouns(place: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each public function of a module of src whose name is one word and not a known verb, and its line."""
    if not place.startswith("src/sickbay") or place.startswith(COMMANDS):
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_") and not _is_value(node):
            word = node.name.rstrip("_")
            if "_" not in word and word not in WORDS["verbs"] | WORDS["nouns"]:
                yield node.name, node.lineno


def _is_value(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(decorator).partition("(")[0].rpartition(".")[2] in VALUES for decorator in node.decorator_list)


def _vague_constants(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each constant of the module with a vague name, and its line."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Name) and part.id.lstrip("_") in VAGUE:
                    yield part.id, node.lineno
