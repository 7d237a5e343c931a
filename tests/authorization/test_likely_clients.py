"""Apps that registered themselves several times are recognised by their names and redirect URIs."""

from __future__ import annotations

import pytest

from sickbay.authorization.likely_clients import count_twins
from sickbay.authorization.models import Client

APP = Client("a", name="Agent", redirect_uris=("http://localhost:4711/callback", "com.example:/cb"), registration_hash="h")


@pytest.mark.parametrize(
    ("other", "twins"),
    [
        (
            Client(
                "b", name="Agent", redirect_uris=("http://127.0.0.1:8080/callback", "com.example:/cb"), registration_hash="h"
            ),
            1,
        ),
        (Client("b", name="Agent", redirect_uris=APP.redirect_uris), 0),
        (Client("b", name="Other", redirect_uris=APP.redirect_uris, registration_hash="h"), 0),
        (Client("b", name="Agent", redirect_uris=("http://localhost:4711/other", "com.example:/cb"), registration_hash="h"), 0),
        (Client("b", name="Agent", redirect_uris=("https://app.example/callback",), registration_hash="h"), 0),
    ],
    ids=["another port", "registered by an operator", "another name", "another path", "another host"],
)
def test_a_twin_registered_itself_with_the_same_name_and_redirect_uris_except_for_loopback_ports(
    other: Client, twins: int
) -> None:
    assert count_twins(APP, [other]) == twins
