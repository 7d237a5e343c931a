"""Refusals of unknown senders are explained after their responses, a few at a time, and are written before the server stops."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs
from tests.services.journal.test_write import Store, make_refused, runtime

from sickbay.services.journal import write as journal
from sickbay.services.journal.write import Exchange, Journal, RecordedRequest
from sickbay.settings.database import Unavailable


def test_a_refusal_of_an_unknown_sender_is_explained_after_its_response() -> None:
    async def steps() -> None:
        store = Store()
        writer, explained = Journal(runtime(store)), []

        def explain(waiting: Exchange) -> Exchange:
            explained.append(waiting.id)
            return waiting

        writer.write_later(make_refused("r"), explain)
        assert (explained, store.kept) == ([], {})
        assert writer._explaining is not None
        await writer._explaining
        assert (explained, store.kept) == (["r"], {"r": 1})

    asyncio.run(steps())


def test_reading_one_exchange_explains_only_that_one() -> None:
    async def steps() -> None:
        store = Store()
        writer = Journal(runtime(store))
        for number in range(20):
            writer.write_later(make_refused(f"r{number}"), lambda waiting: waiting)
        await writer.flush("r7")
        assert store.kept == {"r7": 1}
        await writer.flush()
        assert store.kept == {f"r{number}": 1 for number in range(20)}

    asyncio.run(steps())


def test_a_flood_of_unknown_senders_is_bounded() -> None:
    async def steps() -> None:
        store = Store()
        writer = Journal(runtime(store))
        for number in range(journal.UNEXPLAINED + 50):
            writer.write_later(make_refused(f"r{number}"), lambda waiting: waiting)
        assert (len(writer._unexplained), writer._unexplained.dropped) == (journal.UNEXPLAINED, 50)
        store.away = True
        with pytest.raises(Unavailable):
            await writer.flush()
        store.away = False
        await writer.flush()
        assert len(store.kept) == journal.UNEXPLAINED

    asyncio.run(steps())


def test_explaining_pauses_longer_after_longer_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def steps() -> None:
        writer = Journal(runtime(Store()))
        for size in (100, 8_000):
            request = RecordedRequest("GET", "http://x/?" + "a" * size, {})
            writer.write_later(structs.replace(make_refused("r"), request=request), lambda waiting: waiting)
            assert writer._explaining is not None
            await writer._explaining

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(steps())
    assert [pause for pause in pauses if pause] == [journal.SOON, 9 * journal.SOON]


def test_unexplained_refusals_are_written_when_the_server_stops() -> None:
    async def steps() -> None:
        store = Store()
        writer = Journal(runtime(store))
        writing = asyncio.create_task(writer.run())
        await asyncio.sleep(0)
        for number in range(5):
            writer.write_later(make_refused(f"r{number}"), lambda waiting: waiting)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert len(store.kept) == 5

    asyncio.run(steps())
