"""Writes small folders for the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

Check = Callable[[list[Path], Path], Iterator[str]]


def write(root: Path, files: Mapping[str, str]) -> list[Path]:
    paths = [root / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return paths


def faults(check: Check, root: Path, files: Mapping[str, str]) -> list[str]:
    return [*check(write(root, files), root)]
