"""Hospitals with a propagation delay: registrations and changes take effect later; until then the old ones apply."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from tests.flows.flow import REDIRECT, Flow, receive, run
from tests.flows.test_ehr_by_http import HTML

DELAY = 300
SLOW: dict[str, Any] = {"policies": {"general": {"propagation_delay": DELAY}}}


async def move_clock(flow: Flow, seconds: int) -> None:
    assert (await flow.http.post("/admin/clock", json={"advance": seconds})).status_code == 200


async def exchange(flow: Flow, answer: httpx2.Response) -> dict[str, Any]:
    address = f"/exchanges/{answer.headers['x-correlation-id']}"
    return dict((await flow.http.get(address, headers={"Accept": "application/json"})).json())


def fix(exchange_body: dict[str, Any], id: str) -> str:
    return next(str(finding["fix"]) for finding in exchange_body["findings"] if finding["id"] == id)


def test_a_new_app_is_unknown_until_the_delay_is_over(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch/patient patient/Patient.rs")
        answer = await flow.authorize(app, scope="launch/patient patient/Patient.rs")
        assert answer.status_code == 400
        exchange_body = await exchange(flow, answer)
        assert "UTC, then send the same request again" in fix(exchange_body, "client-not-live-yet")
        token = await flow.redeem(app, "x")
        assert token.json()["error"] == "invalid_client"
        assert "client-not-live-yet" in token.json()["error_description"]
        page = (await flow.http.get(f"/developer/apps/{app['app_id']}", headers=HTML)).text
        assert "Takes effect at" in page
        await move_clock(flow, DELAY)
        answer = await flow.authorize(app, scope="launch/patient patient/Patient.rs")
        assert "client-not-live-yet" not in await flow.findings(answer)
        assert answer.status_code in (302, 303)
        assert "Takes effect at" not in (await flow.http.get(f"/developer/apps/{app['app_id']}", headers=HTML)).text

    run(steps, tmp_path, data=engine() or str(tmp_path), **SLOW)


def test_each_change_takes_effect_after_its_own_delay(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch openid patient/Patient.rs")
        await move_clock(flow, DELAY)
        path, wide = f"/admin/apps/{app['app_id']}", "launch openid patient/Patient.rs patient/Observation.rs"
        launch = await flow.launch(app)
        assert (await flow.http.patch(path, json={"scope": wide, "redirect_uris": [REDIRECT + "2"]})).status_code == 200
        answer = await flow.authorize(app, launch=launch["launch"], scope="launch openid patient/Patient.rs")
        code = receive(answer)["code"]
        assert (await flow.findings(answer))["client-change-not-live-yet"] == "warning"
        token = await flow.redeem(app, code)
        assert token.status_code == 200
        assert "client-change-not-live-yet" in await flow.findings(token)
        await move_clock(flow, DELAY - 10)
        assert (await flow.http.patch(path, json={"name": "Renamed"})).status_code == 200
        await move_clock(flow, 60)
        answer = await flow.authorize(app, launch=(await flow.launch(app))["launch"], scope=wide)
        assert receive(answer)["error"] == "invalid_scope"
        await move_clock(flow, DELAY)
        answer = await flow.authorize(app, launch=(await flow.launch(app))["launch"], scope=wide)
        assert "redirect-uri-mismatch" in await flow.findings(answer)
        changed = await flow.authorize(app, launch=(await flow.launch(app))["launch"], scope=wide, redirect_uri=REDIRECT + "2")
        assert "code=" in changed.headers["location"]

    run(steps, tmp_path, **SLOW)


def test_the_old_secret_works_until_the_new_one_is_live(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        service: dict[str, Any] = {
            "type": "system",
            "client": "symmetric",
            "redirect_uris": [],
            "launch_uri": None,
            "auto_approve": None,
        }
        app = await flow.register(scope="system/Patient.rs", **service)
        await move_clock(flow, DELAY)
        new = (await flow.http.post(f"/admin/apps/{app['app_id']}/secret")).json()["client_secret"]

        async def status(secret: str) -> int:
            form = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}
            answer = await flow.http.post("/general/oauth/token", data=form, auth=(app["client_id"], secret))
            return int(answer.status_code)

        assert (await status(app["client_secret"]), await status(new)) == (200, 401)
        await move_clock(flow, DELAY)
        assert (await status(app["client_secret"]), await status(new)) == (401, 200)

    run(steps, tmp_path, **SLOW)


def test_without_a_delay_changes_take_effect_immediately(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch/patient patient/Patient.rs")
        assert (await flow.authorize(app, scope="launch/patient patient/Patient.rs")).status_code in (302, 303)
        assert await flow.sandbox.runtime.store.find("app-before") == []

    run(steps, tmp_path)
