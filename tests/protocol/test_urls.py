"""Pasted URLs never raise an exception, and different URLs never count as equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol import urls


@given(st.text(max_size=60))
def test_any_text_can_be_parsed(text: str) -> None:
    for url in (text, f"http://{text}", f"http://a/{text}"):
        urls.split(url)
        urls.host_of(url)
        urls.is_loopback(url)
        urls.use_localhost(url)
        urls.normalise(url)
        assert not urls.is_encoded_twice(urls.decode_again(url))


@pytest.mark.parametrize("url", ["http://[", "http://a:b/", "http://a:99999/", " http://a/", "http://a/\t", "http://a/b c"])
def test_an_invalid_url_has_only_a_path(url: str) -> None:
    assert urls.split(url) == ("", "", url, "", "")
    assert urls.host_of(url) == ""


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:8100/a", True),
        ("http://LOCALHOST/a", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:80/", True),
        ("http://localhost.example.org/", False),
        ("http://localhost@example.org/", False),
        ("localhost:8100", False),
    ],
)
def test_loopback_names_are_recognised(url: str, loopback: bool) -> None:
    assert urls.is_loopback(url) is loopback


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:80/a?b#c", "http://localhost:80/a?b#c"),
        ("https://[::1]/a", "https://localhost/a"),
        ("http://user@127.0.0.1:80/a", "http://user@127.0.0.1:80/a"),
        ("http://example.org:80/a", "http://example.org:80/a"),
    ],
)
def test_all_loopback_names_become_localhost(url: str, expected: str) -> None:
    assert urls.use_localhost(url) == expected


@pytest.mark.parametrize(
    ("url", "normalised"),
    [
        ("HTTP://Ehr.Example.org/R4/", "http://ehr.example.org/R4"),
        ("http://ehr.example.org/r4//", "http://ehr.example.org/r4/"),
        ("http://ehr.example.org", "http://ehr.example.org"),
    ],
)
def test_only_the_case_of_the_host_and_a_final_slash_are_normalised(url: str, normalised: str) -> None:
    assert urls.normalise(url) == normalised


@pytest.mark.parametrize(
    ("text", "absolute"),
    [("https://a", True), ("my-app+x.y://a", True), ("//a", False), ("/a", False), ("1a://b", False)],
)
def test_a_url_with_a_scheme_is_absolute(text: str, absolute: bool) -> None:
    assert urls.is_absolute(text) is absolute


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  http://a/?b=c  ", "http://a/?b=c"),
        ("http://a/\n  ?b=c\r\n&d=e", "http://a/?b=c&d=e"),
        ("http://a/?scope=a b", "http://a/?scope=a%20b"),
        ("http://a/?scope=openid%0alaunch", "http://a/?scope=openid%20launch"),
        ("http://a/?scope=openid\nlaunch", "http://a/?scope=openid%20launch"),
        ("http://a/?scope=openid\n&launch=x", "http://a/?scope=openid&launch=x"),
        ("http://a/?aud=http%3A%2F%2Fb%2F\nfhir", "http://a/?aud=http%3A%2F%2Fb%2Ffhir"),
    ],
)
def test_a_paste_becomes_one_line(text: str, line: str) -> None:
    assert urls.join_lines(text) == line
    assert not urls.has_whitespace(urls.join_lines(text))


@pytest.mark.parametrize(("text", "expected"), [("a b", True), ("a%0Ab", True), ("a%0db", True), ("a%20b", False)])
def test_spaces_and_line_breaks_are_recognised(text: str, expected: bool) -> None:
    assert urls.has_whitespace(text) is expected


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("http://a/?b=c&amp;d=e", "http://a/?b=c&d=e"),
        ("http://a/?b=c&#38;d=e&#x26;f=g", "http://a/?b=c&d=e&f=g"),
        ("http://a/?amp;b=c&AMP;d=e", "http://a/?b=c&d=e"),
    ],
)
def test_html_escapes_are_recognised_and_removed(text: str, plain: str) -> None:
    assert urls.is_html_escaped(text)
    assert urls.unescape(text) == plain
    assert not urls.is_html_escaped(plain)


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("https%3A%2F%2Fa%2Fb", "https://a/b"),
        ("https%253A%252F%252Fa", "https%253A%252F%252Fa"),
        ("https://a?b=http%3A%2F%2Fc", "https://a?b=http%3A%2F%2Fc"),
    ],
)
def test_a_url_that_is_still_encoded_is_decoded_again(value: str, decoded: str) -> None:
    assert urls.decode_again(value) == decoded


@pytest.mark.parametrize("long", ["\n", " ", "%0a", " \n", "\n%0d", " ?"])
def test_a_paste_becomes_one_line_however_long_its_breaks_are(long: str) -> None:
    """A pattern that backtracks would take quadratic time here."""
    line = urls.join_lines("http://a/b?scope=x" + long * 200_000 + "y\nz")
    assert line.startswith("http://a/b?scope=x")
    assert "\n" not in line


@given(st.text(st.characters(), max_size=40))
def test_every_url_can_be_sent_in_a_header(text: str) -> None:
    sent = urls.encode_for_header(text)
    assert all("!" <= character <= "~" for character in sent)
    assert urls.encode_for_header(sent) == sent
    assert sent == text or not all("!" <= character <= "~" for character in text)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://a.example/cb?b=%C3%A9&c=d", "https://a.example/cb?b=%C3%A9&c=d"),
        ("https://a.example/cb?b=\u65e5", "https://a.example/cb?b=%E6%97%A5"),
        ("https://a.example/cb?b=\xe9 c\r\nd: e", "https://a.example/cb?b=%C3%A9%20c%0D%0Ad:%20e"),
        ("https://a.example/\ud800", "https://a.example/%3F"),
    ],
)
def test_only_what_a_header_cannot_contain_is_encoded(url: str, sent: str) -> None:
    assert urls.encode_for_header(url) == sent
