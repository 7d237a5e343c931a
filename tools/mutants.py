"""Mutation testing of authorization/: is there a test that fails for every small change of what decides?

mutmut leaves decorated functions alone, and nearly every decision is one: `@check(…)`. So it is given a copy of the
sources, below build/mutants, in which `@check(…) def name` stands as `def name` with `name = check(…)(name)` behind it.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parent.parent
THERE = ROOT / "build" / "mutants"
PACKAGE = Path("src/sickbay/authorization")
DOCUMENT = ROOT / "docs" / "mutants.md"
LEAST = 0.9
FEW = "sickbay.authorization.revocation.*"
"""What mutmut judges by itself, after it has made all mutants and noted which tests meet which function."""
SELECTION = ("tests/authorization", "tests/protocol", "tests/diagnosis/test_catalogue.py")
CHILDREN = os.environ.get("MUTANTS", "2")
"""How many are tried at a time."""
STATUS = {0: "survived", 36: "timeout", 1: "killed", 3: "killed", 5: "no tests", 33: "no tests"}
"""By mutmut's exit code; anything else ran out of time, or crashed, which is counted apart."""


def undecorated(source: str) -> str:
    """Each check's decorator moved behind its function; a cache, which would remember what was before, left out."""
    lines = source.splitlines(keepends=True)
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            (decorator,) = node.decorator_list
            text = ast.get_source_segment(source, decorator) or ""
            if not text.startswith("lru_cache"):
                lines.insert(node.end_lineno or node.lineno, f"\n\n{node.name} = {text}({node.name})\n")
            del lines[decorator.lineno - 1 : node.lineno - 1]
    return "".join(lines)


def prepare() -> None:
    """The copy, anew; what mutmut remembers of the last run stays."""
    THERE.mkdir(parents=True, exist_ok=True)
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, THERE / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    # mutmut brings sources up to date by itself, but nothing beside them
    beside = shutil.ignore_patterns("__pycache__", "*.py")
    shutil.copytree(ROOT / "src", THERE / "mutants" / "src", dirs_exist_ok=True, ignore=beside)
    shutil.copy(ROOT / "pyproject.toml", THERE)
    for path in (THERE / PACKAGE).rglob("*.py"):
        path.write_text(undecorated(path.read_text(encoding="utf-8")), encoding="utf-8")


def forget() -> None:
    """What survived is tried again: there may be a test for it now."""
    for meta in THERE.rglob("*.meta"):
        found = json.loads(meta.read_text(encoding="utf-8"))
        found["exit_code_by_key"] = {
            name: code if STATUS.get(code) == "killed" else None for name, code in found["exit_code_by_key"].items()
        }
        meta.write_text(json.dumps(found), encoding="utf-8")


def outcomes() -> dict[str, str]:
    """Each mutant's name and what became of it."""
    found: dict[str, str] = {}
    for meta in sorted((THERE / "mutants" / PACKAGE).rglob("*.meta")):
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        found |= {name: STATUS.get(code, "timeout") for name, code in codes.items()}
    return found


def changes(names: list[str]) -> Iterator[str]:
    """Of each mutant one line: its function, and what was changed into what."""
    for name in names:
        module, _, function = name.rpartition(".")
        plain = function.rpartition("__mutmut_")[0]
        bodies = _bodies(module)
        was, now = bodies[f"{plain}__mutmut_orig"], bodies[function]
        place = f"{module.removeprefix('sickbay.authorization.')}.{plain.removeprefix('x_')}"
        yield f"{place}: {' -> '.join(_apart(was, now))}"


@cache
def _bodies(module: str) -> dict[str, str]:
    """The text of every function of a mutated module, on one line, without its name."""
    path = THERE / "mutants" / "src" / Path(*module.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    found = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    functions = [node for node in found if isinstance(node, ast.FunctionDef)]
    return {one.name: " ".join(ast.unparse(one).partition("(")[2].split()) for one in functions}


def _apart(was: str, now: str) -> tuple[str, str]:
    """The differing parts, with enough around them to be found."""
    start = _alike(was, now)
    rest = (was[start:], now[start:])
    end = _alike(rest[0][::-1], rest[1][::-1])
    before = was[max(0, start - 24) : start]
    parts = [before + one[: len(one) - end] + one[len(one) - end :][:12] for one in rest]
    return parts[0], parts[1]


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def main() -> int:
    prepare()
    forget()
    shared = {"SICKBAY_SHARED": os.environ.get("SICKBAY_SHARED") or str(ROOT.parent / "shared")}
    for command, folder in (
        ([sys.executable, "-m", "mutmut", "run", "--max-children", CHILDREN, FEW], THERE),
        ([sys.executable, str(ROOT / "tools" / "judging.py"), *SELECTION], THERE / "mutants"),
    ):
        subprocess.run(command, cwd=folder, env=os.environ | shared, check=True)
    found = outcomes()
    tally = Counter(found.values())
    survivors = sorted(changes([name for name, outcome in found.items() if outcome in ("survived", "no tests")]))
    (THERE / "survivors.txt").write_text("\n".join(survivors) + "\n", encoding="utf-8")
    listed = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.is_file() else ""
    for one in (line for line in survivors if f"`{line}`" not in listed):
        print(f"lives, and docs/mutants.md does not say why: {one}")
    judged = sum(tally.values()) - tally["timeout"]
    share = tally["killed"] / judged
    print(f"{dict(tally)}: {share:.1%} of {judged} killed, timeouts apart")
    return 0 if share >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
