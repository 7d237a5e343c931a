"""How long a client or user that guesses has to wait. Nobody can read from what is stored who it was."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.kernel.memory import ResetScope
from sickbay.services.throttle import Throttle, ThrottleKey
from sickbay.storage.counts import Failures

KEY = ThrottleKey("client", "general", "app", "192.0.2.1")
LIMIT = 3


@pytest.mark.parametrize(
    ("number", "now", "wait"), [(2, 1000, 0), (3, 1010, 50), (9, 1059, 1), (3, 1060, 0), (3, 999, 0), (3, 500, 0)]
)
def test_who_fails_too_often_waits_until_the_minute_is_over_or_the_clock_goes_back(number: int, now: int, wait: int) -> None:
    assert Throttle(LIMIT).wait("client", Failures(number, 1000), now) == wait
    assert Throttle(0).wait("client", Failures(number, 1000), now) == 0


@pytest.mark.parametrize(
    "other", [{"address": "192.0.2.2"}, {"name": "other"}, {"tenant": "epic"}, {"kind": "person"}, {"kind": "admin"}]
)
def test_each_client_user_and_address_is_counted_separately_and_names_are_not_stored(other: dict[str, Any]) -> None:
    assert KEY.digest(b"key") != KEY._replace(**other).digest(b"key")
    assert KEY.digest(b"key") != KEY.digest(b"another key")
    assert len(KEY._replace(name="x" * 60_000).digest(b"key")) == len(KEY.digest(b"key"))


@pytest.mark.parametrize(("now", "is_active"), [(999, True), (1000, False), (880, True), (879, False), (500, False)])
def test_an_announcement_is_valid_for_two_minutes_and_ends_if_the_clock_is_moved(now: int, is_active: bool) -> None:
    table = Throttle(LIMIT)
    assert not table.is_active(now)
    table.until = 1000
    assert table.is_active(now) is is_active


def test_a_reset_of_all_hospitals_ends_the_announcement() -> None:
    table = Throttle(LIMIT)
    table.until = 1000
    table.forget(ResetScope("epic"))
    assert table.until == 1000
    table.forget(ResetScope())
    assert table.until == 0
