"""After a 403 for a missing scope: what the app does next is explained at its next refusal, by every worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow
from tests.flows.rows.test_resources import FHIR
from tests.flows.shared_app import SharedApp
from tests.flows.two_workers import run_two

PATIENT, OBSERVATION = "patient/Patient.rs", "patient/Observation.rs"
CONDITION, MEDICATION = "patient/Condition.rs", "patient/MedicationRequest.rs"


class StepUp:
    """An app that signs the user in for scopes, and reads types of resources."""

    def __init__(self, flow: Flow, app: dict[str, Any]) -> None:
        self.flow, self.app = flow, app
        self.tokens: dict[str, Any] = {}

    async def sign_in(self, *scopes: str) -> None:
        code = await self.flow.code(self.app, aud=FHIR, scope=" ".join(("launch/patient", *scopes)))
        self.tokens = (await self.flow.redeem(self.app, code)).json()

    async def refresh(self) -> None:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.tokens["refresh_token"],
            "client_id": self.app["client_id"],
        }
        self.tokens = (await self.flow.http.post("/general/oauth/token", data=form)).json()

    async def read(self, type: str) -> list[str]:
        """The findings of a search, after which two seconds pass."""
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}", "Accept": "application/fhir+json"}
        answer = await self.flow.http.get(f"/general/r4/{type}?_count=1", headers=headers)
        await self.flow.http.post("/admin/clock", json={"advance": 2})
        return [*await self.flow.findings(answer)] if answer.status_code == 403 else []


@pytest.mark.parametrize("user", ["okafor", "reyes"])
def test_what_an_app_does_after_a_missing_scope_is_named(shared_app: SharedApp, user: str) -> None:
    async def steps(flow: Flow) -> None:
        scope = f"launch/patient offline_access {PATIENT} {OBSERVATION} {CONDITION} {MEDICATION}"
        auto = {"user": user, "patient": "p-0001"}
        app = StepUp(flow, await flow.register(launch_uri=None, scope=scope, auto_approve=auto))
        await app.sign_in(PATIENT, "offline_access")
        assert await app.read("Observation") == ["fhir-insufficient-scope"]
        assert await app.read("Observation") == ["fhir-insufficient-scope"]
        await app.refresh()
        assert await app.read("Observation") == ["mcp-stepup-by-refresh"]
        await app.sign_in(PATIENT, "offline_access")
        assert await app.read("Observation") == ["mcp-stepup-same-scopes"]
        await app.sign_in(OBSERVATION)
        assert await app.read("Patient") == ["mcp-stepup-not-union"]
        await app.sign_in(PATIENT, OBSERVATION)
        assert await app.read("Condition") == ["fhir-insufficient-scope"]
        await app.sign_in(PATIENT, OBSERVATION, CONDITION)
        assert await app.read("MedicationRequest") == ["mcp-stepup-one-by-one"]
        await app.sign_in(PATIENT, OBSERVATION, CONDITION, MEDICATION)
        assert await app.read("MedicationRequest") == []

    shared_app.do(steps)


def test_an_app_that_asks_for_one_scope_after_the_other_is_told_all(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        auto = {"user": "okafor", "patient": "p-0001"}
        app = StepUp(
            flow,
            await flow.register(
                launch_uri=None, scope=f"launch/patient {PATIENT} {OBSERVATION} {CONDITION} {MEDICATION}", auto_approve=auto
            ),
        )
        found = []
        for held, next_type in (
            ((PATIENT,), "Observation"),
            ((PATIENT, OBSERVATION), "Condition"),
            ((PATIENT, OBSERVATION, CONDITION), "MedicationRequest"),
        ):
            await app.sign_in(*held)
            found += await app.read(next_type)
        assert found == ["fhir-insufficient-scope", "fhir-insufficient-scope", "mcp-stepup-one-by-one"]

    shared_app.do(steps)


def test_another_worker_knows_what_an_app_lacked_before(tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        auto = {"user": "okafor", "patient": "p-0001"}
        scope = f"launch/patient {PATIENT} {OBSERVATION}"
        here = StepUp(worker, await worker.register(launch_uri=None, scope=scope, auto_approve=auto))
        there = StepUp(other, here.app)
        await here.sign_in(PATIENT)
        assert await here.read("Observation") == ["fhir-insufficient-scope"]
        await there.sign_in(PATIENT)
        assert await there.read("Observation") == ["mcp-stepup-same-scopes"]
        await here.sign_in(OBSERVATION)
        assert await here.read("Patient") == ["mcp-stepup-not-union"]

    run_two(steps, None, tmp_path)
