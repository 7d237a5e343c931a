"""One key signs, one waits, and retired keys verify for as long as their tokens can live."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization import id_token
from sickbay.authorization.id_token_keys import AGE, KEPT, Retired, Ring, is_due, published, rotated, with_next


def test_the_waiting_key_signs_next_and_the_signing_key_retires() -> None:
    ring = rotated(Ring("a", 0, "b"), 100, "c")
    assert (ring.active, ring.next, [retired.key for retired in ring.retired]) == ("b", "c", ["a"])


def test_without_a_waiting_key_a_new_one_signs() -> None:
    assert rotated(Ring("a", 0), 100, "c", "b").active == "b"


def test_a_waiting_key_is_not_replaced() -> None:
    assert with_next(with_next(Ring("a", 0), "b"), "c").next == "b"


def test_a_key_is_due_for_rotation_at_its_maximum_age() -> None:
    assert not is_due(Ring("a", 0), AGE - 1)
    assert is_due(Ring("a", 0), AGE)


@given(st.lists(st.integers(0, 2 * KEPT), max_size=8))
def test_every_key_is_published_before_it_signs_until_its_tokens_expire(pauses: list[int]) -> None:
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


def test_a_retired_key_stays_published_for_exactly_one_week() -> None:
    ring = Ring("b", 50, "", (Retired("a", 100),))
    assert published(ring, 100 + KEPT - 1) == ("b", "a")
    assert published(ring, 100 + KEPT) == ("b",)
    assert rotated(ring, 100 + KEPT - 1, "c", "x").retired == (Retired("b", 100 + KEPT - 1), Retired("a", 100))
    late = rotated(ring, 100 + KEPT, "c", "x")
    assert late == Ring("x", 100 + KEPT, "c", (Retired("b", 100 + KEPT),))


def test_the_age_of_a_key_counts_from_its_start() -> None:
    assert not is_due(Ring("a", 500), 500 + AGE - 1)
    assert is_due(Ring("a", 500), 500 + AGE)
