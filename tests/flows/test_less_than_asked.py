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
    await app.open_launch()
    await app.authorize(scope="launch openid patient/Patient.rs patient/Observation.rs")
    await app.redeem_code()
    return await app.read("Observation?patient=p-0001")


async def no_refresh_token(app: SilentApp) -> Any:
    await app.register()
    await app.complete_launch()
    app.wait(4000)
    return await app.read()


async def short_lifetime(app: SilentApp) -> Any:
    await app.register(token_lifetime=90)
    await app.complete_launch(scope="launch online_access patient/Patient.rs")
    app.wait(100)
    return await app.read()


async def no_patient(app: SilentApp) -> Any:
    await app.register()
    launch = await app.flow.http.post("/admin/launches", json={"app": app.app["app_id"]})
    app.launch = launch.json()["launch"]
    await app.authorize(scope="launch openid user/Patient.rs user/Observation.rs", redirect_uri=REDIRECT)
    await app.redeem_code()
    return await app.read("Observation?patient=undefined")


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
        await app.complete_launch(scope="launch openid patient/Patient.rs")
        explained = (await findings_of(flow, await app.read("Observation?patient=p-0001")))["fhir-insufficient-scope"]
        assert "see" not in explained

    run(steps, tmp_path, patients=FEW_PATIENTS)


async def approve_for_another_patient(app: SilentApp) -> None:
    await app.register(auto_approve={"user": await app.flow.clinician(), "patient": "p-0002"})
    await app.open_launch()
    await app.authorize()
    await app.redeem_code()


async def hint_of_another_user(app: SilentApp) -> None:
    await app.register(type="patient", auto_approve={"user": "timothy"}, launch_uri=None)
    await app.authorize(scope="openid launch/patient patient/*.rs", login_hint="ines")
    assert (await app.redeem_code())["patient"] == "p-0017"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (approve_for_another_patient, "auto_approve of the app names `p-0002`, and the launch was for `p-0001`"),
        (hint_of_another_user, "login_hint named `ines`, and `timothy` signed in, whose own record it is."),
    ],
)
def test_another_patient_than_the_expected_one_is_said_only_to_the_administrator(
    script: Any, says: str, tmp_path: Path
) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await script(app)
        token = await token_exchange(flow)
        (finding,) = (entry for entry in token["findings"] if entry["id"] == "context-patient-differs")
        assert finding["severity"] == "warning"
        assert says in finding["why"]
        public = (await flow.http.get(f"/exchanges/{token['id']}", headers=PUBLIC)).json()
        (hidden,) = (entry for entry in public["findings"] if entry["id"] == "context-patient-differs")
        assert says not in str(hidden)

    run(steps, tmp_path)


async def same_patient(app: SilentApp) -> None:
    await app.register(auto_approve={"user": await app.flow.clinician(), "patient": "p-0001"})
    await app.open_launch()
    await app.authorize(login_hint=await app.flow.clinician())
    await app.redeem_code()


async def no_patient_in_auto_approve(app: SilentApp) -> None:
    await app.register()
    await app.open_launch()
    await app.authorize(login_hint="someone-else")
    await app.redeem_code()


@pytest.mark.parametrize("script", [same_patient, no_patient_in_auto_approve])
def test_a_patient_is_never_called_unexpected_without_proof(script: Any, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await script(SilentApp(flow))
        assert "context-patient-differs" not in {finding["id"] for finding in (await token_exchange(flow))["findings"]}

    run(steps, tmp_path, patients=FEW_PATIENTS)


@pytest.mark.parametrize("path", ["Patient/p-0001", "Observation?patient=p-0001", "Observation?patient=Patient/p-0001"])
def test_a_request_for_the_patient_of_an_earlier_launch_names_both_launches(path: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        await app.complete_launch()
        await app.open_launch("p-0002")
        await app.authorize()
        await app.redeem_code()
        token = (await flow.http.get("/admin/exchanges?stage=token")).json()[0]
        explained = await findings_of(flow, await app.read(path))
        finding = explained.get("fhir-wrong-patient") or explained["fhir-search-patient-outside-token"]
        assert "gave `p-0002`. The app got `p-0001` in another launch, and may have kept it." in finding["why"]
        assert finding["see"] == [f"/exchanges/{token['id']}"]
        never = await findings_of(flow, await app.read(path.replace("p-0001", "p-0003")))
        assert not any("see" in finding for finding in never.values())

    run(steps, tmp_path, patients=FEW_PATIENTS)
