"""The build backend: flit, with the pages of docs/ added to the wheel, where an installed Sickbay reads them for `/docs`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flit_core import buildapi
from flit_core.buildapi import (
    build_editable,
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = (
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
)

DOCS = Path("docs")
PAGES = Path("src/sickbay/web/docs/pages")
LEFT_OUT = ("pictures",)
"""Only README.md shows the pictures, and they can't be compressed."""


def build_wheel(wheel_directory: str, *arguments: Any, **options: Any) -> str:
    """Builds the wheel in the current folder, as PEP 517 says."""
    with _pages():
        return str(buildapi.build_wheel(wheel_directory, *arguments, **options))


@contextmanager
def _pages() -> Iterator[None]:
    """Copies the pages into the package for the duration of a build. A checkout reads them from docs/."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(DOCS, PAGES, ignore=shutil.ignore_patterns(*LEFT_OUT))
    try:
        yield
    finally:
        shutil.rmtree(PAGES)
