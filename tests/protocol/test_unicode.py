"""Which bytes are text, and which JSON is accepted."""

from __future__ import annotations

import html
import json
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol import unicode


@pytest.mark.parametrize(
    "sent", [b"%ed%a0%80", b"%c0%af", b"%ff", b"a%00", b"\xff", b"a\x00b", b"%f4%90%80%80", b"%41%ff", b"\xff%41"]
)
def test_invalid_utf_8_and_nul_are_not_text(sent: bytes) -> None:
    assert not unicode.is_encoded_text(sent)


@pytest.mark.parametrize(
    "sent", [b"", b"a=b&c=%20", b"%C2%B2", "²".encode(), b"%", b"%zz", b"%F0%9F%98%80", b"%ef%bf%be", b"%0d%0a"]
)
def test_valid_utf_8_is_text(sent: bytes) -> None:
    assert unicode.is_encoded_text(sent)


@given(st.binary())
def test_bytes_are_text_if_python_reads_them_strictly(sent: bytes) -> None:
    try:
        expected = "\0" not in sent.decode()
    except UnicodeDecodeError:
        expected = False
    assert unicode.is_text(sent) is expected
    assert unicode.is_encoded_text(quote_from_bytes(sent).encode()) is expected


@given(
    st.lists(
        st.sampled_from([b"a", b"%", b"%4", b"%41", b"%00", b"%c2", b"%B2", b"%b", b"\0", b"\xc2", b"\xb2", b"%25", b"00"])
    )
)
def test_an_encoded_text_is_text_before_and_after_decoding(pieces: list[bytes]) -> None:
    sent = b"".join(pieces)
    assert unicode.is_encoded_text(sent) is (unicode.is_text(sent) and unicode.is_text(unquote_to_bytes(sent)))


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
    with pytest.raises(ValueError, match=r"BOM|UTF-8|Expecting"):
        unicode.loads('{"a": 5}'.encode(encoding))


def test_bytes_that_are_not_utf_8_are_named() -> None:
    with pytest.raises(ValueError, match="it isn't UTF-8"):
        unicode.loads(b'"M\xfcller"')


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("1" * 18, 111111111111111111),
        ("1795787391000000000", unicode.LARGEST),
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
    assert unicode.without_html_escapes(text) == plain


@given(st.lists(st.sampled_from(["&#", "x", "0" * 9, "1", "41", "110000", "F" * 9, "9" * 9, ";", "&lt", "&"])).map("".join))
def test_html_escapes_mean_the_same_as_in_python(text: str) -> None:
    assert unicode.without_html_escapes(text) == html.unescape(text)
