"""A token response that gives less than the app requested says so, and the FHIR request that fails for it names that moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import FEW_PATIENTS, REDIRECT, Flow, run
from tests.flows.silent_app import JSON, SilentApp

PUBLIC = {"Accept": "application/json", "Origin": "https://other.example.org"}


async def findings_of(flow: Flow, answer: Any, headers: dict[str, str] = JSON) -> dict[str, dict[str, Any]]:
    exchange = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers=headers)
    return {finding["id"]: finding for finding in exchange.json()["findings"]}


async def token_exchange(flow: Flow) -> dict[str, Any]:
    return dict((await flow.http.get("/admin/exchanges?stage=token")).json()[-1])


async def dropped_scope(app: SilentApp) -> Any:
    await app.register(scope="launch openid fhirUser patient/Patient.rs", scope_mode="lenient")
    await app.opens()
    await app.asks(scope="launch openid patient/Patient.rs patient/Observation.rs")
    await app.redeems()
    return await app.reads("Observation?patient=p-0001")


async def no_refresh_token(app: SilentApp) -> Any:
    await app.register()
    await app.works()
    app.waits(4000)
    return await app.reads()


async def short_lifetime(app: SilentApp) -> Any:
    await app.register(token_lifetime=90)
    await app.works(scope="launch online_access patient/Patient.rs")
    app.waits(100)
    return await app.reads()


async def no_patient(app: SilentApp) -> Any:
    await app.register()
    launch = await app.flow.http.post("/admin/launches", json={"app": app.app["app_id"]})
    app.launch = launch.json()["launch"]
    await app.asks(scope="launch openid user/Patient.rs user/Observation.rs", redirect_uri=REDIRECT)
    await app.redeems()
    return await app.reads("Observation?patient=undefined")


@pytest.mark.parametrize(
    ("script", "advice", "finding", "says"),
    [
        (dropped_scope, "granted-scopes-narrower", "fhir-insufficient-scope", "`patient/Observation.rs` isn't registered"),
        (no_refresh_token, "", "fhir-token-expired", "had no refresh token: Neither offline_access nor online_access"),
        (
            short_lifetime,
            "token-lifetime-reduced",
            "fhir-token-expired",
            "had a short lifetime: The access token is valid for 90",
        ),
        (no_patient, "context-patient-missing", "fhir-patient-undefined", "had no patient: The EHR launched the app without"),
    ],
)
def test_a_request_that_fails_for_what_the_token_lacks_names_the_token_response(
    script: Any, advice: str, finding: str, says: str, tmp_path: Path
) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        failed = await script(app)
        assert failed.status_code >= 400
        token = await token_exchange(flow)
        assert not advice or advice in {entry["id"] for entry in token["findings"]}
        explained = (await findings_of(flow, failed))[finding]
        assert says in explained["why"]
        assert explained["see"] == [f"/exchanges/{token['id']}"]
        page = await flow.http.get(f"/exchanges/{failed.headers['x-correlation-id']}", headers={"Accept": "text/html"})
        assert f'<a href="/exchanges/{token["id"]}">Where it began</a>' in page.text
        public = (await findings_of(flow, failed, PUBLIC))[finding]
        assert says not in public["why"]
        assert "see" not in public

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_a_request_that_needs_what_was_never_requested_has_no_earlier_moment(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        await app.works(scope="launch openid patient/Patient.rs")
        explained = (await findings_of(flow, await app.reads("Observation?patient=p-0001")))["fhir-insufficient-scope"]
        assert "see" not in explained

    run(steps, tmp_path, patients=FEW_PATIENTS)
