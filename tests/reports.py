"""Sends fewer reports from a test worker to the main process. A report takes both of them as long as a small test."""

from __future__ import annotations

import os

import pytest
from _pytest.runner import runtestprotocol

SHOWN_SECONDS = 0.005
"""`pytest --durations` hides what takes less."""


def is_shown(report: pytest.TestReport) -> bool:
    """A result, or a fixture that failed, was skipped or took long to set up or to remove."""
    return report.when == "call" or not report.passed or report.duration >= SHOWN_SECONDS


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Does what pytest does, except that a worker sends no report that isn't shown."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in filter(is_shown, runtestprotocol(item, log=False, nextitem=nextitem)):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
