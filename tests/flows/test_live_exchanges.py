"""The stream of new exchanges: what it sends, to whom, how it continues, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.flows.event_stream import open_stream
from tests.flows.flow import BASE, FEW_PATIENTS, Flow, run
from tests.flows.test_new_tokens import other_worker

from sickbay.web.exchanges import stream as streaming

DISCOVERY = "/general/r4/.well-known/smart-configuration"
REFUSED = "/general/r4/Patient/p-0001"
TOKEN = "a-long-admin-token"


def app_of(flow: Flow) -> Any:
    return flow.http._transport.app  # type: ignore[attr-defined]


async def ask(flow: Flow, path: str = REFUSED) -> str:
    """The ID of a new exchange."""
    return str((await flow.http.get(path)).headers["x-correlation-id"])


def test_new_exchanges_arrive_as_lists_show_them(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        await ask(flow)
        async with open_stream(app_of(flow)) as stream:
            assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            assert (await stream.event()).name == "ready"
            ids = [await ask(flow), await ask(flow, DISCOVERY)]
            first, second = sorted(await stream.exchanges(2), key=lambda exchange: ids.index(exchange["id"]))
        assert [first["id"], second["id"]] == ids
        assert (first["stage"], first["outcome"], first["response"]) == ("access", "refused", {"status": 401})
        assert first["findings"][0]["id"] == "fhir-token-missing"
        assert (second["stage"], second["outcome"], second["findings"]) == ("discovery", "granted", [])
        assert second["milliseconds"] > 0
        assert second["size"] > 100
        listed = (await flow.http.get("/exchanges", headers={"Accept": "application/json"})).json()
        assert sorted(listed[:2], key=lambda exchange: ids.index(exchange["id"])) == [first, second]

    run(steps, tmp_path, data=address or str(tmp_path), patients=FEW_PATIENTS)


def test_exchanges_of_other_workers_arrive_too(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        async with other_worker(flow.sandbox.settings) as other, open_stream(app_of(flow)) as stream:
            await stream.event("ready")
            ids = [await ask(worker, path) for worker in (other, flow) for path in (REFUSED, DISCOVERY)]
            await other.sandbox.journal.flush()
            assert sorted(exchange["id"] for exchange in await stream.exchanges(4)) == sorted(ids)

    run(steps, tmp_path, data=address or str(tmp_path), patients=FEW_PATIENTS)


def test_only_exchanges_that_match_the_filter_are_sent(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        async with open_stream(app_of(flow), q="stage:discovery is:granted") as stream:
            await stream.event("ready")
            ids = [await ask(flow, path) for path in (REFUSED, DISCOVERY, REFUSED, DISCOVERY)]
            assert {exchange["id"] for exchange in await stream.exchanges(2)} == {ids[1], ids[3]}
        async with open_stream(app_of(flow), q="stauts:404") as stream:
            assert (stream.status, "Did you mean status:?" in stream.text) == (400, True)

    run(steps, tmp_path, patients=FEW_PATIENTS)


FOREIGN = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": BASE, "sec-fetch-site": "cross-site"},
    {"host": "evil.example"},
)
OTHER_MACHINE = "192.0.2.7"


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("path", ["stream", "json", "page", "part", "clear", "launches"])
def test_another_origin_gets_nothing(headers: dict[str, str], path: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await ask(flow)
        text, status = await request_as(flow, path, headers, "127.0.0.1")
        assert status in (403, 421)
        assert id not in text
        assert "access-control-allow-origin" not in text.lower()

    run(steps, tmp_path, patients=FEW_PATIENTS)


@pytest.mark.parametrize("path", ["stream", "json", "page", "part", "clear", "launches"])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"cookie": "sickbay=x"}], ids=str)
def test_a_stranger_gets_nothing(headers: dict[str, str], path: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await ask(flow)
        text, status = await request_as(flow, path, headers, OTHER_MACHINE)
        assert status == 403
        assert id not in text

    run(steps, tmp_path, patients=FEW_PATIENTS, host="0.0.0.0", admin_token=TOKEN)


async def request_as(flow: Flow, path: str, headers: dict[str, str], client: str) -> tuple[str, int]:
    """The head and body of the response, and its status."""
    if path == "stream":
        async with open_stream(app_of(flow), headers, client) as stream:
            assert stream.status is not None
            return f"{stream.headers} {stream.text}", stream.status
    addresses = {"page": "", "json": "", "part": "?part=list", "clear": "/clear"}
    url = f"/exchanges{addresses[path]}" if path in addresses else "/timelines"
    accept = {"accept": "application/json" if path == "json" else "text/html", "sec-fetch-mode": "cors"}
    transport = type(flow.http._transport)(app=app_of(flow), client=(client, 50000))  # type: ignore[call-arg]
    async with type(flow.http)(transport=transport, base_url=BASE) as http:
        response = await http.get(url, headers=accept | headers)
    return f"{response.headers} {response.text}", response.status_code


def test_the_admin_token_opens_the_stream_from_anywhere(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        async with open_stream(app_of(flow), {"authorization": f"Bearer {TOKEN}"}, OTHER_MACHINE) as stream:
            assert stream.status == 200

    run(steps, tmp_path, patients=FEW_PATIENTS, host="0.0.0.0", admin_token=TOKEN)


def test_the_end_of_a_session_ends_its_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.05)

    async def steps(flow: Flow) -> None:
        page = (await flow.http.get("/developer/sign-in", headers={"Accept": "text/html"})).text
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
        await flow.http.post("/developer/sign-in", data={"csrf": csrf, "token": TOKEN}, headers={"Accept": "text/html"})
        cookie = {"cookie": flow.http.headers["cookie"]}
        async with open_stream(app_of(flow), cookie) as stream:
            await stream.event("ready")
            page = (await flow.http.get("/developer", headers={"Accept": "text/html"})).text
            csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
            await flow.http.post("/developer/sign-out", data={"csrf": csrf})
            assert (await stream.event("end")).data == {"reason": "signed-out"}
            await stream.end()

    run(steps, tmp_path, patients=FEW_PATIENTS, require_admin_token=True, admin_token=TOKEN)


def test_a_stream_continues_after_its_last_event(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        async with open_stream(app_of(flow)) as stream:
            await stream.event("ready")
            await ask(flow)
            last = await stream.event("exchange")
        missed = [await ask(flow) for _ in range(4)]
        async with open_stream(app_of(flow), {"last-event-id": last.id}) as stream:
            assert [exchange["id"] for exchange in await stream.exchanges(4)] == missed
            new = await ask(flow)
            assert [exchange["id"] for exchange in await stream.exchanges(1)] == [new]
            assert "event: missed" not in stream.text
        async with open_stream(app_of(flow), {"last-event-id": last.id}, limit="2") as stream:
            assert (await stream.event("missed")).data == {"count": 3, "exact": True}
            assert [exchange["id"] for exchange in await stream.exchanges(2)] == [missed[-1], new]

    run(steps, tmp_path, data=address or str(tmp_path), patients=FEW_PATIENTS)


@pytest.mark.parametrize("deleted", ["/admin/reset", "/exchanges/clear"])
def test_a_stream_says_that_it_may_have_missed_what_was_deleted(deleted: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        async with open_stream(app_of(flow)) as stream:
            await stream.event("ready")
            await ask(flow)
            last = await stream.event("exchange")
            await delete(flow, deleted)
            ids = [await ask(flow) for _ in range(3)]
            assert [exchange["id"] for exchange in await stream.exchanges(3)] == ids
        async with open_stream(app_of(flow), {"last-event-id": last.id}) as stream:
            assert (await stream.event()).data == {"count": 0, "exact": False}
            assert [exchange["id"] for exchange in await stream.exchanges(3)] == ids

    run(steps, tmp_path, patients=FEW_PATIENTS)


async def delete(flow: Flow, path: str) -> None:
    if path == "/admin/reset":
        assert (await flow.http.post(path, json={})).status_code == 204
        return
    page = (await flow.http.get(path, headers={"Accept": "text/html"})).text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    assert (await flow.http.post(path, data={"csrf": csrf})).status_code == 303


@pytest.mark.parametrize("id", ["", "x", "1", "1-", "-1", "1-x", "٣-٣", "9" * 40 + "-1", "1-" + "9" * 40])
def test_an_id_of_an_event_that_was_never_sent_is_ignored(id: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await ask(flow)
        async with open_stream(app_of(flow), {"last-event-id": id} if id.isascii() else {}) as stream:
            assert (await stream.event()).name == "ready"

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_a_stream_sends_the_newest_and_counts_the_rest(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        async with open_stream(app_of(flow), limit="0") as stream:
            await stream.event("ready")
            for _ in range(30):
                await ask(flow)
            counted = 0
            while counted < 30:
                counted += (await stream.event("more")).data["count"]
            assert counted == 30
            assert "event: exchange" not in stream.text

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_a_stream_can_begin_with_earlier_exchanges(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        ids = [await ask(flow) for _ in range(5)]
        async with open_stream(app_of(flow), last="3") as stream:
            assert [exchange["id"] for exchange in await stream.exchanges(3)] == ids[2:]

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_streams_are_counted_and_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "STREAMS", 3)
    monkeypatch.setattr(streaming, "STREAMS_PER_ADDRESS", 2)
    token = {"authorization": f"Bearer {TOKEN}"}

    async def steps(flow: Flow) -> None:
        streams = flow.sandbox.live.streams
        async with AsyncExitStack() as stack:
            first = [await stack.enter_async_context(open_stream(app_of(flow), token, OTHER_MACHINE)) for _ in range(2)]
            assert [stream.status for stream in first] == [200, 200]
            async with open_stream(app_of(flow), token, OTHER_MACHINE) as refused:
                assert (refused.status, refused.headers["retry-after"]) == (429, "10")
            third = await stack.enter_async_context(open_stream(app_of(flow), token, "192.0.2.8"))
            assert third.status == 200
            async with open_stream(app_of(flow), token, "192.0.2.9") as refused:
                assert (refused.status, refused.headers["retry-after"]) == (503, "10")
            assert streams == {OTHER_MACHINE: 2, "192.0.2.8": 1}
            assert "sickbay_streams 3.0" in (await flow.http.get("/metrics")).text
        assert not streams
        async with open_stream(app_of(flow), token, OTHER_MACHINE) as again:
            assert again.status == 200

    run(steps, tmp_path, patients=FEW_PATIENTS, host="0.0.0.0", admin_token=TOKEN)


def test_streams_end_when_sickbay_stops(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        async with open_stream(app_of(flow)) as stream:
            await stream.event("ready")
            flow.sandbox.begin_to_stop()
            assert (await stream.event("end")).data == {"reason": "stopping"}
            await stream.end()
        async with open_stream(app_of(flow)) as refused:
            assert refused.status == 503

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_without_streams_the_journal_is_not_read(tmp_path: Path) -> None:
    """The task that reads it ends after the last stream."""

    async def steps(flow: Flow) -> None:
        async with open_stream(app_of(flow)) as stream:
            await stream.event("ready")
            task = flow.sandbox.live._task
            assert task is not None
        await asyncio.wait_for(task, 60)
        assert not flow.sandbox.live._listeners
        async with open_stream(app_of(flow)) as stream:
            await stream.event("ready")
            id = await ask(flow)
            assert (await stream.exchanges(1))[0]["id"] == id

    run(steps, tmp_path, patients=FEW_PATIENTS)
