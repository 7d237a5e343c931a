"""Checks that the pages in docs/rules and docs/reference match the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sickbay.doctor import rule_docs
from tools import reference

DOCS = Path("docs")


def folders() -> dict[str, dict[str, str]]:
    """Maps each generated folder below docs to its files."""
    return {"rules": rule_docs.pages(), "reference": reference.pages()}


def faults(paths: list[Path], root: Path) -> Iterator[str]:
    for folder, expected in folders().items():
        existing = {path.name: path.read_text(encoding="utf-8") for path in (root / DOCS / folder).glob("*.*")}
        for name in sorted(expected.keys() | existing.keys()):
            if expected.get(name) != existing.get(name):
                yield f"docs/{folder}/{name}: differs from the code; run make docs"


def write(root: Path) -> None:
    for name, texts in folders().items():
        folder = root / DOCS / name
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.*"):
            path.unlink()
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")
