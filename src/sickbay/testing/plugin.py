"""The pytest plugin in the distribution `sickbay`. If `pytest-sickbay` is installed, its plugin is used instead."""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("pytest_sickbay") is None:
    from .fixtures import pytest_addoption, pytest_runtest_makereport, sickbay, sickbay_server

    __all__ = ("pytest_addoption", "pytest_runtest_makereport", "sickbay", "sickbay_server")
