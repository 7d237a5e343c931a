"""Fixtures: the cases of a module, after each has met its client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.clients.client_kit import AdminClient
from tests.clients.faults.meeting import Meeting, meet


@pytest.fixture(scope="module")
def meetings(request: pytest.FixtureRequest, live: dict[str, Any], node: Path) -> dict[str, Meeting]:
    """What happened in each case of the module's CASES, by its name."""
    cases = request.module.CASES
    return dict(zip([case.name for case in cases], meet(AdminClient(live), node, cases), strict=True))
