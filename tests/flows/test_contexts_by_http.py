"""The launch context on its way to the token response: patient, visit, style, banner and the rest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.flows.flow import BASE, Flow, receive, run
from tests.flows.later_effects import LaterEffects
from tests.flows.test_ehr_by_http import HTML, field, sign_in

SCOPE = "launch launch/patient launch/encounter openid fhirUser patient/*.rs user/*.rs"


async def launched_tokens(flow: Flow, more: dict[str, Any], **launch: Any) -> dict[str, Any]:
    """The token response of a launch with this context, to an app registered with `more`."""
    app = await flow.register(scope=SCOPE, **more)
    created_launch = await flow.launch(app, **launch)
    answer = await flow.redeem(app, await flow.code(app, launch=created_launch["launch"]))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_every_member_of_the_launch_context_reaches_the_app(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        items = [{"reference": "ImagingStudy/i-1", "role": "https://example.org/roles/current"}]
        tokens = await launched_tokens(
            flow,
            {},
            encounter="p-0001-e01",
            intent="reconcile",
            app_context="card-7",
            fhir_context=items,
            need_patient_banner=False,
        )
        assert tokens["patient"] == "p-0001"
        assert tokens["encounter"] == "p-0001-e01"
        assert tokens["fhirContext"] == items
        assert (tokens["intent"], tokens["appContext"], tokens["tenant"]) == ("reconcile", "card-7", "general")
        assert tokens["need_patient_banner"] is False
        style = await flow.http.get(tokens["smart_style_url"])
        assert tokens["smart_style_url"].startswith(f"{BASE}/general/smart-style/")
        assert style.headers["access-control-allow-origin"] == "*"
        assert len(style.json()) == 11

    run(steps, tmp_path)


def test_an_app_of_an_older_smart_version_gets_the_context_of_that_version(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        tokens = await launched_tokens(flow, {"smart_release": "2.0"}, fhir_context=["ImagingStudy/i-1"])
        assert tokens["fhirContext"] == ["ImagingStudy/i-1"]
        tokens = await launched_tokens(flow, {"smart_version": 1, "name": "Old"}, fhir_context=["ImagingStudy/i-1"], intent="x")
        assert "fhirContext" not in tokens
        assert "tenant" not in tokens
        assert tokens["intent"] == "x"

    run(steps, tmp_path)


def test_an_invalid_fhir_context_creates_no_launch(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        body = {"app": app["app_id"], "fhir_context": [{"type": "Task"}]}
        answer = await flow.http.post("/admin/launches", json=body)
        assert answer.status_code == 422
        assert "fhirContext[0]" in answer.json()["title"]

    run(steps, tmp_path)


def test_a_launch_with_another_patients_visit_is_refused(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = await flow.launch(app, encounter="p-0002-e01")
        answer = await flow.authorize(app, launch=launch["launch"])
        assert receive(answer)["error"] == "access_denied"
        assert "patient-not-accessible" in await flow.findings(answer)

    run(steps, tmp_path)


def test_an_app_with_only_user_scopes_is_launched_without_a_patient(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = (await flow.http.post("/admin/launches", json={"app": app["app_id"]})).json()
        code = await flow.code(app, launch=launch["launch"], scope="launch openid fhirUser user/Patient.rs")
        tokens = (await flow.redeem(app, code)).json()
        assert not {"patient", "encounter", "need_patient_banner"} & set(tokens)
        assert tokens["smart_style_url"]
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        response = await flow.http.get("/general/r4/Patient?name=Peters", headers=headers)
        assert response.json()["entry"]

    run(steps, tmp_path)


def test_the_chart_launches_with_the_latest_visit_and_hides_the_banner(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        flow.sandbox.runtime.effects = LaterEffects(answers=200)
        app = await flow.register()
        chart = await flow.http.get(f"/general/ehr/patients/p-0017?app={app['app_id']}", headers=HTML)
        frame = re.search(r'<iframe class="app" src="([^"]+)"', chart.text)
        tab = re.search(r'href="(/general/ehr/open[^"]+)"', chart.text)
        assert frame
        assert tab
        addresses = [page[1].replace("&amp;", "&") for page in (frame, tab)]
        framed, apart, none = [
            await finish_launch(flow, app, address) for address in (*addresses, f"{addresses[1]}&encounter=none")
        ]
        assert framed["need_patient_banner"] is False
        assert apart["need_patient_banner"] is True
        assert framed["encounter"] == apart["encounter"]
        assert framed["encounter"].startswith("p-0017-e")
        assert "encounter" not in none

    run(steps, tmp_path)


async def finish_launch(flow: Flow, app: dict[str, Any], address: str) -> dict[str, Any]:
    answer = await flow.http.get(address, headers=HTML)
    launch = parse_qs(urlsplit(answer.headers["location"]).query)["launch"][0]
    token = await flow.redeem(app, await flow.code(app, launch=launch))
    assert token.status_code == 200, token.text
    return dict(token.json())


def test_a_standalone_launch_offers_a_visit_picker(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None, scope=SCOPE)
        for decision, encounter in (("open", "p-0017-e02"), ("without", None)):
            scope = "launch/patient launch/encounter patient/Patient.rs"
            answer = await flow.authorize(app, scope=scope)
            address = answer.headers["location"]
            page = await flow.http.get(address, headers=HTML)
            await submit(flow, page, patient="p-0017", decision="open")
            page = await flow.http.get(address, headers=HTML)
            assert "Timothy Peters" in page.text
            assert 'value="p-0017-e02"' in page.text
            await submit(flow, page, encounter="p-0017-e02", decision=decision)
            page = await flow.http.get(address, headers=HTML)
            if "Allow Provider app" in page.text:
                answer = await submit(flow, page, scope=scope, decision="allow")
            else:
                answer = page
            parameters = (await flow.redeem(app, receive(answer)["code"])).json()
            assert parameters["patient"] == "p-0017"
            assert parameters.get("encounter") == encounter

    run(steps, tmp_path)


def test_a_visit_that_was_not_offered_is_refused(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=SCOPE, auto_approve={"user": "okafor", "patient": "p-0017", "encounter": "p-0002-e01"})
        answer = await flow.authorize(app, scope="launch/encounter patient/Patient.rs launch/patient")
        assert receive(answer)["error"] == "access_denied"

    run(steps, tmp_path)


async def submit(flow: Flow, page: Any, **form: Any) -> Any:
    form |= {"csrf": field(page, "csrf"), "request": field(page, "request")}
    return await flow.http.post("/general/oauth/continue", data=form)


def test_a_launch_scope_with_a_role_is_granted_unchanged(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        role = "launch/imagingstudy?role=https://example.org/roles/current"
        app = await flow.register(scope="launch launch/imagingstudy patient/*.rs")
        launch = await flow.launch(app, fhir_context=[{"reference": "ImagingStudy/i-1", "role": "https://example.org/x"}])
        code = await flow.code(app, launch=launch["launch"], scope=f"launch {role} patient/Patient.rs")
        tokens = (await flow.redeem(app, code)).json()
        assert tokens["scope"] == f"launch {role} patient/Patient.rs"
        assert tokens["fhirContext"][0]["reference"] == "ImagingStudy/i-1"

    run(steps, tmp_path)
