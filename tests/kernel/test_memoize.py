"""What is remembered of texts, and that of long ones hardly anything is."""

from __future__ import annotations

from sickbay.kernel.memoize import LONG, LONGEST, memoize


def test_a_short_text_is_read_once_and_a_very_long_one_each_time() -> None:
    came: list[tuple[str | None, int]] = []

    @memoize(2)
    def read(one: str | None, other: str | None) -> int:
        came.append((one, len(other or "")))
        return len(other or "")

    assert [read("a", None), read("a", None)] == [0, 0]
    assert came.pop() == ("a", 0)
    for _ in range(3):
        assert read("a", "b") == 1
        assert read(None, "x" * LONGEST) == LONGEST
        assert read("a", "x" * (LONG + 1)) == LONG + 1
    assert came == [("a", 1), (None, LONGEST), *[("a", LONG + 1)] * 3]


def test_whatever_the_number_of_texts_and_their_names() -> None:
    came: list[int] = []

    @memoize(8)
    def one(text: str) -> int:
        came.append(1)
        return len(text)

    @memoize(8)
    def three(text: str, other: str | None = None, last: str = "") -> int:
        came.append(3)
        return len(text + (other or "") + last)

    @memoize(8)
    def plainly_three(text: str, other: str | None, last: str) -> int:
        came.append(4)
        return len(text + (other or "") + last)

    for given in (("a", None, "b"), ("a", "x" * (LONG + 1), "b"), ("x" * (LONG + 1), None, "")):
        assert [plainly_three(*given) for _ in range(2)] == [sum(len(one or "") for one in given)] * 2
    assert came == [4] * 5
    came.clear()

    for _ in range(2):
        assert one("a") == 1
        assert one("x" * (LONG + 1)) == LONG + 1
        assert three("a") == three("a", last="") == 1
        assert three("a", last="x" * (LONG + 1)) == LONG + 2
    assert came.count(1) == 3
    assert came.count(3) == 4


def test_only_so_many_are_remembered() -> None:
    came: list[str] = []

    @memoize(2)
    def read(one: str) -> str:
        came.append(one)
        return one

    for one in ("a", "b", "c", "c", "a"):
        read(one)
    assert came == ["a", "b", "c", "a"]


def test_of_long_texts_the_last_alone_is_remembered() -> None:
    """A dozen checks of one request read it; what others sent before is let go."""
    came: list[str] = []

    @memoize(8)
    def read(one: str) -> str:
        came.append(one[0])
        return one

    for letter in "aaabba":
        assert read(letter * LONG)[0] == letter
    assert came == ["a", "b", "a"]
