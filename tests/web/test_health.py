"""The addresses for monitoring: what /healthz and /readyz promise, and what /metrics counts over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run

from sickbay.settings.database import Unavailable


async def series(flow: Flow) -> dict[str, float]:
    text = (await flow.http.get("/metrics")).text
    return {name: float(number) for name, number in re.findall(r"^([^# ]\S*) (\S+)$", text, re.M)}


async def add(flow: Flow, request: Callable[[], Any]) -> dict[str, float]:
    """The series that a request changes, without those of /metrics itself."""
    before = await series(flow)
    await request()
    after = await series(flow)
    return {
        name: number - before.get(name, 0)
        for name, number in after.items()
        if name.startswith("sickbay_re") and number != before.get(name, 0) and "health" not in name and "bytes" not in name
    }


def counts(changes: dict[str, float]) -> dict[str, float]:
    return {name: number for name, number in changes.items() if not re.search("_bucket|_sum|_created", name)}


def test_requests_are_counted_by_stage_outcome_rule_and_kind_of_address(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        tokens = await flow.complete_launch()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        paths = {
            "/general/r4/Patient?name=Peters": "fhir_search",
            f"/general/r4/Patient/{tokens['patient']}": "fhir_read",
            f"/general/r4/Patient/{tokens['patient']}/_history": "fhir_other",
        }
        for path, kind in paths.items():
            assert counts(await add(flow, partial(flow.http.get, path, headers=bearer))) == {
                f'sickbay_request_duration_seconds_count{{kind="{kind}"}}': 1,
                'sickbay_requests_total{outcome="granted",stage="access"}': 1,
            }, path
        changes = counts(await add(flow, lambda: flow.http.get("/general/r4/Patient/p-0001")))
        assert changes == {
            'sickbay_request_duration_seconds_count{kind="fhir_read"}': 1,
            'sickbay_requests_total{outcome="refused",stage="access"}': 1,
            'sickbay_refusals_total{rule="fhir-token-missing",stage="access"}': 1,
        }
        changes = counts(await add(flow, lambda: flow.http.post("/general/r4/Patient", json={}, headers=bearer)))
        assert changes['sickbay_request_duration_seconds_count{kind="fhir_write"}'] == 1
        changes = counts(await add(flow, lambda: flow.http.get("/rules")))
        assert changes == {'sickbay_request_duration_seconds_count{kind="page"}': 1}
        changes = counts(await add(flow, lambda: flow.http.post("/general/oauth/token", data={"grant_type": "password"})))
        assert changes['sickbay_request_duration_seconds_count{kind="oauth"}'] == 1
        assert changes['sickbay_requests_total{outcome="refused",stage="token"}'] == 1

    run(steps, tmp_path)


def test_issued_tokens_are_counted_by_grant(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        def issue(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
            names = {name for name in after if name.startswith("sickbay_tokens_issued_total")}
            return {name.split('"')[1]: after[name] - before[name] for name in names if after[name] != before[name]}

        before = await series(flow)
        app = await flow.register()
        await flow.complete_launch()
        launched = await series(flow)
        assert issue(before, launched) == {"authorization_code": 1}
        body = {"app": app["app_id"], "scope": "user/Patient.rs", "user": await flow.clinician()}
        assert (await flow.http.post("/admin/tokens", json=body)).status_code == 201
        assert issue(launched, await series(flow)) == {"admin": 1}

    run(steps, tmp_path)


def test_the_size_of_the_database_and_its_waiting_writes_are_reported(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        numbers = await series(flow)
        assert numbers["sickbay_database_bytes"] == await flow.sandbox.runtime.store.database_size() > 10_000
        assert numbers["sickbay_database_writes_waiting"] == 0

    run(steps, tmp_path)


def test_without_its_database_sickbay_is_alive_but_not_ready_and_still_reports_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(flow: Flow) -> None:
        async def away(*_: Any, **__: Any) -> Any:
            raise Unavailable("The database is away")

        for name in ("get", "journal_size", "database_size"):
            monkeypatch.setattr(type(flow.sandbox.runtime.store), name, away)
        assert (await flow.http.get("/healthz")).status_code == 200
        assert (await flow.http.get("/readyz")).status_code == 503
        assert (await flow.http.get("/metrics")).status_code == 200

    run(steps, tmp_path)
