"""A server that is like a fresh one for each test, without the time that a start and its first patients take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.patients import create_patients

from sickbay.testing.server import Live, serving


@pytest.fixture(scope="session")
def small_server() -> Iterator[Live]:
    with serving("--ephemeral", "--patients", "20") as running:
        create_patients(running.base)
        yield running


@pytest.fixture
def fresh(small_server: Live) -> dict[str, Any]:
    """The output of `serve --json` of a server with 20 patients, where no user has consented to anything yet."""
    httpx2.post(f"{small_server.base}/admin/reset", json={"everything": True}, trust_env=False).raise_for_status()
    return small_server.line
