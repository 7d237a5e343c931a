"""Follows the lists of CONTRIBUTING.md in a copy of the tree, with changes that copy existing code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.checks import class_names, cycles, decisions, formatting, hosts, sizes
from tools.checks.files import ROOT

Change = Callable[[str], str]
"""Takes the text of a file ("" if it doesn't exist yet), and returns its new text."""
_ITEM = re.compile(r"^\d+\. `([^`]+)`", re.M)


def list_paths(what: str) -> list[str]:
    """The paths of a numbered list in CONTRIBUTING.md, with their placeholders."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return _ITEM.findall(text.partition(f"## Add a {what}\n")[2].partition("\n## ")[0])


def commands(section: str) -> list[str]:
    """The commands in the code of a section of CONTRIBUTING.md, without their comments."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition(f"## {section}\n")[2].partition("\n## ")[0]
    return [re.sub(r"\s+# .*", "", line).strip() for line in re.findall(r"^    \S.*$", text, re.M)]


def copy(folder: Path) -> Path:
    """The copy includes compiled files, so that only the changed ones are compiled again."""
    ignored = shutil.ignore_patterns("*.egg-info", "node_modules")
    for name in ("src", "tests", "tools", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, folder)
    return folder


def follow(root: Path, what: str, names: Mapping[str, str], changes: Sequence[Change]) -> list[Path]:
    """Applies one change to each file of the list, in order. Returns the files."""
    paths = []
    for item, change in zip(list_paths(what), changes, strict=True):
        path = root / re.sub(r"<(\w+)>", lambda match: names[match[1]], item)
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        after = change(before)
        assert after != before, f"nothing to change in {path}"
        path.write_text(after, encoding="utf-8")
        paths.append(path)
    return paths


def faults(root: Path) -> list[str]:
    """The faults that the checks of src find, except checks that need git. Most look only at files that differ from ours."""
    paths = sorted((root / "src").rglob("*.py"))
    changed = [path for path in paths if not is_unchanged(path, ROOT / path.relative_to(root))]
    whole, each = (cycles, class_names), (sizes, decisions, formatting, hosts)
    found = [check.find_problems(paths, root) for check in whole] + [check.find_problems(changed, root) for check in each]
    return [fault for faults in found for fault in faults]


def is_unchanged(path: Path, original: Path) -> bool:
    return original.is_file() and path.read_bytes() == original.read_bytes()


def list_passed(root: Path, *tests: str) -> list[str]:
    """Runs these tests in the copy, and returns the names of those that passed. Raises AssertionError if one fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-rp", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    result = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return re.findall(r"^PASSED (.*)$", result.stdout, re.M)


def replacing(*pairs: tuple[str, str]) -> Change:
    def change(text: str) -> str:
        for old, new in pairs:
            assert old in text, f"{old} is not in the file any more"
            text = text.replace(old, new)
        return text

    return change


def copying(path: str, *pairs: tuple[str, str]) -> Change:
    """Creates a new file from an existing one."""
    source = (ROOT / path).read_text(encoding="utf-8")
    return lambda _: replacing(*pairs)(source)


def repeating(pattern: str, *pairs: tuple[str, str], after: bool = False) -> Change:
    """Repeats a part of the file with replacements, before or after the original."""

    def change(text: str) -> str:
        match = re.search(pattern, text, re.M | re.S)
        assert match, f"{pattern} is not in the file any more"
        new = replacing(*pairs)(match[0])
        return text[: match.start()] + (match[0] + new if after else new + match[0]) + text[match.end() :]

    return change


def both(*changes: Change) -> Change:
    def change(text: str) -> str:
        for step in changes:
            text = step(text)
        return text

    return change
