"""The exchange of a token request lists what happened to each scope, and why there is no refresh token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from tests.flows.flow import Flow, run
from tests.flows.test_ehr_by_http import HTML

LABS = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"


async def read_exchange(flow: Flow, answer: httpx2.Response) -> dict[str, Any]:
    address = f"/exchanges/{answer.headers['x-correlation-id']}"
    return dict((await flow.http.get(address, headers={"Accept": "application/json"})).json())


async def redeem(flow: Flow, requested: str, **more: Any) -> httpx2.Response:
    app = await flow.register(**more)
    launch = await flow.launch(app, patient="p-0017")
    answer = await flow.redeem(app, await flow.code(app, launch=launch["launch"], scope=requested))
    assert answer.status_code == 200, answer.text
    return answer


def test_the_exchange_accounts_for_every_scope_and_the_refresh_token(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        scope = "launch openid patient/Patient.rs patient/Condition.rs patient/Patient.reed offline_access"
        answer = await redeem(flow, scope, scope="launch openid patient/Patient.rs", scope_mode="lenient")
        assert answer.json()["scope"] == "launch openid patient/Patient.rs"
        exchange = await read_exchange(flow, answer)
        outcomes = {scope["asked"]: (scope["granted"], scope["reason"]) for scope in exchange["scopes"]}
        assert list(outcomes) == scope.split()
        assert outcomes["openid"] == ("openid", "")
        assert outcomes["patient/Condition.rs"] == ("", "isn't registered for this app")
        assert outcomes["patient/Patient.reed"][1] == "isn't a SMART or OpenID Connect scope"
        assert "offline_access isn't registered" in exchange["refresh"]
        findings = {finding["id"]: finding for finding in exchange["findings"]}
        assert findings["granted-scopes-narrower"]["severity"] == "warning"
        assert "patient/Condition.rs isn't registered for this app" in findings["granted-scopes-narrower"]["why"]
        assert "offline_access isn't registered" in findings["refresh-token-not-issued"]["why"]
        page = await flow.http.get(f"/exchanges/{exchange['id']}", headers=HTML)
        assert "Granted scopes" in page.text
        text = await flow.http.get(f"/exchanges/{exchange['id']}", headers={"Accept": "text/plain"})
        assert "dropped  patient/Condition.rs (isn't registered for this app)" in text.text

    run(steps, tmp_path)


def test_a_fully_granted_request_has_no_advice(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        exchange = await read_exchange(flow, await redeem(flow, "launch openid patient/Patient.rs online_access"))
        assert [finding["id"] for finding in exchange["findings"]] == []
        assert exchange["refresh"] is None
        exchange = await read_exchange(flow, await redeem(flow, "launch patient/Patient.rs", name="Other"))
        assert [finding["id"] for finding in exchange["findings"]] == []
        assert exchange["refresh"] == "Neither offline_access nor online_access was requested."

    run(steps, tmp_path)


def test_a_refused_request_lists_no_granted_scopes(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch patient/Patient.rs", scope_mode="lenient")
        launch = await flow.launch(app)
        code = await flow.code(app, launch=launch["launch"], scope="launch patient/Patient.rs openid")
        exchange = await read_exchange(flow, await flow.redeem(app, code, code_verifier="x" * 43))
        assert "granted-scopes-narrower" not in {finding["id"] for finding in exchange["findings"]}
        assert "scopes" not in exchange

    run(steps, tmp_path)


def test_refreshes_and_services_are_accounted_for_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = await flow.launch(app, patient="p-0017")
        scope = "launch patient/Patient.rs patient/Observation.rs online_access"
        tokens = (await flow.redeem(app, await flow.code(app, launch=launch["launch"], scope=scope))).json()
        form = {"grant_type": "refresh_token", "client_id": app["client_id"], "refresh_token": tokens["refresh_token"]}
        answer = await flow.http.post("/general/oauth/token", data=form | {"scope": "patient/Patient.rs"})
        exchange = await read_exchange(flow, answer)
        outcomes = {scope["asked"]: (scope["granted"], scope["reason"]) for scope in exchange["scopes"]}
        assert outcomes["patient/Patient.rs"] == ("patient/Patient.rs", "")
        assert outcomes["patient/Observation.rs"] == ("", "was granted before, but wasn't requested in this refresh")
        assert set(outcomes) == set(scope.split())
        assert exchange["refresh"] is None
        page = await flow.http.get(f"/timelines/{launch['timeline']}", headers=HTML)
        assert page.text.count("Granted scopes") == 1
        assert "requested in this refresh" in page.text
        service = await flow.register(type="system", client="symmetric", scope="system/Patient.rs")
        token_form = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}
        pair = (service["client_id"], service["client_secret"])
        exchange = await read_exchange(flow, await flow.http.post("/general/oauth/token", data=token_form, auth=pair))
        assert exchange["scopes"] == [{"asked": "system/Patient.rs", "granted": "system/Patient.rs", "reason": ""}]
        assert exchange["refresh"].startswith("With client credentials")

    run(steps, tmp_path)


def test_a_granular_scope_is_granted_and_enforced(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await redeem(flow, f"launch {LABS} patient/Patient.r")
        assert answer.json()["scope"] == f"launch {LABS} patient/Patient.r"
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        response = await flow.http.get("/general/r4/Observation?patient=p-0017&_count=200", headers=headers)
        kinds = {entry["resource"]["category"][0]["coding"][0]["code"] for entry in response.json()["entry"]}
        assert kinds == {"laboratory"}
        none = await flow.http.get("/general/r4/Observation?patient=p-0017&category=vital-signs", headers=headers)
        assert none.json().get("entry", []) == []
        assert (await flow.http.get("/general/r4/Patient/p-0017", headers=headers)).status_code == 200
        assert (await flow.http.get("/general/r4/Patient?_id=p-0017", headers=headers)).status_code == 403

    run(steps, tmp_path)


def test_a_granular_scope_must_be_within_a_registered_one(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=f"launch {LABS}")
        launch = await flow.launch(app)
        for scope, refused in ((LABS, False), ("patient/Observation.rs", True), (LABS.replace("labo", "x"), True)):
            answer = await flow.authorize(app, launch=launch["launch"], scope=f"launch {scope}")
            assert ("scope-not-registered" in await flow.findings(answer)) is refused

    run(steps, tmp_path)
