"""Lists the files to check and parses them."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = "src/sickbay"


def list_tracked(root: Path) -> list[Path]:
    """Return every file that git tracks or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    return [root / name for name in names if (root / name).is_file()]


def parse_python(paths: list[Path], root: Path, *folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Yield the Python files below these folders, or all of them."""
    for path in paths:
        name = path.relative_to(root).as_posix()
        if path.suffix == ".py" and (not folders or name.startswith(tuple(f"{folder}/" for folder in folders))):
            yield path, parse_file(path)


@cache
def parse_file(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def read_list(root: Path, name: str) -> dict[str, str]:
    """Read a list of exceptions from tools/checks: one per line, followed by the reason."""
    path = root / "tools" / "checks" / name
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = (line.partition("  ") for line in lines if line and not line.startswith("#"))
    return {name: reason.strip() for name, _, reason in pairs}


def read_ceiling(root: Path, name: str) -> float:
    """Return the maximum of a count from tools/checks/ceilings.toml, or 0 if it isn't there."""
    path = root / "tools" / "checks" / "ceilings.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")).get(name, 0) if path.is_file() else 0
