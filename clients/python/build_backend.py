"""The build backend of pytest-sickbay: flit, with the modules of src/sickbay/testing as the package `pytest_sickbay`.

Both distributions have the same code, and it is in the repository once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flit_core import buildapi

__all__ = ("build_sdist", "build_wheel")

REPOSITORY = Path("../..")
PACKAGE = Path("src/pytest_sickbay")
LEFT_OUT = ("plugin.py", "__pycache__")
"""plugin.py is the plugin of the distribution `sickbay`."""


def build_wheel(wheel_directory: str, *arguments: Any, **options: Any) -> str:
    """Builds the wheel in the current folder, as PEP 517 says."""
    with _sources():
        return str(buildapi.build_wheel(wheel_directory, *arguments, **options))


def build_sdist(sdist_directory: str, *arguments: Any, **options: Any) -> str:
    """Builds the source distribution in the current folder, as PEP 517 says."""
    with _sources():
        return str(buildapi.build_sdist(sdist_directory, *arguments, **options))


@contextmanager
def _sources() -> Iterator[None]:
    """Copies the modules for the duration of a build. A source distribution contains them already."""
    if Path("PKG-INFO").is_file():
        yield
        return
    shutil.rmtree(PACKAGE.parent, ignore_errors=True)
    shutil.copytree(REPOSITORY / "src" / "sickbay" / "testing", PACKAGE, ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copyfile(REPOSITORY / "src" / "sickbay" / "py.typed", PACKAGE / "py.typed")
    try:
        yield
    finally:
        shutil.rmtree(PACKAGE.parent)
