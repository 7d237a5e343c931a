"""Mutation testing of authorization/: does a test fail for every small change of the deciding code?

mutmut skips decorated functions, and almost every decision is one: `@check(…)`. It therefore gets a copy of the sources below
build/mutants in which `@check(…) def name` is written as `def name` followed by `name = check(…)(name)`.
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
COPY = ROOT / "build" / "mutants"
PACKAGE = Path("src/sickbay/authorization")
DOCUMENT = ROOT / "tests" / "authorization" / "mutants.md"
LEAST = 0.9
JUDGED_BY_MUTMUT = "sickbay.authorization.revocation.*"
"""The mutants that mutmut judges itself, after it has made all mutants and recorded which tests run which function."""
SELECTION = ("tests/authorization", "tests/protocol", "tests/diagnosis/test_catalogue.py")
CHILDREN = os.environ.get("MUTANTS", "2")
"""Number of mutants tried at the same time."""
STATUS = {0: "survived", 36: "timeout", 1: "killed", 3: "killed", 5: "no tests", 33: "no tests"}
"""Results by mutmut's exit code. Any other code is a timeout or a crash, which is counted separately."""


def strip_decorators(source: str) -> str:
    """Move each check's decorator behind its function, and remove caches, which would return results of the original code."""
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
    """Copy the sources again. mutmut's results of the last run are kept."""
    COPY.mkdir(parents=True, exist_ok=True)
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, COPY / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    # mutmut updates Python sources itself, but no other files
    other_than_python = shutil.ignore_patterns("__pycache__", "*.py")
    shutil.copytree(ROOT / "src", COPY / "mutants" / "src", dirs_exist_ok=True, ignore=other_than_python)
    shutil.copy(ROOT / "pyproject.toml", COPY)
    for path in (COPY / PACKAGE).rglob("*.py"):
        path.write_text(strip_decorators(path.read_text(encoding="utf-8")), encoding="utf-8")


def forget() -> None:
    """Reset mutants that survived, because a new test may detect them."""
    for meta in COPY.rglob("*.meta"):
        meta_data = json.loads(meta.read_text(encoding="utf-8"))
        meta_data["exit_code_by_key"] = {
            name: code if STATUS.get(code) == "killed" else None for name, code in meta_data["exit_code_by_key"].items()
        }
        meta.write_text(json.dumps(meta_data), encoding="utf-8")


def read_outcomes() -> dict[str, str]:
    """Return each mutant's name and result."""
    results: dict[str, str] = {}
    for meta in sorted((COPY / "mutants" / PACKAGE).rglob("*.meta")):
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        results |= {name: STATUS.get(code, "timeout") for name, code in codes.items()}
    return results


def show_changes(names: list[str]) -> Iterator[str]:
    """Yield one line per mutant: its function, and what was changed."""
    for name in names:
        module, _, function = name.rpartition(".")
        plain = function.rpartition("__mutmut_")[0]
        bodies = _function_bodies(module)
        original, mutated = bodies[f"{plain}__mutmut_orig"], bodies[function]
        place = f"{module.removeprefix('sickbay.authorization.')}.{plain.removeprefix('x_')}"
        yield f"{place}: {' -> '.join(_differing_parts(original, mutated))}"


@cache
def _function_bodies(module: str) -> dict[str, str]:
    """Return the text of every function of a mutated module on one line, without its name."""
    path = COPY / "mutants" / "src" / Path(*module.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    return {function.name: " ".join(ast.unparse(function).partition("(")[2].split()) for function in functions}


def _differing_parts(was: str, now: str) -> tuple[str, str]:
    """Return the differing parts, with enough context to find them."""
    start = _common_prefix(was, now)
    remainders = (was[start:], now[start:])
    end = _common_prefix(remainders[0][::-1], remainders[1][::-1])
    before = was[max(0, start - 24) : start]
    parts = [before + part[: len(part) - end] + part[len(part) - end :][:12] for part in remainders]
    return parts[0], parts[1]


def _common_prefix(first: str, second: str) -> int:
    """Return the length of the common prefix."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def main() -> int:
    prepare()
    forget()
    shared = {"SICKBAY_SHARED": os.environ.get("SICKBAY_SHARED") or str(ROOT.parent / "shared")}
    for command, folder in (
        ([sys.executable, "-m", "mutmut", "run", "--max-children", CHILDREN, JUDGED_BY_MUTMUT], COPY),
        ([sys.executable, str(ROOT / "tools" / "judging.py"), *SELECTION], COPY / "mutants"),
    ):
        subprocess.run(command, cwd=folder, env=os.environ | shared, check=True)
    results = read_outcomes()
    tally = Counter(results.values())
    survivors = sorted(show_changes([name for name, outcome in results.items() if outcome in ("survived", "no tests")]))
    (COPY / "survivors.txt").write_text("\n".join(survivors) + "\n", encoding="utf-8")
    documented = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.is_file() else ""
    for survivor in (line for line in survivors if f"`{line}`" not in documented):
        print(f"survives, and tests/authorization/mutants.md doesn't say why: {survivor}")
    judged = sum(tally.values()) - tally["timeout"]
    share = tally["killed"] / judged
    print(f"{dict(tally)}: {share:.1%} of {judged} killed, not counting timeouts")
    return 0 if share >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
