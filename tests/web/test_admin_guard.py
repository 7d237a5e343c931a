"""Who may knock: hosts, origins, the person at the keyboard."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.settings.settings import Settings
from sickbay.web.admin_guard import AdminGuard, host_name
from sickbay.web.html_response import page_headers


def scope(peer: str = "127.0.0.1", method: str = "GET") -> dict[str, Any]:
    return {"client": (peer, 40000), "method": method}


HOST = {"host": "localhost:7425"}


@pytest.mark.parametrize(
    ("header", "name"),
    [("localhost:7425", "localhost"), ("[::1]:7425", "::1"), ("EVIL.example", "evil.example"), ("", ""), ("[", "")],
)
def test_the_name_is_taken_out_of_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


def test_a_name_that_is_not_ours_is_not_answered() -> None:
    guard = AdminGuard(Settings(allowed_hosts=("box.example",)))
    assert guard.knows("127.0.0.1:1")
    assert guard.knows("box.example")
    assert not guard.knows("rebound.example:7425")


def test_the_person_at_the_keyboard_administers() -> None:
    assert AdminGuard(Settings()).administers(scope(), HOST)
    assert not AdminGuard(Settings()).administers(scope("10.0.0.7"), HOST)


@pytest.mark.parametrize(
    "more",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:8100"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "for=10.0.0.7"},
    ],
)
def test_a_foreign_page_or_a_proxy_nobody_named_never_administers(more: dict[str, str]) -> None:
    assert not AdminGuard(Settings(admin_token="secret")).administers(scope(method="POST"), HOST | more)


def test_an_admin_token_administers_from_elsewhere_and_a_wrong_one_from_nowhere() -> None:
    guard = AdminGuard(Settings(admin_token="secret"))
    assert guard.administers(scope("10.0.0.7"), HOST | {"authorization": "Bearer secret"})
    assert not guard.administers(scope(), HOST | {"authorization": "Bearer guessed"})


def test_a_page_may_be_framed_by_nobody_unless_it_says_so() -> None:
    policy = page_headers()["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
