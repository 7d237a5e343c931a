"""The session cookie is found among any others, without reading them."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from tests.abuse.counted_steps import counting

from sickbay.web import cookies


def _request(*lines: bytes) -> Request:
    return Request({"type": "http", "headers": [(b"host", b"x"), *[(b"cookie", line) for line in lines]]})


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ((), None),
        ((b"sickbay_a=1",), "1"),
        ((b"other=2; sickbay_a=1; sickbay_ab=3",), "1"),
        ((b"sickbay_a=1; sickbay_a=2",), "2"),
        ((b"other=2", b"sickbay_a=1"), "1"),
        ((b"xsickbay_a=1; sickbay_ab=3; other=sickbay_a=4",), None),
        ((b"sickbay_a=",), ""),
    ],
)
def test_the_last_cookie_with_the_name_is_read(lines: tuple[bytes, ...], value: str | None) -> None:
    request = _request(*lines)
    assert cookies.read_cookie(request, "sickbay_a") == value
    assert cookies.read_cookie(request, "sickbay_a") == request.cookies.get("sickbay_a")


def test_thousands_of_other_cookies_take_no_steps() -> None:
    lines = b"; ".join(b"c%d=1" % number for number in range(5_000)) + b"; sickbay_a=1"
    with counting() as steps:
        assert cookies.read_cookie(_request(lines), "sickbay_a") == "1"
    assert steps.count < 30
