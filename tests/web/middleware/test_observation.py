"""Observers are called once after each request, whether it succeeded, failed or was interrupted."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from sickbay.services.context import LogLine
from sickbay.web.http_request import RequestState
from sickbay.web.middleware.observation import FinishedRequest, Observers

pytestmark = pytest.mark.anyio


def scope(id: str = "id-1") -> dict[str, Any]:
    return {"state": RequestState(id, {"accept": "x"}), "method": "GET"}


def runtime(say: Any = None) -> Any:
    return SimpleNamespace(on_exchange=say)


def line(id: str) -> LogLine:
    return LogLine(0.0, "general", "access", "app", 200, "", id)


async def answering(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})


async def receiving_nothing() -> Any:
    raise AssertionError("the request has no body")


async def discarding(message: Any) -> None:
    pass


async def test_an_observer_gets_the_status_and_the_duration() -> None:
    seen: list[FinishedRequest] = []
    await Observers(answering, [seen.append], runtime())(scope(), receiving_nothing, discarding)
    (finished,) = seen
    assert (finished.id, finished.method, finished.kind, finished.status, finished.line) == ("id-1", "GET", "page", 204, None)
    assert finished.seconds > 0


async def test_an_exchange_belongs_to_the_request_with_its_id() -> None:
    seen: list[FinishedRequest] = []
    told: list[LogLine] = []

    async def recording(scope: Any, receive: Any, send: Any) -> None:
        observers.print_line(line("another"))
        observers.print_line(line(scope["state"].exchange))
        await answering(scope, receive, send)

    observers = Observers(recording, [seen.append], runtime(told.append))
    await asyncio.gather(*(observers(scope(id), receiving_nothing, discarding) for id in ("a", "b")))
    assert [finished.line and finished.line.id for finished in seen] == ["a", "b"]
    assert [recorded.id for recorded in told] == ["another", "a", "another", "b"]
    assert observers._lines == {}


async def test_a_request_that_failed_or_was_cancelled_is_observed_too() -> None:
    seen: list[FinishedRequest] = []

    async def failing(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError

    failed = Observers(failing, [seen.append], runtime())
    with pytest.raises(RuntimeError):
        await failed(scope(), receiving_nothing, discarding)

    async def waiting(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    cancelled = Observers(waiting, [seen.append], runtime())
    task = asyncio.create_task(cancelled(scope(), receiving_nothing, discarding))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [finished.status for finished in seen] == [0, 0]
    assert failed._lines == cancelled._lines == {}
