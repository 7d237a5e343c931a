"""Cursors can't be modified, and their content can't be read."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.storage.answers import BadCursor
from sickbay.storage.query.keyset import Position, open_cursor, seal_cursor

KEY = b"k" * 32
KEYS = st.lists(st.integers(-(2**62), 2**62) | st.text(max_size=20), max_size=4).map(tuple)


@given(last=KEYS, seen=st.integers(0, 10**6), total=st.none() | st.integers(0, 1000))
def test_a_sealed_cursor_can_be_opened(last: tuple[int | str, ...], seen: int, total: int | None) -> None:
    position = Position(b"query", last, seen, total)
    assert open_cursor(KEY, seal_cursor(KEY, position), b"query") == position


@given(at=st.integers(0, 10**6), change=st.integers(1, 255))
def test_a_changed_byte_breaks_the_seal(at: int, change: int) -> None:
    sealed = bytearray(base64.urlsafe_b64decode(seal_cursor(KEY, Position(b"q", ("peters", 7), 1, None)) + "=="))
    sealed[at % len(sealed)] ^= change
    with pytest.raises(BadCursor):
        open_cursor(KEY, base64.urlsafe_b64encode(sealed).rstrip(b"=").decode(), b"q")


@given(last=KEYS, replacement=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/"))
def test_a_cursor_has_one_spelling(last: tuple[int | str, ...], replacement: str) -> None:
    """The last character of base64 has unused bits, and `+/` decode like `-_`."""
    cursor = seal_cursor(KEY, Position(b"q", last, 1, None))
    for at in (0, len(cursor) // 2, len(cursor) - 1):
        altered = cursor[:at] + replacement + cursor[at + 1 :]
        if altered != cursor:
            with pytest.raises(BadCursor):
                open_cursor(KEY, altered, b"q")
    with pytest.raises(BadCursor):
        open_cursor(KEY, cursor + "=", b"q")


def test_a_cursor_cannot_be_opened_with_another_key_or_query() -> None:
    cursor = seal_cursor(KEY, Position(b"q", (1,), 1, None))
    for key, query in ((b"l" * 32, b"q"), (KEY, b"r")):
        with pytest.raises(BadCursor):
            open_cursor(key, cursor, query)


@given(text=st.text(max_size=60))
def test_arbitrary_text_is_not_accepted_as_a_cursor(text: str) -> None:
    with pytest.raises(BadCursor):
        open_cursor(KEY, text, b"q")


def test_a_name_is_not_readable_in_the_cursor() -> None:
    cursor = seal_cursor(KEY, Position(b"q", ("peters", 7), 1, None))
    assert b"peters" not in base64.urlsafe_b64decode(cursor + "==")
