"""A flood of refused requests fills neither the disk nor a page, and doesn't displace other clients' exchanges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp, open_shared_app

from sickbay.services.journal import packing
from sickbay.services.journal import read as reader
from sickbay.services.journal.write import DEFAULT_LIMITS
from sickbay.services.records import digest
from sickbay.storage.interface import Put, Record

LIMIT = 60
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("flood"), engine(), patients=0, journal_exchanges=LIMIT) as server:
        yield server


async def _send_refused(flow: Flow, client_id: str, number: int) -> str:
    form = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": f"made-up-{number}",
        "code_verifier": "v" * 43,
    }
    answer = await flow.http.post("/general/oauth/token", data=form)
    assert answer.status_code == 400
    return str(answer.headers["x-correlation-id"])


async def _figure(flow: Flow, name: str) -> float:
    match = re.search(rf"^{re.escape(name)} (\S+)$", (await flow.http.get("/metrics")).text, re.M)
    assert match is not None, name
    return float(match[1])


async def _settle(flow: Flow) -> None:
    """Writes and trims the journal, as after the next batch."""
    await flow.sandbox.journal.flush()
    await flow.sandbox.journal.trim()


@pytest.mark.parametrize("flooding", ["an app", "no app"])
def test_a_flood_displaces_only_its_own_exchanges(desk: SharedApp, flooding: str) -> None:
    async def steps(flow: Flow) -> None:
        await flow.http.post("/admin/reset", json={})  # so that those of other tests need no place
        app, other = await flow.register(name=f"Quiet {flooding}"), await flow.register(name=f"Loud {flooding}")
        quiet = [await _send_refused(flow, app["client_id"], number) for number in range(5)]
        client_id = other["client_id"] if flooding == "an app" else "nobody"
        before = await _figure(flow, 'sickbay_exchanges_dropped_total{reason="size"}')
        flood = [await _send_refused(flow, client_id, number) for number in range(3 * LIMIT)]
        await _settle(flow)
        for id in quiet:
            assert (await flow.http.get(f"/exchanges/{id}", headers=JSON)).status_code == 200
        assert (await flow.http.get(f"/exchanges/{flood[-1]}", headers=JSON)).status_code == 200
        assert (await flow.http.get(f"/exchanges/{flood[0]}", headers=JSON)).status_code == 404
        assert await _figure(flow, "sickbay_journal_exchanges") == LIMIT
        assert await _figure(flow, 'sickbay_exchanges_dropped_total{reason="size"}') - before >= 2 * LIMIT

    desk.do(steps)


def test_a_journal_that_is_not_full_drops_nothing(desk: SharedApp) -> None:
    """The control for the test above."""

    async def steps(flow: Flow) -> None:
        await flow.http.post("/admin/reset", json={})
        ids = [await _send_refused(flow, "nobody", number) for number in range(LIMIT // 2)]
        before = await _figure(flow, 'sickbay_exchanges_dropped_total{reason="size"}')
        await _settle(flow)
        for id in ids:
            assert (await flow.http.get(f"/exchanges/{id}", headers=JSON)).status_code == 200
        assert await _figure(flow, 'sickbay_exchanges_dropped_total{reason="size"}') == before
        assert await _figure(flow, "sickbay_journal_limit_exchanges") == LIMIT

    desk.do(steps)


def test_a_long_timeline_shows_its_first_and_newest_exchanges_and_the_number_of_others(
    desk: SharedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(flow: Flow) -> None:
        monkeypatch.setattr(flow.sandbox.journal, "most", DEFAULT_LIMITS)  # so that nothing is trimmed meanwhile
        id = await _send_refused(flow, "nobody", 0)
        record = await flow.sandbox.runtime.store.get("exchange", id)
        assert record is not None
        value = packing.text_of(record)
        stored = [
            Record(
                "exchange",
                f"{digest(str(number))[:16]}",
                value.replace(id, f"x{number:04}").encode(),
                "general",
                "",
                "A-long-timeline-",
                "token",
                at=number,
                expires_at=1 << 33,
            )
            for number in range(reader.FIRST + reader.LAST + 150)
        ]
        await flow.sandbox.runtime.store.transaction([Put(exchange, aside=True) for exchange in stored])
        answer = await flow.http.get("/timelines/A-long-timeline-", headers=JSON)
        timeline = answer.json()
        shown = {exchange["id"] for exchange in timeline["exchanges"]}
        first = {f"x{number:04}" for number in range(reader.FIRST)}
        newest = {f"x{number:04}" for number in range(len(stored) - reader.LAST, len(stored))}
        assert shown == first | newest
        assert timeline["left_out"] == 150
        assert "headers" not in timeline["exchanges"][0]["request"]
        assert "body" not in timeline["exchanges"][0]["response"]
        page = (await flow.http.get("/timelines/A-long-timeline-", headers={"Accept": "text/html"})).text
        assert "150 more requests of this launch" in page

    desk.do(steps)
