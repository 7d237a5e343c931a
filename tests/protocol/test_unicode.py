"""Which JSON is accepted, and how HTML escapes are decoded."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from unittest.mock import Mock

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol import unicode


@pytest.mark.parametrize(
    "text",
    [
        r'"\ud800"',
        r'["\udc00\ud800"]',
        r'{"\ud800": 1}',
        r'"\u0000"',
        "NaN",
        "-Infinity",
        "[" * 100_000,
        "{",
        '{"a": ["\\ud800"]}',
    ],
)
def test_json_that_cannot_be_stored_or_sent_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        unicode.loads(text)


def test_other_json_is_read() -> None:
    assert unicode.loads(r'{"a": ["\ud83d\ude00", 1, 1.5, null, true, "²"]}') == {"a": ["\U0001f600", 1, 1.5, None, True, "²"]}
    assert unicode.loads(b"5") == 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab\u00fc", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
)


@given(JSON)
def test_json_whose_members_differ_is_read_alike_with_and_without_the_check(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert unicode.loads(text, unique=True) == unicode.loads(text.encode(), unique=True) == unicode.loads(text) == value


@given(st.dictionaries(st.text("ab", max_size=2), JSON, min_size=1, max_size=3), st.integers(0, 2))
def test_a_member_that_is_there_twice_is_refused_at_any_depth(members: dict[str, Any], depth: int) -> None:
    name = next(iter(members))
    text = json.dumps(members)[:-1] + f", {json.dumps(name)}: 0}}"
    text = '[{"c": ' * depth + text + "}]" * depth
    assert unicode.loads(text) is not None
    with pytest.raises(ValueError, match="twice in one object"):
        unicode.loads(text, unique=True)


def test_an_escaped_name_is_the_same_name() -> None:
    with pytest.raises(ValueError, match="the member 'kty' twice"):
        unicode.loads(r'{"kty": 1, "\u006bty": 2}', unique=True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_only_utf_8_without_a_byte_order_mark_is_json(encoding: str) -> None:
    with pytest.raises(ValueError, match=r"byte order mark|UTF-8|value is expected|name in double quotes"):
        unicode.loads('{"a": 5}'.encode(encoding))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" \n", "it is empty"),
        ('{"keys": [', "it ends too early (line 1, column 11)"),
        ('{"a": x}', "a JSON value is expected (line 1, column 7)"),
        ("{a: 1}", "a member's name in double quotes is missing (line 1, column 2)"),
        ('{"a" 1}', "a colon is missing (line 1, column 6)"),
        ('[\n1 "a"]', "a comma is missing (line 2, column 3)"),
        ('{"a": 1,}', "the comma before the closing bracket is too much (line 1, column 8)"),
        ("[1,]", "the comma before the closing bracket is too much (line 1, column 3)"),
        ("[1,\n]", "the comma before the closing bracket is too much (line 1, column 3)"),
        ("[,]", "a JSON value is expected (line 1, column 2)"),
        ("[1,,]", "a JSON value is expected (line 1, column 4)"),
        ("[1,}", "a JSON value is expected (line 1, column 4)"),
        ('{"a":]', "a JSON value is expected (line 1, column 6)"),
        ("{,}", "a member's name in double quotes is missing (line 1, column 2)"),
        ("{} {}", "more text follows the end of the value (line 1, column 4)"),
        ('["a]', "a string has no closing quotation mark (line 1, column 2)"),
        ('["a\nb"]', "a string has a line break or another control character (line 1, column 4)"),
        (r'["\d"]', "a string has a backslash that begins no escape (line 1, column 3)"),
        (r'["\u12"]', "a string has a backslash that begins no escape (line 1, column 4)"),
    ],
)
def test_a_syntax_error_is_explained_in_words(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        unicode.loads(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b'{"a": [1, -2.5e9, "\xc3\xbc"]}', ""),
        (b"[" + b"1" * 50_000 + b"]", ""),
        (b"", "it is empty"),
        (b'{"a": 1', "it ends too early (line 1, column 8)"),
        (b"[NaN]", "NaN isn't a JSON number"),
        ("[" * 100_000, "it is nested too deep"),
    ],
)
def test_the_syntax_of_json_is_checked_without_its_values(text: str | bytes, problem: str) -> None:
    assert unicode.find_syntax_error(text) == problem


@pytest.mark.parametrize(
    ("message", "position"),
    [("Expecting property name enclosed in double quotes", 10), ("Illegal trailing comma before end of object", 7)],
)
def test_a_trailing_comma_is_named_whichever_way_a_version_of_python_reports_it(
    message: str, position: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '{"a": 1,\n\t}'
    monkeypatch.setattr(json, "loads", Mock(side_effect=json.JSONDecodeError(message, text, position)))
    with pytest.raises(ValueError, match=r"^the comma before the closing bracket is too much \(line 1, column 8\)$"):
        unicode.loads(text)


def test_bytes_that_are_not_utf_8_are_named() -> None:
    with pytest.raises(ValueError, match="it isn't UTF-8"):
        unicode.loads(b'"M\xfcller"')


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("1" * 18, 111111111111111111),
        ("1795787391000000000", 1795787391e9),
        ("-" + "1" * 18, -111111111111111111.0),
        ("1e400", unicode.LARGEST),
        ("-1e400", -unicode.LARGEST),
        ("9" * 5000, unicode.LARGEST),
        ("1e300", unicode.LARGEST),
        ("-" + "9" * 400, -unicode.LARGEST),
        ("1.5", 1.5),
        ("-1e-400", 0.0),
        ("9" * 19, unicode.LARGEST),
    ],
)
def test_a_number_is_limited_to_the_range_that_every_json_writer_supports(sent: str, read: float) -> None:
    number = unicode.loads(f"[{sent}]")[0]
    assert number == read
    assert type(number) is type(read)
    assert orjson.loads(orjson.dumps(number)) == read


@given(st.text())
def test_text_without_surrogates_and_nul_is_writable(text: str) -> None:
    assert unicode.is_writable(text) is ("\0" not in text)
    assert unicode.is_writable([{"a": text}]) is ("\0" not in text)
    assert not unicode.is_writable(text + "\udfff")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a &lt;b&gt; &#233;&#xE9;", "a <b> éé"),
        ("&#1114109;&#x10FFFD;", "\U0010fffd" * 2),
        ("&#00065;", "A"),
        ("&#" + "9" * 5000 + ";b", "\ufffdb"),
        ("&#x" + "F" * 5000, "\ufffd"),
        ("&#0000000065;&#x00000041;b", "AAb"),
        ("&#" + "0" * 5000 + "65;", "A"),
        ("&#" + "0" * 5000, "\ufffd"),
    ],
)
def test_html_escapes_are_decoded_whatever_their_number(text: str, plain: str) -> None:
    assert unicode.decode_html_escapes(text) == plain


@given(st.lists(st.sampled_from(["&#", "x", "0" * 9, "1", "41", "110000", "F" * 9, "9" * 9, ";", "&lt", "&"])).map("".join))
def test_html_escapes_mean_the_same_as_in_python(text: str) -> None:
    assert unicode.decode_html_escapes(text) == html.unescape(text)
