"""The first byte of a request that isn't text is found, and the intended character is guessed."""

from __future__ import annotations

from urllib.parse import quote_from_bytes, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol.unicode import BadByte, find_bad_byte


def is_text(sent: bytes) -> bool:
    try:
        return "\0" not in sent.decode()
    except UnicodeDecodeError:
        return False


@pytest.mark.parametrize(
    "sent", [b"", b"a=b&c=%20", b"%C2%B2", "²".encode(), b"%", b"%zz", b"%F0%9F%98%80", b"%ef%bf%be", b"%0d%0a"]
)
def test_valid_utf_8_has_no_bad_byte(sent: bytes) -> None:
    assert find_bad_byte(sent, encoded=True) is None


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"name=Andr%E9", BadByte(9, 0xE9, True, "é")),
        (b"name=Andr%e9%20x", BadByte(9, 0xE9, True, "é")),
        (b"name=%C3%A9&x=Andr\xe9", BadByte(18, 0xE9, False, "é")),
        (b"%C3%A9%41%92s", BadByte(9, 0x92, True, "’")),
        (b"a%00", BadByte(1, 0, True, "")),
        (b"a\x00%FF", BadByte(1, 0, False, "")),
        (b"\x00\xff", BadByte(0, 0, False, "")),
        (b"\xe9\x00", BadByte(0, 0xE9, False, "é")),
        (b"%ED%A0%80", BadByte(0, 0xED, True, "")),
        (b"%C0%AF", BadByte(0, 0xC0, True, "")),
        (b"\xff%41", BadByte(0, 0xFF, False, "ÿ")),
        (b"%f4%90%80%80", BadByte(0, 0xF4, True, "")),
        (b"Andr%C3", BadByte(4, 0xC3, True, "")),
        (b"%81", BadByte(0, 0x81, True, "")),
        ("é%A9".encode(), BadByte(2, 0xA9, True, "©")),
    ],
)
def test_the_first_bad_byte_is_found_with_what_it_likely_means(sent: bytes, expected: BadByte) -> None:
    assert find_bad_byte(sent, encoded=True) == expected


def test_unencoded_bytes_are_not_percent_decoded() -> None:
    assert find_bad_byte(b'{"a": "%FF"}', encoded=False) is None
    assert find_bad_byte(b'{"a": "\xe9"}', encoded=False) == BadByte(7, 0xE9, False, "é")


@given(st.lists(st.one_of(st.binary(max_size=3), st.binary(max_size=3).map(lambda raw: quote_from_bytes(raw).encode()))))
def test_a_bad_byte_is_found_exactly_if_python_does_not_read_it_strictly(pieces: list[bytes]) -> None:
    sent = b"".join(pieces)
    bad = find_bad_byte(sent, encoded=True)
    assert (bad is None) is (is_text(sent) and is_text(unquote_to_bytes(sent)))
    assert (find_bad_byte(sent, encoded=False) is None) is is_text(sent)
    if bad is not None:
        found_bytes = sent[bad.at : bad.at + 3] if bad.escaped else sent[bad.at : bad.at + 1]
        assert unquote_to_bytes(found_bytes)[0] == bad.value
        assert len(unquote_to_bytes(found_bytes)) == 1


@given(st.text(st.characters(min_codepoint=0xE0, max_codepoint=0xFF), min_size=1), st.text("ab "))
def test_latin1_before_ascii_is_recognised(letters: str, rest: str) -> None:
    sent = quote_from_bytes(letters[0].encode("latin-1") + rest.encode()).encode()
    bad = find_bad_byte(sent, encoded=True)
    assert bad is not None
    assert bad.meant == letters[0]
