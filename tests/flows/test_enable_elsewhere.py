"""Enabling an app at another hospital: in the portal, over /admin, and only for the administrator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, receive, run
from tests.flows.test_ehr_by_http import HTML, field

PROXIED = {"X-Forwarded-For": "203.0.113.7"}
FOREIGN = {"Origin": "http://elsewhere.example"}


async def enable_in_portal(flow: Flow, app: dict[str, Any], tenant: str) -> httpx2.Response:
    """Click the button on the app's page."""
    address = f"/developer/apps/{app['app_id']}"
    page = await flow.http.get(address, headers=HTML)
    assert f'name="tenant" value="{tenant}"' in page.text
    assert f"sickbay apps enable {app['app_id']} --tenant {tenant}" in page.text
    return await flow.http.post(f"{address}/enable", data={"csrf": field(page, "csrf"), "tenant": tenant}, headers=HTML)


async def apps_at(flow: Flow, tenant: str) -> list[dict[str, Any]]:
    apps = (await flow.http.get(f"/admin/apps?tenant={tenant}")).json()
    return [app for app in apps if not app["client_id"].startswith("sample")]


def test_one_click_enables_an_app_at_another_hospital_where_it_launches(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch openid fhirUser patient/Patient.rs patient/Observation.rs")
        answer = await enable_in_portal(flow, app, "cerner")
        (counterpart,) = await apps_at(flow, "cerner")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/developer/apps/{counterpart['app_id']}")
        different = {name for name in app if name != "findings" and app[name] != counterpart.get(name)}
        assert different == {"tenant", "client_id", "app_id"}
        config = (await flow.http.get("/cerner/r4/.well-known/smart-configuration")).json()
        launch = await flow.launch(counterpart)
        parameters = flow.asking(counterpart, launch=launch["launch"], aud=f"{BASE}/cerner/r4")
        assert receive(await flow.http.get(config["authorization_endpoint"], params=parameters))["code"]
        assert [here["app_id"] for here in await apps_at(flow, "general")] == [app["app_id"]]

    run(steps, tmp_path, patients=2)


def test_each_page_links_to_the_app_at_the_other_hospital_and_enabling_twice_registers_once(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        first = await enable_in_portal(flow, app, "cerner")
        (counterpart,) = await apps_at(flow, "cerner")
        page = await flow.http.get(f"/developer/apps/{app['app_id']}", headers=HTML)
        assert f'href="/developer/apps/{counterpart["app_id"]}"' in page.text
        assert 'name="tenant" value="cerner"' not in page.text
        back = await flow.http.get(f"/developer/apps/{counterpart['app_id']}", headers=HTML)
        assert f'href="/developer/apps/{app["app_id"]}"' in back.text
        form = {"csrf": field(page, "csrf"), "tenant": "cerner"}
        again = await flow.http.post(f"/developer/apps/{app['app_id']}/enable", data=form, headers=HTML)
        assert again.headers["location"] == first.headers["location"]
        assert len(await apps_at(flow, "cerner")) == 1

    run(steps, tmp_path, patients=2)


def test_a_confidential_app_gets_another_secret_which_is_shown_once(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        answer = await enable_in_portal(flow, app, "cerner")
        secret = answer.text.partition('<code id="secret">')[2].partition("<")[0]
        assert (answer.status_code, bool(secret), secret != app["client_secret"]) == (201, True, True)
        again = await flow.http.post(f"/admin/apps/{app['app_id']}/enable", json={"tenant": "epic"})
        assert (again.status_code, again.json()["tenant"]) == (201, "epic")
        assert again.json()["client_secret"] not in (secret, app["client_secret"])
        known = await flow.http.post(f"/admin/apps/{app['app_id']}/enable", json={"tenant": "epic"})
        assert (known.status_code, "client_secret" in known.json()) == (200, False)
        own = await flow.http.post(f"/admin/apps/{app['app_id']}/enable", json={"tenant": "general"})
        assert (own.status_code, own.json()["app_id"]) == (200, app["app_id"])

    run(steps, tmp_path, patients=2)


def test_a_hospital_without_the_apps_fhir_version_says_so(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(fhir="r5")
        page = await flow.http.get(f"/developer/apps/{app['app_id']}", headers=HTML)
        assert "cerner supports FHIR" in page.text
        assert 'name="tenant" value="cerner"' not in page.text
        form = {"csrf": field(page, "csrf"), "tenant": "cerner"}
        answer = await flow.http.post(f"/developer/apps/{app['app_id']}/enable", data=form, headers=HTML)
        assert (answer.status_code, "not R5." in answer.text) == (422, True)
        response = await flow.http.post(f"/admin/apps/{app['app_id']}/enable", json={"tenant": "cerner"})
        assert (response.status_code, response.json()["title"].endswith("not R5")) == (422, True)
        assert await apps_at(flow, "cerner") == []

    run(steps, tmp_path, patients=2)


def test_an_automatic_approval_as_an_unknown_user_is_left_out(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        user = {"tenant": "general", "username": "amara", "password": "secret-word", "fhirUser": "Practitioner/pr-0001"}
        assert (await flow.http.post("/admin/users", json=user)).status_code == 201
        app = await flow.register(auto_approve={"user": "amara"})
        counterpart = await flow.http.post(f"/admin/apps/{app['app_id']}/enable", json={"tenant": "cerner"})
        assert counterpart.json()["auto_approve"] is None

    run(steps, tmp_path, patients=2)


@pytest.mark.parametrize("headers", [PROXIED, FOREIGN])
def test_only_the_administrator_can_enable_an_app(tmp_path: Path, headers: dict[str, str]) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        address = f"/developer/apps/{app['app_id']}"
        form = {"csrf": field(await flow.http.get(address, headers=HTML), "csrf"), "tenant": "cerner"}
        assert (await flow.http.post(f"{address}/enable", data=form, headers=headers)).status_code == 403
        response = await flow.http.post(f"/admin/apps/{app['app_id']}/enable", json={"tenant": "cerner"}, headers=headers)
        assert response.status_code == 403
        assert await apps_at(flow, "cerner") == []

    run(steps, tmp_path, patients=2)


@pytest.mark.parametrize("form", [{"tenant": "cerner", "csrf": "guess"}, {"tenant": "cerner"}])
def test_a_form_without_our_token_enables_nothing(tmp_path: Path, form: dict[str, str]) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        answer = await flow.http.post(f"/developer/apps/{app['app_id']}/enable", data=form, headers=HTML)
        assert (answer.status_code, await apps_at(flow, "cerner")) == (403, [])

    run(steps, tmp_path, patients=2)


def test_an_unknown_app_or_hospital_changes_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        for id, tenant, to in (("nobody", "cerner", "/developer"), (app["app_id"], "x", f"/developer/apps/{app['app_id']}")):
            answer = await flow.http.post(f"/developer/apps/{id}/enable", data={"tenant": tenant})
            assert (answer.status_code, answer.headers["location"]) == (303, to)
        assert (await flow.http.post(f"/admin/apps/{app['app_id']}/enable", json={"tenant": "x"})).status_code == 404
        sample = await flow.http.get("/developer/apps/sample-app-general", headers=HTML)
        assert "Other hospitals" not in sample.text

    run(steps, tmp_path, patients=2)
