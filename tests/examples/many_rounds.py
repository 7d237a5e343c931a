"""The conftest of a suite whose tests run many times: each begins clean, and ends with a flood of refused requests.

tests/examples/test_many_rounds.py copies it next to the tests of a suite. ROUNDS: how often each test runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from sickbay.testing.sandbox_client import SandboxClient

FLOOD = 64
"""Refused requests at the same time. More than a few aren't written before they are answered."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.fixturenames.append("turn")
    metafunc.parametrize("turn", range(int(os.environ["ROUNDS"])))


@pytest.fixture(autouse=True)
def nothing_is_left(sickbay: SandboxClient) -> Iterator[None]:
    """Fails if an earlier test left anything. The flood is of this test; the reset before the next one removes it."""
    assert sickbay.exchanges() == []
    assert [app["name"] for app in sickbay.admin.get("/admin/apps") if not app["name"].startswith("Sample app")] == []
    assert {policy["tenant"] for policy in sickbay.admin.get("/admin/policies") if policy["chosen"]} == set()
    sickbay.assert_no_refusals()
    sickbay.admin.patch("/admin/policies/epic", {"token_lifetime": 77})
    yield
    authorize = sickbay.line["tenants"]["general"]["authorize"]
    with httpx2.Client(trust_env=False, timeout=60) as client, ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda number: client.get(f"{authorize}?client_id=nobody-{number}"), range(FLOOD)))
    assert {answer.status_code for answer in answers} == {400}
    if os.getpid() % 2:
        sickbay.clock.advance(40)
