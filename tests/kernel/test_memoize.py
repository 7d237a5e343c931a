"""Results for short texts are cached, for a long text only the last one, and for very long texts none."""

from __future__ import annotations

import pytest

from sickbay.kernel.memoize import CACHED_CHARACTERS, LAST_CALL_CHARACTERS, memoize


@pytest.fixture(autouse=True)
def caches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn caches on even if SICKBAY_CACHES=off."""
    monkeypatch.setattr("sickbay.kernel.memoize.CACHES", True)


def test_a_short_text_is_read_once_and_a_very_long_one_each_time() -> None:
    calls: list[tuple[str | None, int]] = []

    @memoize(2)
    def read(first: str | None, second: str | None) -> int:
        calls.append((first, len(second or "")))
        return len(second or "")

    assert [read("a", None), read("a", None)] == [0, 0]
    assert calls.pop() == ("a", 0)
    for _ in range(3):
        assert read("a", "b") == 1
        assert read(None, "x" * CACHED_CHARACTERS) == CACHED_CHARACTERS
        assert read("a", "x" * (LAST_CALL_CHARACTERS + 1)) == LAST_CALL_CHARACTERS + 1
    assert calls == [("a", 1), (None, CACHED_CHARACTERS), *[("a", LAST_CALL_CHARACTERS + 1)] * 3]


def test_functions_with_any_number_of_texts_and_keyword_arguments_are_cached() -> None:
    calls: list[int] = []

    @memoize(8)
    def one_text(text: str) -> int:
        calls.append(1)
        return len(text)

    @memoize(8)
    def three_texts(text: str, other: str | None = None, last: str = "") -> int:
        calls.append(3)
        return len(text + (other or "") + last)

    @memoize(8)
    def three_without_defaults(text: str, other: str | None, last: str) -> int:
        calls.append(4)
        return len(text + (other or "") + last)

    for arguments in (
        ("a", None, "b"),
        ("a", "x" * (LAST_CALL_CHARACTERS + 1), "b"),
        ("x" * (LAST_CALL_CHARACTERS + 1), None, ""),
    ):
        assert [three_without_defaults(*arguments) for _ in range(2)] == [sum(len(text or "") for text in arguments)] * 2
    assert calls == [4] * 5
    calls.clear()

    for _ in range(2):
        assert one_text("a") == 1
        assert one_text("x" * (LAST_CALL_CHARACTERS + 1)) == LAST_CALL_CHARACTERS + 1
        assert three_texts("a") == three_texts("a", last="") == 1
        assert three_texts("a", last="x" * (LAST_CALL_CHARACTERS + 1)) == LAST_CALL_CHARACTERS + 2
    assert calls.count(1) == 3
    assert calls.count(3) == 4


def test_only_the_given_number_of_results_is_cached() -> None:
    calls: list[str] = []

    @memoize(2)
    def read(text: str) -> str:
        calls.append(text)
        return text

    for text in ("a", "b", "c", "c", "a"):
        read(text)
    assert calls == ["a", "b", "c", "a"]


def test_only_the_last_long_text_is_cached() -> None:
    """A dozen checks of one request read it; the texts of earlier requests aren't kept."""
    calls: list[str] = []

    @memoize(8)
    def read(text: str) -> str:
        calls.append(text[0])
        return text

    for letter in "aaabba":
        assert read(letter * LAST_CALL_CHARACTERS)[0] == letter
    assert calls == ["a", "b", "a"]
