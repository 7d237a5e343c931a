"""Checks that docs/reference and the list of rules in docs/rules match the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.reference import rules

from tools import reference

DOCS = Path("docs")


def generate_folders() -> dict[str, dict[str, str]]:
    """Maps each generated folder below docs to its files."""
    return {"rules": {"README.md": rules.make_page()}, "reference": reference.make_pages()}


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for folder, expected in generate_folders().items():
        existing = {path.name: path.read_text(encoding="utf-8") for path in (root / DOCS / folder).glob("*.*")}
        for name in sorted(expected.keys() | existing.keys()):
            if expected.get(name) != existing.get(name):
                yield f"docs/{folder}/{name}: differs from the code; run make docs"


def write(root: Path) -> None:
    for name, texts in generate_folders().items():
        folder = root / DOCS / name
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.*"):
            path.unlink()
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")
