"""A client has a limited number of exports: in progress, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_exports import LATER, kick_off
from tests.flows.writing import hand

from sickbay.services import bulk_export


def test_too_many_exports_in_progress_are_refused_with_the_time_to_wait(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own, other = await hand(flow, "system/*.rs"), await hand(flow, "system/*.rs")
        answers = [await own.ask("GET", "/$export?_type=Patient", None, **LATER) for _ in range(40)]
        assert [answer.status_code for answer in answers] == [202] * 5 + [429] * 35
        refused = answers[-1]
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["issue"][0]["code"] == "throttled"
        assert (await other.ask("GET", "/$export?_type=Patient", None, **LATER)).status_code == 202
        await flow.http.post("/admin/clock", json={"advance": 5})
        assert (await own.ask("GET", "/$export?_type=Patient", None, **LATER)).status_code == 202

    run(steps, tmp_path)


def test_the_oldest_exports_of_a_client_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_export, "KEPT_OF_A_CLIENT", 3)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs")
        started = []
        for _ in range(5):
            started.append(await kick_off(own, "/$export?_type=Patient"))
            await flow.http.post("/admin/clock", json={"advance": 5})
        statuses = [(await own.ask("GET", status)).status_code for status in started]
        assert statuses == [404, 404, 200, 200, 200]

    run(steps, tmp_path)
