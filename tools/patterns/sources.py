"""Collects the regular expressions of the sources, and how each is used: searched for, or matched at one place."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FUNCTIONS = frozenset(("compile", "search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split"))
LATE = "compile_late"
"""Like `re.compile` (`kernel/late_patterns.py`)."""
_IMPORTER = """
import importlib, json, pkgutil, re, sys

found, compile = [], re.compile

def recorded(pattern, flags=0):
    frame = sys._getframe(1)
    result = compile(pattern, flags)
    if isinstance(result.pattern, str):
        found.append((frame.f_code.co_filename, frame.f_lineno, result.pattern, int(result.flags)))
    return result

re.compile = recorded
from sickbay.kernel import late_patterns
late_patterns.compile_late = recorded
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
json.dump(found, sys.stdout)
"""
"""Imports a package, and prints the place, the pattern and the flags of each expression that is compiled meanwhile."""


class Expression(NamedTuple):
    """A regular expression. name: of the constant with it, "" if there is none. pattern: None if it isn't known before the code
    runs. anywhere: it is searched for, so a match may start at each place of the text. whole: it has to match the whole text.
    """

    path: str
    line: int
    name: str
    pattern: str | None
    flags: int = 0
    anywhere: bool = True
    whole: bool = False


def list_compiled(package: str, root: Path) -> list[tuple[str, int, str, int]]:
    """The expressions that are compiled when the modules of a package are imported: path, line, pattern and flags."""
    return [
        (str(Path(path).resolve()), line, pattern, flags)
        for path, line, pattern, flags in _run_script(_IMPORTER, package, root)
    ]


KNOWLEDGE = Path("src/sickbay/doctor/knowledge")
KEYS_WITH_PATTERNS = frozenset(("patterns", "unless", "path", "sends", "lacks"))


def list_knowledge(root: Path) -> Iterator[Expression]:
    """The expressions in the tables of the doctor's knowledge. It searches texts for them, whatever their case."""
    for path in sorted((root / KNOWLEDGE).glob("*.toml")):
        text = path.read_text()
        for pattern in dict.fromkeys(_patterns_in_table(tomllib.loads(text), is_pattern=False)):
            line = text[: max(text.find(pattern), 0)].count("\n") + 1
            yield Expression(path.relative_to(root).as_posix(), line, "", pattern, re.compile(pattern, re.I).flags)


def _patterns_in_table(value: Any, *, is_pattern: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _patterns_in_table(member, is_pattern=is_pattern or key in KEYS_WITH_PATTERNS)
    elif isinstance(value, list):
        for member in value:
            yield from _patterns_in_table(member, is_pattern=is_pattern)
    elif is_pattern and isinstance(value, str):
        yield value


def _run_script(script: str, argument: str, root: Path) -> Any:
    command = [sys.executable, "-c", script, argument]
    return json.loads(subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=True, timeout=300).stdout)


def list_expressions(
    trees: dict[str, ast.Module], compiled: list[tuple[str, int, str, int]], root: Path
) -> Iterator[Expression]:
    """trees: the sources by their paths below `root`. compiled: as returned by the function of that name."""
    uses = _methods_by_name(trees)
    by_line: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for path, line, pattern, flags in compiled:
        by_line.setdefault((path, line), []).append((pattern, flags))
    for path, tree in trees.items():
        for call, name, inside in _pattern_calls(tree):
            known = [
                entry
                for line in range(call.lineno, (call.end_lineno or call.lineno) + 1)
                for entry in by_line.get((str((root / path).resolve()), line), ())
            ]
            if inside and not _is_constant(call):
                yield Expression(path, call.lineno, name, None)
            yield from _expressions_of_call(path, call, name, known, uses.get((path, name), frozenset(("?",))))


def _expressions_of_call(
    path: str, call: ast.Call, name: str, known: list[tuple[str, int]], uses: frozenset[str]
) -> Iterator[Expression]:
    function = call.func.attr if isinstance(call.func, ast.Attribute) else "compile"
    if function != "compile":
        uses = frozenset((function,))
    anywhere, whole = not uses <= {"match", "fullmatch"}, uses == {"fullmatch"}
    if not known:
        pattern = call.args[0] if call.args else None
        text = pattern.value if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str) else None
        if isinstance(pattern, ast.Constant) and isinstance(pattern.value, bytes):
            text = pattern.value.decode("latin-1")
        known = [(text, _flags_of_call(call))] if text is not None else []
    for text, flags in dict.fromkeys(known):
        yield Expression(path, call.lineno, name, text, flags, anywhere, whole)


def _is_constant(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant)


def _flags_of_call(call: ast.Call) -> int:
    """The flags that a call names, such as re.I | re.M."""
    named = [value for value in (*call.args[1:], *(word.value for word in call.keywords)) if _is_flags(value)]
    return int(eval(ast.unparse(named[0]), {"re": re})) if named else 0


def _is_flags(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_flags(node.left) and _is_flags(node.right)
    return (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "re" and node.attr.isupper()
    )


def _pattern_calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str, bool]]:
    """Each call of LATE or a function of `re`, the name that its result gets ("" if none), and whether a function has it."""
    assigned = {
        id(node.value): target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id.lstrip("_").isupper()
    }
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, ast.Call) and _is_of_re(node.func):
            yield node, assigned.get(id(node), ""), inside
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        waiting += [(child, inside) for child in ast.iter_child_nodes(node)]


def _is_of_re(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == LATE
    is_attribute = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)
    return is_attribute and function.value.id == "re" and function.attr in FUNCTIONS  # type: ignore[attr-defined]


def _methods_by_name(trees: dict[str, ast.Module]) -> dict[tuple[str, str], frozenset[str]]:
    """The methods that are called on each name in capitals of a module, and "?" if it is used in another way.

    `match` with a position counts as a search, because a loop may try each place.
    """
    found: dict[tuple[str, str], set[str]] = {}
    for path, tree in trees.items():
        imported = _imported_paths(tree)
        called: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                called.add(id(node.func.value))
                method = "search" if len(node.args) > 1 else node.func.attr
                name = node.func.value.id
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called:
                method, name = "?", node.id
            else:
                continue
            found.setdefault((imported.get(name, path), name), set()).add(method)
    return {key: frozenset(methods) for key, methods in found.items() if key[1].lstrip("_").isupper()}


def _imported_paths(tree: ast.Module) -> dict[str, str]:
    """The paths of the modules from which names are imported."""
    return {
        name.name: f"src/{(node.module or '').replace('.', '/')}.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
