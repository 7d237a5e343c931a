"""The laws of the pen: taking the marks away gives back what was received and what was expected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.web.exchanges.diff import TextPiece, mark

WORDS = st.text(alphabet="abc/:,. +%&=ü", max_size=40)


def text(pieces: tuple[TextPiece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


@given(WORDS, WORDS)
def test_without_the_marks_it_is_what_was_received_and_what_was_expected(received: str, expected: str) -> None:
    marked = mark(received, expected)
    assert text(marked.received) == received
    assert text(marked.expected) == expected


@given(WORDS, WORDS)
def test_something_is_marked_exactly_where_the_two_differ(received: str, expected: str) -> None:
    marked = mark(received, expected)
    kinds = {piece.kind for piece in marked.received + marked.expected} - {""}
    assert bool(kinds) == (received != expected)
    assert {piece.kind for piece in marked.received} <= {"", "bad"}
    assert {piece.kind for piece in marked.expected} <= {"", "good", "cut"}


@given(WORDS, WORDS)
def test_what_is_not_marked_is_the_same_on_both_sides(received: str, expected: str) -> None:
    marked = mark(received, expected)
    same = [[piece.text for piece in side if not piece.kind] for side in (marked.received, marked.expected)]
    assert "".join(same[0]) == "".join(same[1])


@given(st.text(max_size=30))
def test_what_is_right_is_not_marked(value: str) -> None:
    assert all(not piece.kind for piece in mark(value, value).received)


@pytest.mark.parametrize(
    ("received", "expected", "bad", "good"),
    [
        ("patient/Patient.read,launch", "patient/Patient.read launch", [","], [" "]),
        ("http://a/callback/", "http://a/callback", ["/"], [""]),
        ("http://localhost:8100/", "kX7mQ2vTn9RbW4cJ8sLzHd", ["http://localhost:8100/"], ["kX7mQ2vTn9RbW4cJ8sLzHd"]),
        ("", "Zk3v", [], ["Zk3v"]),
    ],
)
def test_the_smallest_difference_is_marked(received: str, expected: str, bad: list[str], good: list[str]) -> None:
    marked = mark(received, expected)
    assert [piece.text for piece in marked.received if piece.kind] == bad
    assert [piece.text for piece in marked.expected if piece.kind] == good


def test_a_slip_is_marked_otherwise_than_a_fault() -> None:
    assert {piece.kind for piece in mark("a/", "a", "slip").received} == {"", "slip"}


def test_a_character_without_sound_is_said() -> None:
    assert [piece.said for piece in mark("aaaa,b", "aaaa b").received if piece.kind] == ["comma"]
