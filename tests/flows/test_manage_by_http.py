"""Users see the apps with access and revoke it: tokens, refresh tokens and stored consent end immediately."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, receive, run
from tests.flows.test_ehr_by_http import HTML, field, sign_in

from sickbay.web.oauth import authorized_apps

SCOPE = ["launch", "patient/Patient.rs", "offline_access"]
REGISTERED = "launch patient/*.rs offline_access openid"
PAGE = "/general/oauth/manage"


async def allow(flow: Flow, app: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Whether the user was asked for consent, and the token response."""
    launch = await flow.launch(app, patient="p-0017", user="okafor")
    answer = await flow.authorize(app, launch=launch["launch"], scope=" ".join(SCOPE))
    was_asked = "/oauth/continue" in answer.headers["location"]
    if was_asked:
        page = await flow.http.get(answer.headers["location"], headers=HTML)
        form = {"csrf": field(page, "csrf"), "request": field(page, "request"), "decision": "allow", "scope": SCOPE}
        answer = await flow.http.post("/general/oauth/continue", data=form)
    return was_asked, dict((await flow.redeem(app, receive(answer)["code"])).json())


async def reading(flow: Flow, tokens: dict[str, Any]) -> int:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await flow.http.get("/general/r4/Patient/p-0017", headers=headers)).status_code


async def refresh(flow: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
    return await flow.http.post("/general/oauth/token", data=form)


def test_revoked_access_ends_immediately_and_nothing_else_does(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None, scope=REGISTERED, name="Pressure Notes")
        other = await flow.register(auto_approve=None, scope=REGISTERED, name="Growth Chart")
        _, tokens = await allow(flow, app)
        _, other_tokens = await allow(flow, other)
        page = await flow.http.get(PAGE, headers=HTML)
        assert "Pressure Notes" in page.text
        assert "Has access, even when you’re signed out." in page.text
        launch = await flow.launch(app, patient="p-0017", user="okafor")
        waiting = await flow.code(app, launch=launch["launch"], scope=" ".join(SCOPE))
        answer = await flow.http.post(PAGE, data={"csrf": field(page, "csrf"), "app": app["client_id"]})
        assert answer.status_code == 303
        assert await reading(flow, tokens) == 401
        assert "refresh-token-invalid" in await flow.findings(await refresh(flow, app, tokens))
        assert (await flow.redeem(app, waiting)).json()["error"] == "invalid_grant"
        assert await reading(flow, other_tokens) == 200
        assert (await refresh(flow, other, other_tokens)).status_code == 200
        page = await flow.http.get(PAGE, headers=HTML)
        assert "Pressure Notes" not in page.text
        assert "Growth Chart" in page.text
        assert (await allow(flow, app))[0]

    run(steps, tmp_path)


def test_many_apps_are_on_several_pages_and_each_app_is_on_one_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorized_apps, "LISTED_APPS", 2)

    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        for name in ("Able", "Baker", "Charlie", "Dog", "Easy"):
            app = await flow.register(name=name, auto_approve=None, scope=REGISTERED)
            await allow(flow, app)
        found, address = [], PAGE
        while address:
            page = (await flow.http.get(address, headers=HTML)).text
            found.append(re.findall(r"<h2>(\w+)</h2>", page))
            after = re.search(r'href="([^"]+)">Next apps', page)
            address = after[1] if after else ""
        assert found == [["Able", "Baker"], ["Charlie", "Dog"], ["Easy"]]
        assert "5 to 5 of 5 apps" in page
        assert "<h2>Easy</h2>" in (await flow.http.get(f"{PAGE}?from=9999", headers=HTML)).text

    run(steps, tmp_path)


def test_a_form_of_another_origin_revokes_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None, scope=REGISTERED)
        _, tokens = await allow(flow, app)
        await flow.http.post(PAGE, data={"csrf": "guessed", "app": app["client_id"]})
        assert await reading(flow, tokens) == 200

    run(steps, tmp_path)


def test_discovery_names_the_page_and_it_requires_a_sign_in(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        config = (await flow.http.get("/general/r4/.well-known/smart-configuration")).json()
        assert config["management_endpoint"] == BASE + PAGE
        answer = await flow.http.get(PAGE, headers=HTML)
        assert answer.status_code == 303
        await sign_in(flow, to=PAGE)
        assert "Apps that you give access appear here." in (await flow.http.get(PAGE, headers=HTML)).text
        statement = (await flow.http.get("/cerner/r4/metadata")).json()
        named = statement["rest"][0]["security"]["extension"][0]["extension"]
        address = next(argument["valueUri"] for argument in named if argument["url"] == "manage")
        assert address.endswith("/personas/provider/my-authorizations")
        assert (await flow.http.get(address, headers=HTML)).status_code == 303

    run(steps, tmp_path)
