"""Reads the steps of migrations from a file of SQL."""

from __future__ import annotations

from pathlib import Path


def read_steps(file: Path) -> tuple[str, ...]:
    """Return the SQL of each step, which begins after a line such as `-- Step 1: the first schema`."""
    sections = file.read_text(encoding="utf-8").split("\n-- Step ")[1:]
    return tuple(section.partition("\n")[2] for section in sections)
