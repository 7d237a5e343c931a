"""Checks that no file contains the host of a package registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

HOSTS = tuple(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org")))


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for path in paths:
        text = path.read_bytes().decode("utf-8", errors="ignore")
        for host in HOSTS:
            if host in text:
                yield f"{path.relative_to(root)}: names the registry host {host}; write package names only"
