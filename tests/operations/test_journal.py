"""When a batch of granted exchanges is written: each moment, but where hardly one of a crowd of requests is kept."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sickbay.operations import journal
from sickbay.operations.context import World
from sickbay.operations.journal import CROWD, MOMENTS, ONE_IN, Answered, Exchange, Journal, Wire


def exchange(stage: str) -> Exchange:
    return Exchange("id", 0.0, "general", stage, "", "", Wire("GET", "http://x/", {}), Answered(200, {}))


@pytest.mark.parametrize(("each", "beside", "moments"), [
    (0, (), 1), (CROWD - 1, (), 1), (CROWD, (), MOMENTS), (CROWD, ("token",), 1), (0, ("token",) * CROWD, MOMENTS),
    (CROWD, ("token",) * CROWD, MOMENTS), (1, ("token",) * CROWD, 1),
])  # fmt: skip
def test_a_crowd_is_written_less_often_unless_something_else_waits(
    monkeypatch: pytest.MonkeyPatch, each: int, beside: tuple[str, ...], moments: int
) -> None:
    ours, slept = Journal(cast(World, SimpleNamespace(say=None))), []

    async def moment(seconds: float) -> None:
        slept.append(seconds)
        for _ in range(each):
            await ours.write(exchange("access"))
        for stage in beside:
            await ours.write(exchange(stage))

    monkeypatch.setattr(journal, "asyncio", SimpleNamespace(sleep=moment))
    asyncio.run(cast(Any, ours._wait()))
    assert slept == [journal.EVERY] * moments


def test_of_a_crowd_one_in_eight_is_looked_at_and_on_a_terminal_each() -> None:
    quiet, told = (Journal(cast(World, SimpleNamespace(say=say))) for say in (None, lambda line: None))
    for ours, passed in ((quiet, 7 * ONE_IN), (told, 0)):
        over = []
        for _ in range(CROWD + 8 * ONE_IN):
            over.append(ours.passes_over())
            if not over[-1]:
                ours.hold(exchange("access"))
        assert not any(over[:CROWD])
        assert sum(over) == passed
        assert ours._came[True] == CROWD + 8 * ONE_IN
