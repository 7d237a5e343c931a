"""The functions of @sickbay/testing, used from Node without a browser."""

from __future__ import annotations

import pytest
from tests.clients.js.conftest import Run


@pytest.mark.parametrize(
    "name", ["client.test.mjs", "sent.test.mjs", "saved.test.mjs", "server.test.mjs", "cypress.test.mjs", "vite.test.mjs"]
)
def test_every_test_in_javascript_passes(script: Run, running: dict[str, str], name: str) -> None:
    done = script(name, "--test", "--test-reporter=tap", **running)
    assert "\n# fail 0" in done.stdout, done.stdout
    assert "\n# pass 0" not in done.stdout, done.stdout
