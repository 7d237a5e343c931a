"""A worker reports each result, each failure, and each fixture that took long."""

from __future__ import annotations

from typing import Literal

import pytest
from tests.laws import for_each
from tests.reports import SHOWN_SECONDS, is_shown

Phase = Literal["setup", "call", "teardown"]
Outcome = Literal["passed", "failed", "skipped"]


@for_each(
    "phase, outcome, seconds, shown",
    [
        ("setup", "passed", 0.0, False),
        ("call", "passed", 0.0, True),
        ("teardown", "passed", 0.0, False),
        ("setup", "failed", 0.0, True),
        ("setup", "skipped", 0.0, True),
        ("call", "failed", 0.0, True),
        ("call", "skipped", 0.0, True),
        ("teardown", "failed", 0.0, True),
        ("setup", "passed", SHOWN_SECONDS, True),
        ("teardown", "passed", SHOWN_SECONDS, True),
    ],
)
def test_only_a_quick_success_of_fixtures_is_left_out(phase: Phase, outcome: Outcome, seconds: float, shown: bool) -> None:
    report = pytest.TestReport("test", ("file", 1, "test"), {}, outcome, None, phase, duration=seconds)
    assert is_shown(report) == shown
