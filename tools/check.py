"""What no linter knows: no registry is named by its host, nothing grows too large, what is generated is fresh."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sickbay.diagnosis import handbook

ROOT = Path(__file__).parent.parent
HOSTS = tuple(
    ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org"))
)
FILE_LINES, FUNCTION_LINES = 400, 60
GENERATED = ROOT / "docs" / "rules"


def tracked() -> list[Path]:
    """Every text file that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def hosts(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        text = path.read_bytes().decode("utf-8", errors="ignore")
        for host in HOSTS:
            if host in text:
                yield f"{path.relative_to(ROOT)}: names the registry host {host}; write package names only"


def sizes(paths: list[Path]) -> Iterator[str]:
    for path in (one for one in paths if one.suffix == ".py"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > FILE_LINES:
            yield f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines, more than {FILE_LINES}"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > FUNCTION_LINES:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has {size} lines, more than {FUNCTION_LINES}"


def stale() -> Iterator[str]:
    """The pages of docs/rules that differ from what the catalogue says now."""
    fresh = handbook.pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in GENERATED.glob("*.md")}
    for name in sorted(fresh.keys() | there.keys()):
        if fresh.get(name) != there.get(name):
            yield f"docs/rules/{name}: not what the catalogue says; run make docs"


def write() -> None:
    GENERATED.mkdir(parents=True, exist_ok=True)
    for path in GENERATED.glob("*.md"):
        path.unlink()
    for name, text in handbook.pages().items():
        (GENERATED / name).write_text(text, encoding="utf-8")


def main() -> int:
    if "--write" in sys.argv:
        write()
    paths = tracked()
    faults = [*hosts(paths), *sizes(paths), *stale()]
    print("\n".join(faults) or "hosts, sizes and generated pages: in order")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
