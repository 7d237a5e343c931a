"""Whichever worker answered a search that found nothing, every worker shows the same explanation to the same readers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from tests.flows.event_stream import open_stream
from tests.flows.flow import Flow
from tests.flows.test_empty_searches_by_http import LAB, as_stranger, exchange, ids, token_body
from tests.flows.test_live_exchanges import app_of
from tests.flows.two_workers import run_two
from tests.flows.writing import TokenClient, hand, observation

from sickbay.kernel import worker_channel
from sickbay.services.empty_searches import completion, explain

Engine = Callable[[], str | None]
Reader = Callable[[Flow, str], Awaitable[Any]]
FORM_TOKEN: Final = re.compile(r'name="csrf" value="[\w-]+"')
SEARCHES: Final = (
    LAB,
    "/Observation?date=gt2999",
    "/Observation?patient=p-0001&_include=Observation:device",
    "/Patient?name=zqxj&_format=json",
)


def reads(path: str, accept: str) -> Reader:
    async def read(flow: Flow, id: str) -> Any:
        answer = await flow.http.get(path.format(id=id), headers={"Accept": accept})
        assert answer.status_code == 200, answer.text
        return answer.json() if accept == "application/json" else FORM_TOKEN.sub("", answer.text)

    return read


async def read_stream(flow: Flow, id: str) -> dict[str, Any]:
    async with open_stream(app_of(flow), last="1") as stream:
        return (await stream.exchanges(1))[0]


READERS: Final[dict[str, Reader]] = {
    "list": reads("/exchanges?limit=100", "application/json"),
    "administrator's list": reads("/admin/exchanges?id={id}", "application/json"),
    "stream": read_stream,
    "JSON": reads("/exchanges/{id}", "application/json"),
    "text": reads("/exchanges/{id}", "text/plain"),
    "Markdown": reads("/exchanges/{id}", "text/markdown"),
    "page": reads("/exchanges/{id}", "text/html"),
}


def test_every_worker_shows_the_same_explanation(engine: Engine, tmp_path: Path) -> None:

    async def steps(worker: Flow, other: Flow) -> None:
        own = await hand(worker, "user/*.rs")
        for search in SEARCHES:
            id = (await own.ask("GET", search)).headers["x-correlation-id"]
            task = worker.sandbox.runtime.explaining
            assert task is not None
            await task
            for name, read in READERS.items():
                there, here = await read(other, id), await read(worker, id)
                assert there == here, (search, name)
            findings = (await READERS["list"](other, id))[0]["findings"]
            assert findings[0]["id"] != "fhir-search-empty", search

    run_two(steps, engine(), tmp_path)


def test_a_worker_asks_for_an_explanation_only_if_its_reader_may_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "LEAST_PAUSE_SECONDS", 600)

    async def steps(worker: Flow, other: Flow) -> None:
        own = await hand(worker, "patient/*.rs")
        answer = await own.ask("GET", LAB)
        search = worker.sandbox.runtime.empty_searches.get(answer.headers["x-correlation-id"])
        assert search is not None
        another = await other.http.post("/admin/tokens", json=await token_body(worker, own, "p-0002"))
        for reader in (None, await hand(worker, "patient/*.rs"), TokenClient(worker, another.json()["access_token"])):
            entry = await as_stranger(other, answer, reader)
            assert ids(entry) == ["fhir-search-empty"]
            assert "laboratory" not in str(entry)
            assert search.answer is None
        assert ids(await as_stranger(other, answer, await own.again())) == ["fhir-search-value-absent"]

    run_two(steps, None, tmp_path)


def test_the_other_worker_says_what_changed_and_forgets_at_a_reset(tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        own = await hand(worker, "patient/*.cruds")
        answer = await own.ask("GET", LAB)
        assert "changed" not in await exchange(other, answer)
        await own.create(observation())
        assert (await exchange(other, answer))["changed"] == ["data"]
        await other.http.post("/admin/reset", json={"tenant": "general"})
        await worker.http.get("/general/r4/metadata")
        assert worker.sandbox.runtime.empty_searches.get(answer.headers["x-correlation-id"]) is None

    run_two(steps, None, tmp_path)


def test_a_worker_that_hangs_leaves_out_only_its_own_explanations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        own, there = await hand(worker, "user/*.rs"), await hand(other, "user/*.rs")
        hanging, known = await own.ask("GET", LAB), await there.ask("GET", LAB)
        await exchange(other, known)
        monkeypatch.setattr(worker_channel, "ANSWER_SECONDS", 0.2)
        async with worker.sandbox.runtime.explaining_one:
            assert ids(await exchange(other, hanging)) == ["fhir-search-empty"]
            assert ids(await exchange(other, known)) == ["fhir-search-value-absent"]

    run_two(steps, None, tmp_path)


def test_a_list_asks_for_a_limited_number_of_searches_and_only_for_those_of_other_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completion, "ASKED_SEARCHES", 2)

    async def steps(worker: Flow, other: Flow) -> None:
        asked: list[tuple[str, bytes]] = []
        channel = other.sandbox.runtime.channel
        assert channel is not None
        ask = channel.ask

        async def record(topic: str, question: bytes) -> list[bytes]:
            asked.append((topic, question))
            return await ask(topic, question)

        monkeypatch.setattr(channel, "ask", record)
        for flow, number in ((other, 1), (worker, 3)):
            own = await hand(flow, "user/*.rs")
            await asyncio.gather(*(own.ask("GET", LAB) for _ in range(number)))
        await other.http.get("/exchanges", headers={"Accept": "application/json"})
        ((_, question),) = [each for each in asked if each[0] == completion.TOPIC]
        assert question.count(b",", 0, question.index(b"]")) == 1

    run_two(steps, None, tmp_path)
