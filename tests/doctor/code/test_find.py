"""Code is read as it was before forums and mail changed it."""

from __future__ import annotations

import pytest

from sickbay.doctor.code import requests_in

CODE = """fetch("https://auth.example.org/token", {
  method: "POST",
  body: new URLSearchParams({
    grant_type: "client_credentials",
    scope: "a & b",
  }),
});"""
(EXPECTED,) = requests_in(CODE)


@pytest.mark.parametrize(
    "mangled",
    [
        CODE.replace("\n", "\r\n"),
        CODE.replace("&", "&amp;").replace('"', "&quot;"),
        CODE.replace("_", "\\_"),
        CODE.replace('"', "“"),
        CODE.replace(" ", "\u00a0"),
        "\n".join("> " + line for line in CODE.splitlines()),
        f"```js\n{CODE}\n```",
        f"<pre><code>{CODE}</code></pre>",
    ],
)
def test_the_same_request_is_read_from_mangled_code(mangled: str) -> None:
    (request,) = requests_in(mangled)
    assert request._replace(first_line=1, last_line=7) == EXPECTED


def test_lines_are_those_of_the_paste_also_far_down_in_a_long_text() -> None:
    before = "Some words about the weather.\n" * 5_000
    (request,) = requests_in(f"{before}{CODE}\n{before}")
    assert (request.first_line, request.last_line) == (5_001, 5_007)
    assert request._replace(first_line=1, last_line=7) == EXPECTED


def test_requests_are_in_the_order_of_their_lines() -> None:
    text = f"curl https://a.example/1\n\n{CODE}\n\ncurl https://a.example/2\n"
    assert [request.first_line for request in requests_in(text)] == [1, 3, 11]
