"""The database stops while Sickbay runs, or its disk is full; and the time after that."""

from __future__ import annotations

import resource
from pathlib import Path

import httpx2
import pytest
from tests.cli.command import sickbay
from tests.flows.flow import Flow, run
from tests.flows.writing import hand, observation
from tests.postgres import Server, server

from sickbay.storage.postgres import pool
from sickbay.testing.server import serving


def test_requests_get_503_while_the_database_is_down_and_work_again_afterwards(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "FAILOVER_SECONDS", 0.0)  # don't wait for another server
    with server(postgres.bin) as own:

        async def steps(flow: Flow) -> None:
            asking = await hand(flow, "system/*.cruds")
            created = await asking.create(observation(subject={"reference": "Patient/x"}))
            address = f"/Observation/{created['id']}"
            own.stop()
            for answer in (
                await asking.ask("GET", address),
                await asking.ask("POST", "/Observation", observation()),
                await asking.ask("GET", "/Observation?status=final"),
            ):
                assert answer.status_code == 503
                assert answer.json()["issue"][0]["code"] == "transient"
                assert answer.headers["x-correlation-id"]
                assert answer.headers["retry-after"] == "5"
                assert "postgresql" not in answer.text
            for path in ("/", "/general/oauth/authorize", "/admin/apps"):
                problem = await flow.http.get(path)
                assert (problem.status_code, problem.headers["retry-after"]) == (503, "5")
                page = await flow.http.get(path, headers={"Accept": "text/html"})
                assert (page.status_code, "<h1>The database is unavailable</h1>" in page.text) == (503, True)
            assert (await flow.http.get("/healthz")).status_code == 200
            readiness = await flow.http.get("/readyz")
            assert (readiness.status_code, readiness.headers["retry-after"]) == (503, "5")
            own.start()
            assert (await asking.ask("GET", address)).status_code == 200
            assert (await asking.ask("GET", "/Observation?_summary=count")).json()["total"] == 1
            await flow.sandbox.journal.flush()
            assert (await flow.http.get("/admin/exchanges?stage=access")).status_code == 200

        run(steps, tmp_path, data=own.address(), patients=0)


def test_writes_get_503_while_the_disk_is_full_and_work_again_afterwards(tmp_path: Path) -> None:
    """A limit on file sizes simulates the full disk. Reads still work."""
    with serving("--data", str(tmp_path), "--patients", "0") as live, httpx2.Client(base_url=live.base) as http:
        app = {"name": "Filler", "type": "system", "client": "symmetric", "scope": "system/*.cruds"}
        assert http.post("/admin/apps", json=app).status_code == 201
        token = http.post("/admin/tokens", json={"app": "Filler", "scope": app["scope"]}).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        assert http.get("/general/r4/Patient").json()["total"] == 0
        limits = resource.prlimit(live.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(live.process.pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
        refused = http.post("/general/r4/Patient", json={"resourceType": "Patient"})
        assert (refused.status_code, refused.json()["issue"][0]["code"]) == (503, "transient")
        assert refused.headers["retry-after"] == "60"
        assert "The disk with Sickbay's data is full;" in refused.json()["issue"][0]["diagnostics"]
        problem = http.post("/admin/reset", json={})
        assert (problem.status_code, problem.json()["title"]) == (503, "The disk is full")
        assert problem.headers["retry-after"] == "60"
        command = sickbay("token", "Filler", "--scope", "system/*.cruds", folder=tmp_path)
        assert (command.returncode, command.stderr.count("\n")) == (1, 1)
        assert http.get("/general/r4/Patient").json()["total"] == 0
        resource.prlimit(live.process.pid, resource.RLIMIT_FSIZE, limits)
        assert http.post("/general/r4/Patient", json={"resourceType": "Patient"}).status_code == 201
        assert http.get("/general/r4/Patient").json()["total"] == 1
