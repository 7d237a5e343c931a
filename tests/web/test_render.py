"""Backticks in texts: code elements on pages, left out in titles of pages."""

from __future__ import annotations

import pytest

from sickbay.web.render import with_code, without_backticks


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`aud` is missing", "<code>aud</code> is missing"),
        ("Send `a` and `b`.", "Send <code>a</code> and <code>b</code>."),
        ("no code", "no code"),
        ("one ` alone", "one ` alone"),
        ("`<script>` & <b>", "<code>&lt;script&gt;</code> &amp; &lt;b&gt;"),
    ],
)
def test_text_in_backticks_becomes_a_code_element_and_everything_is_escaped(text: str, html: str) -> None:
    assert str(with_code(text)) == html


def test_a_page_title_has_no_backticks() -> None:
    assert without_backticks("`aud` is missing") == "aud is missing"
