"""The tools for agents propose calls that can succeed, and say the fix in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.agents.calls import call
from tests.flows.flow import Flow, run


def _next(result: dict[str, Any]) -> dict[str, Any]:
    return {"tool": result["next"][0]["tool"], **result["next"][0]["arguments"]}


def test_the_next_call_after_a_token_reads_what_its_scopes_permit(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = (await flow.register(scope="openid patient/Patient.rs patient/Observation.rs"))["app_id"]
        for scope in ("patient/Patient.rs", "patient/Observation.rs", "openid"):
            issued = await call(flow.http, "token", app=app, scope=scope, patient="p-0002")
            read = await call(flow.http, **_next(issued))
            assert read["status"] == 200, scope
            assert read.get("total", 1) > 0, scope
        alone = await call(flow.http, "token", app=app, scope="patient/Observation.rs")
        issued = await call(flow.http, **_next(alone))
        assert (await call(flow.http, **_next(issued)))["total"] > 0
        await call(flow.http, "faults", clock="+2h")
        expired = await call(flow.http, **_next(issued))
        assert (expired["status"], expired["rules"]) == (401, ["fhir-token-expired"])
        again = expired["next"][1]
        renewed = await call(flow.http, again["tool"], **again["arguments"])
        assert (await call(flow.http, **_next(renewed)))["status"] == 200

    run(steps, tmp_path)


def test_an_empty_search_is_explained_in_sentences(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = (await flow.register(scope="patient/Observation.rs"))["app_id"]
        issued = await call(flow.http, "token", app=app, scope="patient/Observation.rs", patient="p-0001")
        empty = await call(flow.http, "fhir", path="Observation?patient=p-0001&code=1234-99", token=issued["token"])
        found = (await call(flow.http, **_next(empty)))["findings"][0]
        assert found["id"] == "fhir-search-value-absent"
        assert found["fix"].startswith("Use a value that occurs, such as `‹instruction›`, which finds ")

    run(steps, tmp_path)
