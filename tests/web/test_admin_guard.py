"""Host names, origins, and requests from this machine."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.settings.settings import Settings
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.html_response import page_headers


def scope(peer: str = "127.0.0.1", method: str = "GET") -> dict[str, Any]:
    return {"client": (peer, 40000), "server": ("localhost", 7425), "method": method}


HOST = {"host": "localhost:7425"}


def test_only_loopback_and_allowed_hosts_are_served() -> None:
    served = AdminGuard(Settings(allowed_hosts=("box.example",))).hosts
    assert {"127.0.0.1", "box.example"} <= served
    assert "rebound.example" not in served


def test_requests_from_this_machine_are_the_administrators() -> None:
    assert AdminGuard(Settings()).is_administrator(scope(), HOST)
    assert not AdminGuard(Settings()).is_administrator(scope("10.0.0.7"), HOST)


def test_a_connection_without_a_known_end_is_not_the_administrators() -> None:
    for server in (None, ("127.0.0.1", 1)):
        guard, unknown = AdminGuard(Settings()), scope() | {"server": server}
        assert not guard.is_administrator(unknown, HOST)
        assert not guard.is_at_keyboard(unknown, HOST)
        assert not guard.opens_sign_in(unknown, HOST)
        assert "already closed" in guard.why_not_keyboard(unknown, HOST)


def test_the_reason_is_named_only_if_it_is_the_only_one() -> None:
    guard, unknown = AdminGuard(Settings()), scope() | {"server": None}
    assert guard.why_not_keyboard(scope(), HOST) == ""
    assert guard.why_not_keyboard(scope(), HOST | {"via": "1.1 a"}) == "This request seems to come from a proxy (via)."
    assert guard.why_not_keyboard(unknown | {"client": ("10.0.0.7", 1)}, HOST) == ""
    assert guard.why_not_keyboard(scope(), {"host": "ehr.example"}) == ""


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
def test_another_origin_or_an_untrusted_proxy_is_never_the_administrator(more: dict[str, str]) -> None:
    assert not AdminGuard(Settings(admin_token="secret")).is_administrator(scope(method="POST"), HOST | more)


def test_an_admin_token_works_from_anywhere_and_a_wrong_one_never() -> None:
    guard = AdminGuard(Settings(admin_token="secret"))
    assert guard.is_administrator(scope("10.0.0.7"), HOST | {"authorization": "Bearer secret"})
    assert not guard.is_administrator(scope(), HOST | {"authorization": "Bearer guessed"})


def test_pages_cannot_be_framed_unless_they_allow_it() -> None:
    policy = page_headers()["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy


def test_the_comparison_time_does_not_depend_on_the_length() -> None:
    """Only digests of one length are compared."""
    token = "a-token-that-somebody-chose"
    guard = AdminGuard(Settings(admin_token=token))
    assert {len(digest) for digest in guard._digests} == {32}
    assert [guard.is_right(guess) for guess in (token, token[:3], "", token * 9)] == [True, False, False, False]
    assert not AdminGuard(Settings()).is_right("")
