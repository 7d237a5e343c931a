"""The database goes away under a running Sickbay, and comes back."""

from __future__ import annotations

from pathlib import Path

from tests.flows.flow import Flow, run
from tests.flows.writing import hand, observation
from tests.postgres import Server, server


def test_while_the_database_is_away_it_is_said_and_afterwards_all_goes_on(postgres: Server, tmp_path: Path) -> None:
    with server(postgres.bin) as own:

        async def steps(flow: Flow) -> None:
            asking = await hand(flow, "system/*.cruds")
            made = await asking.made(observation(subject={"reference": "Patient/x"}))
            address = f"/Observation/{made['id']}"
            own.stop()
            for answer in (
                await asking.ask("GET", address),
                await asking.ask("POST", "/Observation", observation()),
                await asking.ask("GET", "/Observation?status=final"),
            ):
                assert answer.status_code == 503
                assert answer.json()["issue"][0]["code"] == "transient"
                assert answer.headers["x-correlation-id"]
                assert "postgresql" not in answer.text
            for path in ("/", "/general/oauth/authorize", "/admin/apps"):
                assert (await flow.http.get(path)).status_code == 503
            assert (await flow.http.get("/healthz")).status_code == 200
            assert (await flow.http.get("/readyz")).status_code == 503
            own.start()
            assert (await asking.ask("GET", address)).status_code == 200
            assert (await asking.ask("GET", "/Observation?_summary=count")).json()["total"] == 1
            await flow.sandbox.journal.flush()
            assert (await flow.http.get("/admin/exchanges?stage=access")).status_code == 200

        run(steps, tmp_path, data=own.address(), patients=0)
