"""`sickbay clock` without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.command import sickbay

from sickbay.cli.commands.clock import body_of, describe


def test_the_clock_is_moved_frozen_and_returned_to_real_time(tmp_path: Path) -> None:
    assert "(2 hours ahead of real time)" in sickbay("clock", "+2h", folder=tmp_path).stdout
    assert "(1 hour and 30 minutes ahead of real time)" in sickbay("clock", "-30m", folder=tmp_path).stdout
    assert "(frozen, 1 hour and 30 minutes ahead of real time)" in sickbay("clock", "freeze", folder=tmp_path).stdout
    assert json.loads(sickbay("clock", "--json", folder=tmp_path).stdout)["frozen"]
    assert "(real time)" in sickbay("clock", "real", folder=tmp_path).stdout


@pytest.mark.parametrize("move", ["2h", "+2x", "+", "-", "", "+1h-1h", "+1.5h", "+9999999999h"])
def test_a_text_that_is_no_move_is_explained(move: str, tmp_path: Path) -> None:
    refused = sickbay("clock", move, folder=tmp_path)
    assert refused.returncode == 2
    assert " Use +2h, -30m, +1d12h, freeze or real." in refused.stderr


def test_a_move_beyond_the_calendar_is_refused(tmp_path: Path) -> None:
    refused = sickbay("clock", "+99999w", folder=tmp_path)
    assert refused.returncode == 1
    assert "1970 to 2199" in refused.stderr


@pytest.mark.parametrize(("move", "seconds"), [("+2h", 7200), ("-30m", -1800), ("+1d12h", 129_600), ("-1w1s", -604_801)])
def test_units_are_added_up(move: str, seconds: int) -> None:
    assert body_of(move) == {"advance": seconds}


def test_an_offset_is_said_in_words() -> None:
    reading = {"now": 1_764_000_000.0, "real": 1_764_090_061.0, "offset": -90_061.0, "frozen": False}
    assert "(1 day, 1 hour, 1 minute and 1 second behind real time)" in describe(reading)
    assert "(frozen, 1 day, 1 hour, 1 minute and 1 second behind real time)" in describe(reading | {"frozen": True})
    assert "(real time)" in describe(reading | {"offset": 0.0})
