"""Requests of scripts are recognised by the headers that browsers add."""

from __future__ import annotations

import pytest

from sickbay.protocol import fetch_metadata

SITE = {"sec-fetch-site": "cross-site"}


@pytest.mark.parametrize(
    ("sent", "fetched"),
    [
        ({}, False),
        ({"sec-fetch-mode": "navigate", **SITE}, False),
        ({"sec-fetch-mode": "cors", **SITE}, True),
        ({"sec-fetch-mode": "no-cors", **SITE}, True),
        ({"sec-fetch-mode": "same-origin", **SITE}, True),
        ({"sec-fetch-mode": "cors"}, False),
        ({"x-requested-with": "XMLHttpRequest"}, True),
        ({"x-requested-with": "com.example.app"}, False),
    ],
)
def test_requests_of_scripts_are_recognised(sent: dict[str, str], fetched: bool) -> None:
    assert fetch_metadata.is_fetched(sent) is fetched
