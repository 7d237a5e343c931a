"""Checks that the pages in docs/rules match the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sickbay.diagnosis import rule_docs

PAGES = Path("docs") / "rules"


def faults(paths: list[Path], root: Path) -> Iterator[str]:
    expected = rule_docs.pages()
    existing = {path.name: path.read_text(encoding="utf-8") for path in (root / PAGES).glob("*.md")}
    for name in sorted(expected.keys() | existing.keys()):
        if expected.get(name) != existing.get(name):
            yield f"docs/rules/{name}: differs from the catalogue; run make docs"


def write(root: Path) -> None:
    folder = root / PAGES
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        path.unlink()
    for name, text in rule_docs.pages().items():
        (folder / name).write_text(text, encoding="utf-8")
