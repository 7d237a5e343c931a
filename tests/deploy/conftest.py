"""A copy of the repository and a wheel to install from, and an environment in which pip needs no network."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import pytest
from tests.deploy.composite_action import clean_environment
from tests.once import once
from tests.source_copies import link_sources

from tools.release import packages

QUICK_PYTHON = """#!/bin/sh
case "$*" in "-m venv "*) exec {python} "$@" --without-pip ;; esac
exec {python} "$@"
"""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a runner has after it has downloaded the action: the files that git tracks or would add."""
    return link_sources(tmp_path_factory)


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a wheel, for tests in which it doesn't matter what pip installs, because building one takes seconds."""
    (wheel,) = once(tmp_path_factory, "wheel", lambda folder: packages.build_wheel(checkout, folder, 0)).iterdir()
    return str(wheel)


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


@pytest.fixture
def quick(offline: dict[str, str]) -> dict[str, str]:
    """The same, but no environment gets its own pip, and pip compiles nothing. Both take as long as the rest of a test."""
    python3 = Path(offline["PATH"].partition(":")[0]) / "python3"
    python = python3.resolve()
    python3.unlink()
    python3.write_text(QUICK_PYTHON.format(python=python))
    python3.chmod(0o755)
    return offline | {"PIP_NO_COMPILE": "0"}
