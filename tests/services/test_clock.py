"""The law of the clock: what is valid follows Sickbay's clock, and what is deleted follows real time."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.services.clock import BEHIND_SECONDS, LATEST_TIME, ClockOutOfRange, earliest_time, move_settings, offset_of
from sickbay.services.runtime_settings import RuntimeSettings
from sickbay.storage.query.records import KEPT

DAY = 86_400
START = 1_764_000_000
SPANS = st.integers(-400 * DAY, 400 * DAY) | st.sampled_from([-10 * DAY, 10 * DAY, 0, -60, 60])


class Move(NamedTuple):
    wait: int
    """Real seconds before it."""
    advance: int | None
    offset: int | None
    frozen: bool | None


MOVES = st.lists(
    st.builds(Move, st.integers(0, 100 * DAY), st.none() | SPANS, st.none() | SPANS, st.none() | st.booleans()).map(
        lambda move: move if move.offset is None else move._replace(advance=None)
    ),
    max_size=8,
)


@given(MOVES, st.integers(1, 90 * DAY))
def test_a_record_is_deleted_only_a_day_after_it_has_expired_in_real_time_and_by_the_clock(
    moves: list[Move], lifetime: int
) -> None:
    settings, real = RuntimeSettings(), START
    issued: list[tuple[int, float]] = []
    for move in [*moves, Move(0, None, 0, False)]:
        issued.append((real, real + offset_of(settings, real)))
        real += move.wait
        issued.append((real, real + offset_of(settings, real)))
        settings = move_settings(settings, real, move.advance, move.offset, move.frozen)
        before = earliest_time(settings, real) - KEPT
        for then, now_then in issued:
            if now_then + lifetime < before:
                assert then + lifetime + KEPT <= real
                assert now_then + lifetime < real + offset_of(settings, real)


@given(MOVES)
def test_a_clock_that_was_behind_delays_deletions_for_a_limited_time(moves: list[Move]) -> None:
    settings, real = RuntimeSettings(), START
    for move in [*moves, Move(0, None, 0, False)]:
        real += move.wait
        settings = move_settings(settings, real, move.advance, move.offset, move.frozen)
    assert earliest_time(settings, real + BEHIND_SECONDS) == real + BEHIND_SECONDS


@given(MOVES)
def test_a_frozen_clock_stops_and_continues_from_there(moves: list[Move]) -> None:
    settings, real = RuntimeSettings(), START
    for move in moves:
        real += move.wait
        now = real + offset_of(settings, real)
        settings = move_settings(settings, real, move.advance, move.offset, move.frozen)
        expected = now + (move.advance or 0) if move.offset is None else real + move.offset
        assert real + offset_of(settings, real) == expected
        assert (real + 9 + offset_of(settings, real + 9) == expected) == (settings.frozen_at is not None)


@pytest.mark.parametrize("offset", [-START - 1.0, LATEST_TIME - START + 0.0])
def test_the_clock_shows_only_times_that_have_a_date(offset: float) -> None:
    with pytest.raises(ClockOutOfRange):
        move_settings(RuntimeSettings(), START, None, offset, None)
