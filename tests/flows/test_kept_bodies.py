"""`--keep-bodies` over HTTP: bodies of FHIR requests in memory, for the administrator only, without secrets."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_snapshots import service_token

from sickbay.services import kept_bodies
from sickbay.testing.har import make_har

PATH = "/general/r4/Task"
TASK = {"resourceType": "Task", "status": "draft", "intent": "plan", "description": "Call Ms Oberholtzer"}


async def create(flow: Flow, **more: Any) -> tuple[str, dict[str, Any]]:
    """Create a task. Returns the id of its exchange, and the exchange."""
    headers = await service_token(flow)
    answer = await flow.http.post(PATH, json=TASK | more, headers=headers)
    assert answer.status_code == 201, answer.text
    id = answer.headers["x-correlation-id"]
    return id, (await flow.http.get(f"/admin/exchanges/{id}")).json()


def test_the_administrator_sees_the_bodies_of_fhir_requests(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id, exchange = await create(flow)
        assert exchange["bodies_kept"] is True
        assert json.loads(exchange["request"]["body"]) == TASK
        assert json.loads(exchange["response"]["body"])["description"] == TASK["description"]
        read = (await flow.http.get(f"/exchanges/{id}", headers={"Accept": "application/json"})).json()
        assert read == exchange
        entry = make_har([exchange])["log"]["entries"][0]
        assert "Oberholtzer" in entry["request"]["postData"]["text"]
        assert entry["request"]["postData"]["mimeType"].startswith("application/")
        assert "Oberholtzer" in entry["response"]["content"]["text"]
        page = (await flow.http.get(f"/exchanges/{id}", headers={"Accept": "text/html"})).text
        assert "These contain patients’ data as it was sent." in page
        assert "Oberholtzer" in page
        assert re.search(r"Response <span class=\"quiet small\">application/fhir\+json, \d+ B</span>", page)
        listed = (await flow.http.get("/exchanges?flat=1", headers={"Accept": "text/html"})).text
        assert "kept in memory" in listed
        assert re.search(rf'href="/exchanges/{id}#h-bodies">Bodies: \d+ B sent, \d+ B received</a>', listed)

    run(steps, tmp_path, keep_bodies=True)


def test_other_readers_tickets_the_list_and_the_journal_never_have_them(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id, _ = await create(flow, status="ready")
        stranger = {"Accept": "application/json", "Origin": "https://other.example"}
        for headers in (stranger, {"Accept": "text/plain"}):
            assert "Oberholtzer" not in (await flow.http.get(f"/exchanges/{id}", headers=headers)).text
        await flow.sandbox.journal.flush()
        stored = await flow.sandbox.runtime.store.get("exchange", id)
        assert stored is not None
        assert b"Oberholtzer" not in stored.value
        assert "Oberholtzer" not in (await flow.http.get("/admin/exchanges")).text
        assert (await flow.http.get("/admin/exchanges/unknown")).status_code == 404

    run(steps, tmp_path, keep_bodies=True)


def test_secrets_in_bodies_are_masked(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register(client="symmetric", client_secret="a-secret-of-my-own")
        headers = await service_token(flow)
        token = headers["Authorization"].partition(" ")[2]
        notes = [{"text": f"curl -H 'Authorization: Bearer {token}'"}, {"text": "with a-secret-of-my-own."}]
        _, exchange = await create(flow, note=notes)
        for part in ("request", "response"):
            assert token not in exchange[part]["body"]
            assert "a-secret-of-my-own" not in exchange[part]["body"]
            assert "curl" in exchange[part]["body"]

    run(steps, tmp_path, keep_bodies=True)


def test_without_the_switch_nothing_is_kept(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        _, exchange = await create(flow)
        assert flow.sandbox.runtime.kept_bodies is None
        assert "bodies_kept" not in exchange
        assert "Oberholtzer" not in json.dumps(exchange)

    run(steps, tmp_path)


def test_long_and_compressed_bodies_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(flow: Flow) -> None:
        monkeypatch.setattr("sickbay.web.middleware.bodies.BODY_BYTES", 2000)
        _, exchange = await create(flow, note=[{"text": "x" * 3000}])
        assert exchange["request"]["body"].startswith("‹not kept: 3,")
        headers = await service_token(flow) | {"Content-Encoding": "gzip"}
        for size, shown in ((10, "Call Ms"), (100_000, "‹not kept: ")):
            body = gzip.compress(json.dumps(TASK | {"note": [{"text": "x" * size}]}).encode())
            answer = await flow.http.post(PATH, content=body, headers=headers)
            assert answer.status_code == 201, answer.text
            exchange = (await flow.http.get(f"/admin/exchanges/{answer.headers['x-correlation-id']}")).json()
            assert shown in exchange["request"]["body"]

    run(steps, tmp_path, keep_bodies=True)


def test_the_oldest_are_dropped_and_a_reset_forgets_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(flow: Flow) -> None:
        kept = flow.sandbox.runtime.kept_bodies
        assert kept is not None
        first, _ = await create(flow)
        monkeypatch.setattr(kept_bodies, "TOTAL_BYTES", 5000)
        ids = [(await create(flow))[0] for _ in range(4)]
        assert kept.find(first) is None
        assert kept.find(ids[-1]) is not None
        assert kept._bytes <= 5000
        dropped = (await flow.http.get(f"/exchanges/{first}", headers={"Accept": "text/html"})).text
        assert "The bodies of this exchange are no longer in memory." in dropped
        await flow.http.post("/admin/reset", json={})
        assert kept.find(ids[-1]) is None
        assert kept._bytes == 0

    run(steps, tmp_path, keep_bodies=True)
