"""An exchange of the token endpoint says what became of each scope, and why no refresh token came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from tests.flows.flow import Flow, run
from tests.flows.test_ward import HTML

LABS = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"


async def exchanged(flow: Flow, answer: httpx2.Response) -> dict[str, Any]:
    address = f"/exchanges/{answer.headers['x-correlation-id']}"
    return dict((await flow.http.get(address, headers={"Accept": "application/json"})).json())


async def redeemed(flow: Flow, asked: str, **more: Any) -> httpx2.Response:
    app = await flow.register(**more)
    made = await flow.launch(app, patient="p-0017")
    answer = await flow.redeem(app, await flow.code(app, launch=made["launch"], scope=asked))
    assert answer.status_code == 200, answer.text
    return answer


def test_the_exchange_accounts_for_every_scope_and_the_refresh_token(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        scope = "launch openid patient/Patient.rs patient/Condition.rs patient/Patient.reed offline_access"
        answer = await redeemed(flow, scope, scope="launch openid patient/Patient.rs", scope_mode="lenient")
        assert answer.json()["scope"] == "launch openid patient/Patient.rs"
        said = await exchanged(flow, answer)
        became = {one["asked"]: (one["granted"], one["reason"]) for one in said["scopes"]}
        assert list(became) == scope.split()
        assert became["openid"] == ("openid", "")
        assert became["patient/Condition.rs"] == ("", "isn't registered for this app")
        assert became["patient/Patient.reed"][1] == "isn't a SMART or OpenID Connect scope"
        assert "offline_access isn't registered" in said["refresh"]
        found = {one["id"]: one for one in said["findings"]}
        assert found["granted-scopes-narrower"]["severity"] == "warning"
        assert "patient/Condition.rs isn't registered for this app" in found["granted-scopes-narrower"]["why"]
        assert "offline_access isn't registered" in found["refresh-token-not-issued"]["why"]
        page = await flow.http.get(f"/exchanges/{said['id']}", headers=HTML)
        assert "Granted scopes" in page.text
        text = await flow.http.get(f"/exchanges/{said['id']}", headers={"Accept": "text/plain"})
        assert "dropped  patient/Condition.rs (isn't registered for this app)" in text.text

    run(steps, tmp_path)


def test_a_fully_granted_request_has_no_advice(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        said = await exchanged(flow, await redeemed(flow, "launch openid patient/Patient.rs online_access"))
        assert [one["id"] for one in said["findings"]] == []
        assert said["refresh"] is None
        said = await exchanged(flow, await redeemed(flow, "launch patient/Patient.rs", name="Other"))
        assert [one["id"] for one in said["findings"]] == []
        assert said["refresh"] == "Neither offline_access nor online_access was requested."

    run(steps, tmp_path)


def test_a_refused_request_lists_no_granted_scopes(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch patient/Patient.rs", scope_mode="lenient")
        made = await flow.launch(app)
        code = await flow.code(app, launch=made["launch"], scope="launch patient/Patient.rs openid")
        said = await exchanged(flow, await flow.redeem(app, code, code_verifier="x" * 43))
        assert "granted-scopes-narrower" not in {one["id"] for one in said["findings"]}
        assert "scopes" not in said

    run(steps, tmp_path)


def test_refreshes_and_services_are_accounted_for_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        made = await flow.launch(app, patient="p-0017")
        scope = "launch patient/Patient.rs patient/Observation.rs online_access"
        given = (await flow.redeem(app, await flow.code(app, launch=made["launch"], scope=scope))).json()
        form = {"grant_type": "refresh_token", "client_id": app["client_id"], "refresh_token": given["refresh_token"]}
        answer = await flow.http.post("/general/oauth/token", data=form | {"scope": "patient/Patient.rs"})
        said = await exchanged(flow, answer)
        became = {one["asked"]: (one["granted"], one["reason"]) for one in said["scopes"]}
        assert became["patient/Patient.rs"] == ("patient/Patient.rs", "")
        assert became["patient/Observation.rs"] == ("", "was granted before, but wasn't requested in this refresh")
        assert set(became) == set(scope.split())
        assert said["refresh"] is None
        page = await flow.http.get(f"/timelines/{made['timeline']}", headers=HTML)
        assert page.text.count("Granted scopes") == 1
        assert "requested in this refresh" in page.text
        service = await flow.register(type="system", client="symmetric", scope="system/Patient.rs")
        asked = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}
        pair = (service["client_id"], service["client_secret"])
        said = await exchanged(flow, await flow.http.post("/general/oauth/token", data=asked, auth=pair))
        assert said["scopes"] == [{"asked": "system/Patient.rs", "granted": "system/Patient.rs", "reason": ""}]
        assert said["refresh"].startswith("With client credentials")

    run(steps, tmp_path)


def test_a_granular_scope_is_granted_and_enforced(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await redeemed(flow, f"launch {LABS} patient/Patient.r")
        assert answer.json()["scope"] == f"launch {LABS} patient/Patient.r"
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        found = await flow.http.get("/general/r4/Observation?patient=p-0017&_count=200", headers=headers)
        kinds = {one["resource"]["category"][0]["coding"][0]["code"] for one in found.json()["entry"]}
        assert kinds == {"laboratory"}
        none = await flow.http.get("/general/r4/Observation?patient=p-0017&category=vital-signs", headers=headers)
        assert none.json().get("entry", []) == []
        assert (await flow.http.get("/general/r4/Patient/p-0017", headers=headers)).status_code == 200
        assert (await flow.http.get("/general/r4/Patient?_id=p-0017", headers=headers)).status_code == 403

    run(steps, tmp_path)


def test_a_granular_scope_must_be_within_a_registered_one(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=f"launch {LABS}")
        made = await flow.launch(app)
        for asked, refused in ((LABS, False), ("patient/Observation.rs", True), (LABS.replace("labo", "x"), True)):
            answer = await flow.authorize(app, launch=made["launch"], scope=f"launch {asked}")
            assert ("scope-not-registered" in await flow.findings(answer)) is refused

    run(steps, tmp_path)
