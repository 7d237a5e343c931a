"""Copies of the tree, as a fresh clone has it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.once import once
from tools.checks.files import ROOT, list_tracked


def copy_sources(folder: Path, mode: int, *parts: str) -> Path:
    """A copy of the files that git tracks or would add, as a user with this umask has them. parts: paths; by default all."""
    for path in list_tracked(ROOT):
        if not parts or any(path.is_relative_to(ROOT / part) for part in parts):
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            copy.chmod(mode)
    return folder


def link_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files of one copy, because to create thousands of files takes each worker seconds.

    A test may add files, as a build does, but must not write to one of these.
    """
    shared = once(tmp_path_factory, "sources", lambda folder: copy_sources(folder, 0o644))
    return shutil.copytree(shared, tmp_path_factory.mktemp("linked") / "sources", copy_function=os.link)
