"""A recorded request is sent again: corrected, or changed by a person, with fresh values and without rights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.flows.flow import Flow
from tests.flows.resend_refusals import REFUSALS, World, make_world
from tests.flows.shared_app import Sitting, sitting

JSON = {"accept": "application/json"}
NOT_SENT = {
    "fhir-insufficient-scope": "another scope has to be granted first, so there is no corrected request",
    "fhir-search-unknown-param": "the journal masks the value of a parameter that it doesn't know",
    "fhir-date-malformed": "Sickbay can't know which date was meant",
    "reg-redirect-uri-has-fragment": "only the administrator registers apps",
}
"""The refusals whose request isn't corrected and sent with one click, and the reason."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sitting]:
    with sitting(tmp_path_factory.mktemp("resend")) as opened:
        yield opened


async def read_exchange(flow: Flow, id: str) -> dict[str, Any]:
    return dict((await flow.http.get(f"/exchanges/{id}", headers=JSON)).json())


async def resend(flow: Flow, id: str, **body: Any) -> httpx2.Response:
    return await flow.http.post(f"/admin/exchanges/{id}/resend", json=body)


def id_of(answer: httpx2.Response) -> str:
    return str(answer.headers["x-correlation-id"])


def is_refused(exchange: dict[str, Any]) -> bool:
    return any(finding["severity"] == "error" for finding in exchange["findings"])


async def count_grants(flow: Flow) -> dict[str, int]:
    store = flow.sandbox.runtime.store
    return {kind: len(await store.find(kind, limit=100)) for kind in ("code", "family", "token", "launch", "pending")}


async def begin(flow: Flow) -> World:
    await flow.http.post("/admin/reset", json={"everything": True})
    flow.cookies.clear()
    flow.http.headers.pop("cookie", None)
    return await make_world(flow)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal.stage}-{refusal.finding}")
def test_the_corrected_request_is_granted(shared: Sitting, refusal: Any) -> None:
    async def steps(flow: Flow) -> None:
        answer = await refusal.send(await begin(flow))
        original = await read_exchange(flow, id_of(answer))
        refused = {finding["id"] for finding in original["findings"] if finding["severity"] == "error"}
        assert refusal.finding in refused
        before = await count_grants(flow)
        sent = await resend(flow, original["id"], corrected=True)
        assert await count_grants(flow) == before
        if refusal.finding in NOT_SENT:
            assert sent.status_code == 422, sent.text
            return
        assert sent.status_code == 200, sent.text
        result = sent.json()
        assert 200 <= result["status"] < 400
        assert not is_refused(result["exchange"])
        assert "error" not in parse_qs(urlsplit(result["exchange"]["response"]["headers"].get("location", "")).query)
        assert result["exchange"]["resent_from"] == original["id"]
        assert result["exchange"]["launch"] is None

    shared.do(steps)


def test_at_least_fifty_refusals_of_ten_stages_are_in_the_table() -> None:
    assert len(REFUSALS) - len(NOT_SENT) >= 50
    assert len({refusal.stage for refusal in REFUSALS}) >= 10
    assert {*NOT_SENT} <= {refusal.finding for refusal in REFUSALS}
