"""The exchange of a request with a fault shows the response that was sent, and says what the fault changed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.fault_requests import exchange, get, grant, inject
from tests.flows.flow import FEW_PATIENTS, Flow, run

JSON = "application/fhir+json"
CASES: list[tuple[str, dict[str, Any], dict[str, str], str]] = [
    ("truncate", {"bytes": 10}, {"content-type": JSON}, "Only 10 of the "),
    (
        "content-type",
        {"content_type": "text/plain"},
        {"content-type": "text/plain"},
        "The fault changed `Content-Type` from `application/fhir+json",
    ),
    ("encoding", {}, {"content-encoding": "gzip"}, "The fault added `Content-Encoding: gzip`."),
    ("member", {"remove": ["name"]}, {"content-type": JSON}, "The fault changed the body from "),
    ("body", {"body": "{}", "status": 502}, {"content-type": "application/json", "content-length": "2"}, "without handling"),
    ("status", {"status": 503, "retry_after": 7}, {"content-type": JSON, "retry-after": "7"}, "without handling"),
]
"""The kind, its members, headers of the response, and what the page says."""


@pytest.mark.parametrize("is_refused", [False, True], ids=["granted", "refused"])
@pytest.mark.parametrize(("kind", "members", "headers", "says"), CASES, ids=[case[0] for case in CASES])
def test_the_exchange_shows_the_response_that_was_sent(
    tmp_path: Path, kind: str, members: dict[str, Any], headers: dict[str, str], says: str, is_refused: bool
) -> None:
    if is_refused and kind == "member":
        members = {"remove": ["issue"]}

    async def steps(flow: Flow) -> None:
        token = (await grant(flow))["access_token"]
        await inject(flow, kind, **members)
        path = "Condition?patient=p-0001" if is_refused else "Patient/p-0001"  # its scopes don't cover conditions
        request = flow.http.build_request("GET", f"/general/r4/{path}", headers={"Authorization": f"Bearer {token}"})
        response = await flow.http.send(request, stream=True)
        sent = b"".join([part async for part in response.aiter_raw()])
        shown = await exchange(flow, response)
        assert shown["response"]["status"] == response.status_code
        assert {name: shown["response"]["headers"][name] for name in headers if name != "content-type"} == {
            name: value for name, value in headers.items() if name != "content-type"
        }
        assert shown["response"]["headers"]["content-type"] == response.headers["content-type"]
        assert shown["response"]["headers"]["content-length"] == response.headers["content-length"]
        assert says in shown["injected"]["changed"]
        assert kind != "truncate" or len(sent) == 10
        page = await flow.http.get(f"/exchanges/{shown['id']}", headers={"Accept": "text/html"})
        assert "which you injected. " in page.text

    run(steps, tmp_path, patients=FEW_PATIENTS)


@pytest.mark.parametrize("kind", ["delay", "slow", "member"])
def test_a_fault_that_changes_nothing_of_a_response_says_nothing_about_it(tmp_path: Path, kind: str) -> None:
    members: dict[str, dict[str, Any]] = {
        "delay": {"seconds": 0},
        "slow": {"bytes_per_second": 1_000_000},
        "member": {"set": {}, "remove": ["unknown"]},
    }

    async def steps(flow: Flow) -> None:
        token = (await grant(flow))["access_token"]
        fault = await inject(flow, kind, **members[kind])
        shown = await exchange(flow, await get(flow, "Patient/p-0001", token))
        assert shown["injected"] == {"fault": fault, "kind": kind}

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_an_exchange_that_was_written_before_its_response_was_changed_shows_the_response_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(flow: Flow) -> None:
        token = (await grant(flow))["access_token"]
        await inject(flow, "content-type", content_type="text/plain")
        journal = flow.sandbox.journal
        held = journal.hold

        def hold_and_flush(sent: Any) -> None:
            held(sent)
            flushes.append(asyncio.ensure_future(journal.flush()))

        flushes: list[asyncio.Future[None]] = []
        monkeypatch.setattr(journal, "hold", hold_and_flush)
        response: httpx2.Response = await get(flow, "Patient/p-0001", token)
        await asyncio.gather(*flushes)
        shown = await exchange(flow, response)
        assert shown["response"]["headers"]["content-type"] == "text/plain"

    run(steps, tmp_path, patients=FEW_PATIENTS)
