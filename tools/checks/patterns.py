"""Checks that no regular expression takes time that grows faster than the text: anyone can paste or send the text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.checks.files import SOURCES, parse_python, read_list
from tools.patterns import cost, sources
from tools.patterns.sources import Expression

ALLOWED = "allowed_patterns.txt"
"""Exceptions: a kind, a path, a name, two spaces, and the reason. The kinds are `built` (from parts, while the program runs),
`matched` (used only for `fullmatch`, although not by its name), and `slow` (for a text that is short or not foreign).
"""


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    if not (root / SOURCES).is_dir():
        return
    allowed = read_list(root, ALLOWED)
    used: set[str] = set()
    trees = {path.relative_to(root).as_posix(): tree for path, tree in parse_python(paths, root, SOURCES)}
    in_code = sources.list_expressions(trees, sources.list_compiled("sickbay", root), root)
    for expression in (*in_code, *sources.list_knowledge(root)):
        yield from _problems_of_expression(expression, allowed, used)
    for exception in allowed.keys() - used:
        yield f"tools/checks/{ALLOWED}: nothing needs the exception `{exception}`"


def _problems_of_expression(expression: Expression, allowed: dict[str, str], used: set[str]) -> Iterator[str]:
    place = f"{expression.path}:{expression.line}"
    built, matched, slow = (f"{kind} {expression.path} {expression.name}".strip() for kind in ("built", "matched", "slow"))
    if expression.pattern is None:
        used.add(built)
        if built not in allowed:
            yield f"{place}: write the regular expression as a constant of the module, so that its time can be checked"
        return
    if matched in allowed:
        used.add(matched)
    anywhere, whole = (False, True) if matched in allowed else (expression.anywhere, expression.whole)
    found = cost.find_problems(expression.pattern, expression.flags, anywhere=anywhere, whole=whole)
    if found and slow in allowed:
        used.add(slow)
        return
    for fault in found:
        yield f"{place}: the time of this regular expression grows faster than the text: {fault}"
