"""One key signs, one waits, old ones verify for as long as anything they signed can live."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization import id_token
from sickbay.authorization.id_token_keys import AGE, KEPT, Retired, Ring, is_due, published, rotated, with_next


def test_what_waits_signs_next_and_what_signed_retires() -> None:
    ring = rotated(Ring("a", 0, "b"), 100, "c")
    assert (ring.active, ring.next, [one.key for one in ring.retired]) == ("b", "c", ["a"])


def test_where_none_waited_a_new_one_signs() -> None:
    assert rotated(Ring("a", 0), 100, "c", "b").active == "b"


def test_the_first_key_that_waits_stays() -> None:
    assert with_next(with_next(Ring("a", 0), "b"), "c").next == "b"


def test_a_key_grows_old() -> None:
    assert not is_due(Ring("a", 0), AGE - 1)
    assert is_due(Ring("a", 0), AGE)


@given(st.lists(st.integers(0, 2 * KEPT), max_size=8))
def test_every_key_is_published_from_before_it_signs_until_what_it_signed_is_over(pauses: list[int]) -> None:
    ring, now = Ring("k0", 0, "k1"), 0
    for number, pause in enumerate(pauses):
        for at in (now, now + pause):
            assert published(ring, at)[:2] == (ring.active, ring.next)
        now += pause
        before = ring
        ring = rotated(ring, now, f"k{number + 2}")
        assert ring.active == before.next
        assert before.active in published(ring, now + id_token.LIFETIME)
        assert before.active not in published(ring, now + KEPT)


def test_a_retired_key_is_kept_a_week_to_the_second() -> None:
    ring = Ring("b", 50, "", (Retired("a", 100),))
    assert published(ring, 100 + KEPT - 1) == ("b", "a")
    assert published(ring, 100 + KEPT) == ("b",)
    assert rotated(ring, 100 + KEPT - 1, "c", "x").retired == (Retired("b", 100 + KEPT - 1), Retired("a", 100))
    late = rotated(ring, 100 + KEPT, "c", "x")
    assert late == Ring("x", 100 + KEPT, "c", (Retired("b", 100 + KEPT),))


def test_a_key_is_as_old_as_its_beginning_says() -> None:
    assert not is_due(Ring("a", 500), 500 + AGE - 1)
    assert is_due(Ring("a", 500), 500 + AGE)
