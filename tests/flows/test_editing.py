"""Editing an app in the portal: the fields of its registration, with the same checks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import REDIRECT, Flow, run
from tests.flows.test_ehr_by_http import HTML, field

FORM = {
    "name": "Renamed",
    "type": "provider",
    "client": "public",
    "launch_uri": "http://localhost:8100/launch",
    "redirect_uris": f"{REDIRECT}\nhttps://app.example.org/done",
    "fhir": "r4",
    "smart_version": "2",
    "scope": ["launch", "patient/Patient.rs"],
    "more_scopes": "user/Encounter.r",
}


async def save(flow: Flow, app: dict[str, Any], **changed: Any) -> Any:
    address = f"/developer/apps/{app['app_id']}/edit"
    page = await flow.http.get(address, headers=HTML)
    return await flow.http.post(address, data={"csrf": field(page, "csrf"), **FORM, **changed}, headers=HTML)


async def stored_app(flow: Flow, app: dict[str, Any]) -> dict[str, Any]:
    return dict((await flow.http.get(f"/admin/apps/{app['app_id']}")).json())


def test_the_form_shows_the_registration_and_saving_it_unchanged_changes_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch openid patient/Patient.rs patient/Device.r", pkce="off")
        before = await stored_app(flow, app)
        page = await flow.http.get(f"/developer/apps/{app['app_id']}/edit", headers=HTML)
        assert "Edit Provider app" in page.text
        assert REDIRECT in page.text
        ticked = re.findall(r'name="scope" value="([^"]+)" checked', page.text)
        assert ticked == ["launch", "openid", "patient/Patient.rs"]
        same = {"name": "Provider app", "redirect_uris": REDIRECT, "scope": ticked, "more_scopes": "patient/Device.r"}
        assert (await save(flow, app, **same)).status_code == 303
        assert await stored_app(flow, app) == before

    run(steps, tmp_path)


def test_a_saved_change_takes_effect_immediately(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        answer = await save(flow, app)
        assert answer.headers["location"] == f"/developer/apps/{app['app_id']}"
        now = await stored_app(flow, app)
        assert (now["name"], now["scope"]) == ("Renamed", "launch patient/Patient.rs user/Encounter.r")
        assert now["redirect_uris"] == [REDIRECT, "https://app.example.org/done"]
        assert now["client_id"] == app["client_id"]
        refused = await flow.authorize(app, redirect_uri="http://localhost:8100/other")
        assert "redirect-uri-mismatch" in await flow.findings(refused)

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"redirect_uris": "http://app.example.org/x"}, "reg-redirect-uri-insecure-http"),
        ({"scope": [], "more_scopes": "patient/Patient.sr"}, "scope-v2-order"),
        ({"redirect_uris": ""}, "Enter at least one redirect URI"),
        ({"client": "asymmetric"}, "Enter the URL of the app’s public keys"),
        ({"fhir": "r9"}, "supports only "),
        ({"csrf": "guess"}, "open for too long"),
    ],
)
def test_an_invalid_change_is_not_saved(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        before = await stored_app(flow, app)
        answer = await save(flow, app, **changed)
        assert answer.status_code in (403, 422)
        assert message in answer.text
        assert "Renamed" in answer.text
        assert await stored_app(flow, app) == before

    run(steps, tmp_path)


def test_a_confidential_app_gets_a_secret_which_ends_when_the_app_becomes_public(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        page = await save(flow, app, client="symmetric")
        secret = re.search(r'<code id="secret">([^<]+)</code>', page.text)
        assert secret
        scope = "launch patient/Patient.rs"
        code = await flow.code(app, launch=(await flow.launch(app))["launch"], scope=scope)
        answer = await flow.redeem(app, code, client_secret=secret[1])
        assert answer.status_code == 200
        assert (await save(flow, app)).status_code == 303
        code = await flow.code(app, launch=(await flow.launch(app))["launch"], scope=scope)
        assert (await flow.redeem(app, code)).status_code == 200

    run(steps, tmp_path)


def test_an_app_changed_to_a_service_gets_tokens_by_client_credentials(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        page = await save(flow, app, type="system", client="symmetric", scope=[], more_scopes="system/Patient.rs")
        secret = re.search(r'<code id="secret">([^<]+)</code>', page.text)
        assert secret
        form = {"grant_type": "client_credentials", "scope": "system/Patient.rs", "client_id": app["client_id"]}
        answer = await flow.http.post("/general/oauth/token", data=form | {"client_secret": secret[1]})
        assert "backend-grant-not-allowed" not in await flow.findings(answer)
        assert (await save(flow, app)).status_code == 303
        code = await flow.code(app, launch=(await flow.launch(app))["launch"], scope="launch patient/Patient.rs")
        assert (await flow.redeem(app, code)).status_code == 200

    run(steps, tmp_path)


def test_an_unknown_app_has_no_form(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        assert (await flow.http.get("/developer/apps/nothing/edit", headers=HTML)).status_code == 404

    run(steps, tmp_path)
