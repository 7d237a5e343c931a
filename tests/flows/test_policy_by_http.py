"""Policies of a hospital in sickbay.toml and of an app by /admin and in the portal; each setting is enforced."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from tests.flows.flow import Flow, receive, run
from tests.flows.test_ehr_by_http import HTML, field

TOKEN = "/general/oauth/token"
SCOPE = "launch openid fhirUser online_access patient/Patient.rs"


async def redeem(flow: Flow, app: dict[str, Any], later: int = 0) -> Any:
    code = await flow.code(app, launch=(await flow.launch(app))["launch"], scope=SCOPE)
    if later:
        await flow.http.post("/admin/clock", json={"advance": later})
    return await flow.redeem(app, code)


def test_the_code_lifetime_of_an_app_follows_its_policy(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, other = await flow.register(policy={"code_lifetime": 5}), await flow.register(name="Other")
        assert app["policy"] == {"code_lifetime": 5}
        assert (await redeem(flow, app, 5)).status_code == 200
        late = await redeem(flow, app, 6)
        assert (await flow.findings(late))["code-expired"] == "error"
        assert (await redeem(flow, other, 6)).status_code == 200
        await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"policy": {}})
        assert (await redeem(flow, app, 6)).status_code == 200

    run(steps, tmp_path)


def test_token_lifetimes_and_refresh_rules_of_an_app_are_enforced(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        chosen = {"rotate_refresh": False, "refresh_lifetime": 30, "id_token_lifetime": 7, "launch_lifetime": 3}
        app = await flow.register(policy=chosen)
        tokens = (await redeem(flow, app)).json()
        claims = _claims(tokens["id_token"])
        assert claims["exp"] - claims["iat"] == 7
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
        again = await flow.http.post(TOKEN, data=form)
        assert "refresh_token" not in again.json()
        await flow.http.post("/admin/clock", json={"advance": 31})
        assert (await flow.http.post(TOKEN, data=form)).json()["error"] == "invalid_grant"
        launch = await flow.launch(app)
        await flow.http.post("/admin/clock", json={"advance": 4})
        late = await flow.authorize(app, launch=launch["launch"], scope=SCOPE)
        assert (await flow.findings(late))["launch-code-expired"] == "error"
        await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"policy": {"public_refresh": False}})
        assert "refresh_token" not in (await redeem(flow, app)).json()

    run(steps, tmp_path)


def _claims(token: str) -> dict[str, Any]:
    from sickbay.protocol import jose

    read = jose.decode_unverified(token)
    assert read is not None
    return read.claims


@pytest.mark.parametrize(("allowed", "other"), [("ehr", "standalone"), ("standalone", "ehr")])
def test_an_app_can_be_launched_only_as_its_policy_allows(tmp_path: Path, allowed: str, other: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(policy={"launches": [allowed]})
        launch = (await flow.launch(app))["launch"]
        ways: dict[str, dict[str, Any]] = {
            "ehr": {"launch": launch, "scope": SCOPE},
            "standalone": {"scope": "openid user/Patient.rs"},
        }
        refused = await flow.authorize(app, **ways[other])
        assert receive(refused)["error"] == "unauthorized_client"
        assert (await flow.findings(refused))["launch-type-not-allowed"] == "error"
        assert "code" in receive(await flow.authorize(app, **ways[allowed]))

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("framed", "sign_in", "consent"), [("all", True, True), ("signed-in", False, True), ("none", False, False)]
)
def test_pages_in_the_ehr_frame_follow_the_policy(tmp_path: Path, framed: str, sign_in: bool, consent: bool) -> None:
    """Other pages can't frame them in any case."""

    async def steps(flow: Flow) -> None:
        app = await flow.register(auto_approve=None, policy={"framed": framed})

        async def ask() -> str:
            answer = await flow.authorize(app, scope="openid user/Patient.rs")
            return str(answer.headers["location"])

        async def in_frame(address: str, **form: str) -> tuple[int, bool]:
            if form:
                page = await flow.http.get(address, headers=HTML)
                sent = {name: field(page, name) for name in ("csrf", "request")} | form
                answer = await flow.http.post("/general/oauth/continue", data=sent, headers=HTML)
            else:
                answer = await flow.http.get(address, headers=HTML)
            ancestors = answer.headers["content-security-policy"].partition("frame-ancestors ")[2]
            assert "8100" not in ancestors
            return answer.status_code, "'self'" in ancestors

        assert await in_frame(await ask()) == (200, sign_in)
        assert await in_frame(await ask(), username="okafor", password="wrong") == (401, sign_in)
        page = await flow.http.get(await ask(), headers=HTML)
        form = {name: field(page, name) for name in ("csrf", "request")}
        await flow.http.post("/general/oauth/continue", data=form | {"account": await flow.clinician()})
        assert await in_frame(await ask()) == (200, consent)

    run(steps, tmp_path)


@pytest.mark.parametrize("tenant", ["general", "cerner", "epic"])
def test_framing_of_the_sign_in_page_follows_the_hospitals_policy(tmp_path: Path, tenant: str) -> None:
    async def steps(flow: Flow) -> None:
        page = await flow.http.get(f"/{tenant}/ehr/sign-in", headers=HTML)
        assert ("frame-ancestors 'none'" in page.headers["content-security-policy"]) is (tenant == "cerner")

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("compares", "encoded", "finding"),
    [
        ("raw", True, "basic-urlencoded-mismatch"),
        ("raw", False, ""),
        ("decoded", False, "basic-not-urlencoded"),
        ("decoded", True, ""),
        ("either", True, ""),
        ("either", False, ""),
    ],
)
def test_comparing_secrets_follows_the_policy(tmp_path: Path, compares: str, encoded: bool, finding: str) -> None:
    async def steps(flow: Flow) -> None:
        secret = "a+b%20c/8Zk3vQ0m=8yT1"
        app = await flow.register(client="symmetric", client_secret=secret, policy={"basic_secret": compares})
        sent = quote_plus(secret) if encoded else secret
        header = "Basic " + base64.b64encode(f"{app['client_id']}:{sent}".encode()).decode()
        answer = await flow.http.post("/general/oauth/revoke", data={"token": "x"}, headers={"Authorization": header})
        assert answer.status_code == (401 if finding else 200), answer.text
        if finding:
            assert (await flow.findings(answer))[finding] == "error"

    run(steps, tmp_path)


@pytest.mark.parametrize("policy", [{"code_lifetme": 5}, {"code_lifetime": -1}, {"token_lifetime": 5}])
def test_an_unknown_policy_is_refused_with_a_suggestion(tmp_path: Path, policy: dict[str, Any]) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        answer = await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"policy": policy})
        assert answer.status_code == 422
        assert next(iter(policy)) in answer.json()["title"]
        assert (await flow.http.get(f"/admin/apps/{app['app_id']}")).json().get("policy", {}) == {}

    run(steps, tmp_path)


def test_a_policy_can_be_edited_in_the_portal(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        address = f"/developer/apps/{app['app_id']}"
        csrf = field(await flow.http.get(address, headers=HTML), "csrf")

        async def save(text: str, **more: str) -> Any:
            form = {"csrf": csrf, "policy": text} | more
            return await flow.http.post(f"{address}/policy", data=form, headers=HTML)

        saved = await save('code_lifetime = 5\r\nlaunches = ["ehr"]')
        assert (saved.status_code, saved.headers["location"]) == (303, f"{address}?saved=policy#h-policy")
        page = await flow.http.get(f"{address}?saved=policy", headers=HTML)
        assert "code_lifetime = 5" in page.text
        assert page.text.count("Saved.") == 1
        assert "Saved." not in (await flow.http.get(address, headers=HTML)).text
        wrong = await save("code_lifetme = 5")
        assert (wrong.status_code, "did you mean code_lifetime?" in wrong.text) == (422, True)
        assert "code_lifetme = 5</textarea>" in wrong.text
        assert "valid TOML" in (await save("code_lifetime ist 5")).text
        assert (await save("", csrf="guess")).status_code == 403
        registered = (await flow.http.get(f"/admin/apps/{app['app_id']}")).json()
        assert registered["policy"] == {"code_lifetime": 5, "launches": ["ehr"]}

    run(steps, tmp_path)


def test_policies_in_sickbay_toml_apply_to_all_hospitals_or_to_one(tmp_path: Path) -> None:
    policies = {"": {"token_lifetime": 9, "code_lifetime": 5}, "general": {"code_lifetime": 7}, "epic": {"pkce": "off"}}

    async def steps(flow: Flow) -> None:
        tenants = flow.sandbox.runtime.tenants
        assert {tenant.policy.token_lifetime for tenant in tenants.values()} == {9}
        assert (tenants["general"].policy.code_lifetime, tenants["epic"].policy.code_lifetime) == (7, 5)
        assert (tenants["general"].policy.pkce, tenants["epic"].policy.pkce) == (None, "off")
        assert (await redeem(flow, await flow.register())).json()["expires_in"] == 9

    run(steps, tmp_path, policies=policies)
