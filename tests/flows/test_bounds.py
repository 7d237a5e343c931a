"""Limits of responses in bytes: pages become shorter, batches end with errors, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_bundles import bundle, entry
from tests.flows.writing import R4, TokenClient, hand, observation

from sickbay.kernel import budget
from sickbay.services import everything
from sickbay.storage.query import history, includes, keyset
from sickbay.web import http_request
from sickbay.web.fhir.interactions import batch, bundle_entry
from sickbay.web.fhir.operations import lastn

ALL = "system/*.cruds"
BYTES = 20_000
SIZE = 3_000
COUNT = 30
Engine = Callable[[], str | None]


def large(number: int, **more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "urn:large", "code": "large"}], "text": "x" * SIZE}
    return observation("large", code=code, identifier=[{"system": "urn:n", "value": str(number)}]) | more


async def fill(own: TokenClient) -> set[str]:
    """Create a patient with large observations; returns their ids."""
    answer = await own.ask("PUT", "/Patient/large", {"resourceType": "Patient", "id": "large"})
    assert answer.status_code in (200, 201)
    return {(await own.create(large(number)))["id"] for number in range(COUNT)}


@pytest.fixture(autouse=True)
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (keyset, history, includes, everything, lastn):
        monkeypatch.setattr(module, "BYTES", BYTES)
    monkeypatch.setattr(bundle_entry, "ANSWER", 2 * BYTES)


async def all_pages(own: TokenClient, path: str, mode: str = "match") -> tuple[list[str], list[int]]:
    """The ids of all pages, and the bytes of each page."""
    ids, sizes, following = [], [], path
    while following:
        answer = await own.ask("GET", following)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        ids += [item["resource"]["id"] for item in body.get("entry", []) if item.get("search", {}).get("mode", mode) == mode]
        sizes.append(len(answer.content))
        link = next((link["url"] for link in body["link"] if link["relation"] == "next"), "")
        following = (lambda at: f"{at.path.removeprefix(R4)}?{at.query}")(urlsplit(link)) if link else ""
    return ids, sizes


PATHS = (
    "/Observation?code=urn:large|large&_count=1000",
    "/Observation?patient=large&_count=1000",
    "/Observation?patient=large&_count=1000&_sort=-date",
    "/Observation?code=urn:large|large&_sort=_lastUpdated&_count=1000",
    "/Observation?identifier=urn:n|&_count=20",
    "/?_type=Observation,Patient&_count=1000&_lastUpdated=gt2000",
    "/Observation/_history?_count=1000",
    "/Patient/large/$everything",
    "/Patient/large/$everything?_count=12",
)


def test_pages_of_large_resources_are_shorter_and_contain_each_match_once(tmp_path: Path, engine: Engine) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        every = await fill(own)
        for path in PATHS:
            ids, sizes = await all_pages(own, path)
            assert len(ids) == len(set(ids)), path
            assert every <= set(ids), path
            assert len(sizes) > 2, path
            assert max(sizes) < 2 * BYTES, (path, sizes)
            again, _ = await all_pages(own, path)  # also when it comes from the cache
            assert again == ids, path

    run(steps, tmp_path, data=engine() or str(tmp_path), patients=0)


def test_a_condition_distinguishes_one_match_from_several_at_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset, "BYTES", 10)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        every = await fill(own)
        several = await own.ask("PUT", "/Observation?code=urn:large|large", large(1))
        assert several.status_code == 412
        response = await own.ask("PUT", "/Observation?identifier=urn:n|3", large(3))
        assert response.status_code == 200
        moved = {"reference": "Observation?code=urn:large|large"}
        refused = await own.ask("POST", "", bundle("transaction", entry("POST", "Observation", observation(hasMember=[moved]))))
        assert refused.status_code == 412
        assert "several" in refused.text
        await flow.http.patch("/admin/policies/general", json={"multiple_deletes": True})
        gone = await own.ask("DELETE", "/Observation?code=urn:large|large")
        assert gone.status_code == 204, gone.text
        left, _ = await all_pages(own, "/Observation?code=urn:large|large")
        assert left == []
        assert len(every) == COUNT

    run(steps, tmp_path)


def test_includes_beyond_the_limit_are_left_out_with_a_warning(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        await fill(own)
        answer = await own.ask("GET", "/Patient?_id=large&_revinclude=Observation:patient")
        modes = [item["search"]["mode"] for item in answer.json()["entry"]]
        assert 1 < modes.count("include") < 10
        assert modes.count("outcome") == 1
        assert "Some included resources don't fit on the page" in answer.text
        assert len(answer.content) < 2 * BYTES

    run(steps, tmp_path)


def test_a_batch_answers_507_beyond_the_limit_and_executes_nothing_after_it(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        await fill(own)
        search = entry("GET", "Observation?code=urn:large|large&_count=1000")
        last = entry("POST", "Observation", observation("late"))
        answer = await own.ask("POST", "", bundle("batch", *[search] * 8, last))
        assert answer.status_code == 200
        entries = answer.json()["entry"]
        statuses = [item["response"]["status"][:3] for item in entries]
        assert len(statuses) == 9
        assert statuses[0] == "200"
        assert statuses[-2] == "507"
        outcome = entries[-2]["response"]["outcome"]["issue"][0]
        assert outcome["code"] == "too-costly"
        assert f"{16_000_000:,} bytes" in outcome["diagnostics"]
        assert len(answer.content) < 3 * BYTES
        response = await own.ask("GET", "/Observation?patient=late")
        assert ("entry" in response.json()) == (statuses[-1] == "201")

    run(steps, tmp_path)


def test_a_write_in_a_batch_is_confirmed_at_any_size(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        writes = [entry("POST", "Observation", large(number)) for number in range(20)]
        answer = await own.ask("POST", "", bundle("batch", *writes))
        statuses = [item["response"]["status"][:3] for item in answer.json()["entry"]]
        assert statuses == sorted(statuses)
        assert set(statuses) == {"201", "507"}
        ids, _ = await all_pages(own, "/Observation?code=urn:large|large")
        assert len(ids) == statuses.count("201")

    run(steps, tmp_path)


def test_a_transaction_whose_reads_exceed_the_limit_is_refused_unchanged(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        await fill(own)
        search = entry("GET", "Observation?code=urn:large|large&_count=1000")
        write = entry("POST", "Observation", observation("late"))
        answer = await own.ask("POST", "", bundle("transaction", write, *[search] * 4))
        assert answer.status_code == 507, answer.text
        assert "entry" not in (await own.ask("GET", "/Observation?patient=late")).json()
        smaller = await own.ask("POST", "", bundle("transaction", write, search))
        assert smaller.status_code == 200, smaller.text

    run(steps, tmp_path)


def test_a_batch_that_takes_too_long_answers_the_rest_with_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "SECONDS", -1)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        answer = await own.ask("POST", "", bundle("batch", entry("GET", "Patient"), entry("GET", "Patient")))
        assert [item["response"]["status"][:3] for item in answer.json()["entry"]] == ["503", "503"]

    run(steps, tmp_path)


def test_other_requests_are_answered_during_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "SLICE", 0)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        order: list[str] = []

        async def batch() -> None:
            await own.ask("POST", "", bundle("batch", *[entry("GET", "Patient?_count=1")] * 200))
            order.append("batch")

        async def health() -> None:
            await asyncio.sleep(0)
            await flow.http.get("/healthz")
            order.append("health")

        await asyncio.gather(batch(), health())
        assert order == ["health", "batch"]

    run(steps, tmp_path)


def test_a_body_with_too_many_values_is_refused_before_parsing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_request, "VALUES", 100_000)
    many = b'{"resourceType":"Bundle","type":"batch","entry":[' + b",".join([b"{}"] * 100_000) + b"]}"
    assert http_request.count_values(many) > 100_000

    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        answer = await own.ask("POST", "", many)
        assert answer.status_code == 413
        assert answer.json()["issue"][0]["code"] == "too-long"
        fits = await own.ask("POST", "/Observation", large(1, note=[{"text": "x" * 300_000}]))
        assert fits.status_code == 201

    run(steps, tmp_path)


def test_lastn_beyond_the_limit_is_an_error_and_not_a_partial_response(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        await fill(own)
        assert (await own.ask("GET", "/Observation/$lastn?patient=large&max=2")).status_code == 200
        answer = await own.ask("GET", "/Observation/$lastn?patient=large&max=30")
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (507, "too-costly")

    run(steps, tmp_path)


def test_after_a_response_that_does_not_fit_no_read_is_executed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        await fill(own)
        search = entry("GET", "Observation?code=urn:large|large&_count=1000")
        answer = await own.ask("POST", "", bundle("batch", *[search] * 8, entry("POST", "Observation", observation("late"))))
        responses = [item["response"] for item in answer.json()["entry"]]
        said = [response["outcome"]["issue"][0]["diagnostics"] for response in responses if response["status"][:3] == "507"]
        assert "was left out" in said[0]
        assert all("wasn't executed" in text for text in said[1:])
        assert responses[-1]["status"][:3] == "201"

    run(steps, tmp_path)


def test_the_reads_of_a_bundle_have_a_limited_time_and_its_writes_are_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_entry, "READ_SECONDS", 0)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, ALL)
        reads, write = [entry("GET", "Patient")] * 2, entry("POST", "Observation", observation("late"))
        answer = await own.ask("POST", "", bundle("batch", *reads, write))
        responses = [item["response"] for item in answer.json()["entry"]]
        assert [response["status"][:3] for response in responses] == ["200", "507", "201"]
        assert responses[1]["outcome"]["issue"][0]["code"] == "too-costly"
        refused = await own.ask("POST", "", bundle("transaction", *reads, write))
        assert (refused.status_code, refused.json()["issue"][0]["code"]) == (507, "too-costly")
        conditional = entry("POST", "Observation", observation("late"))
        conditional["request"]["ifNoneExist"] = "code=x|y"
        refused = await own.ask("POST", "", bundle("transaction", conditional, conditional))
        assert (refused.status_code, refused.json()["issue"][0]["code"]) == (507, "too-costly")
        found = await own.ask("GET", "/Observation?patient=late")
        assert len(found.json()["entry"]) == 1

    run(steps, tmp_path)
