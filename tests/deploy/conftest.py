"""A copy of the repository to install from, and an environment in which pip needs no network."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest
from tests.deploy.composite_action import clean_environment
from tools.checks.files import ROOT, tracked


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a runner has after it has downloaded the action: the files that git tracks or would add."""
    folder = tmp_path_factory.mktemp("checkout")
    for path in tracked(ROOT):
        if not path.is_relative_to(ROOT / "tests"):
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    return folder


@pytest.fixture
def offline(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """`python3` is the Python of the tests. pip may use only the packages that are installed for them."""
    programs = tmp_path_factory.mktemp("bin")
    (programs / "python3").symlink_to(Path(sys.executable).resolve())
    return clean_environment(
        PATH=f"{programs}:{os.environ['PATH']}",
        PYTHONPATH=sysconfig.get_path("purelib"),
        PIP_NO_INDEX="1",
        PIP_NO_BUILD_ISOLATION="0",
        no_proxy="localhost",
    )
