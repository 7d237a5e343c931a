"""The policy of a hospital at run time: read and changed by /admin and in the portal, overriding sickbay.toml."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.test_ehr_by_http import HTML, field
from tests.flows.test_policy_by_http import redeem
from tests.laws import is_long

from sickbay.authorization.policy import SETTINGS
from sickbay.testing.server import serving

AT = "/admin/policies/general"


async def choose(flow: Flow, **changes: Any) -> dict[str, Any]:
    answer = await flow.http.patch(AT, json=changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def capabilities(flow: Flow, tenant: str = "general") -> list[str]:
    answer = await flow.http.get(f"/{tenant}/r4/.well-known/smart-configuration")
    return list(answer.json()["capabilities"])


def test_every_setting_is_listed_with_its_source(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        settings = (await flow.http.get("/admin/policies")).json()
        assert [policy["tenant"] for policy in settings] == ["general", "cerner", "epic"]
        assert all(list(policy["policy"]) == list(SETTINGS) for policy in settings)
        assert settings[0]["file"] == {"code_lifetime": 7}
        assert (settings[0]["policy"]["code_lifetime"], settings[1]["policy"]["code_lifetime"]) == (7, 60)
        assert (await flow.http.get("/admin/policies", params={"tenant": "epic"})).json() == [settings[2]]
        assert (await flow.http.get(AT)).json() == settings[0]
        for wrong in ("/admin/policies/nowhere", "/admin/policies?tenant=nowhere"):
            assert (await flow.http.get(wrong)).status_code == 404
        assert (await flow.http.patch("/admin/policies/nowhere", json={})).status_code == 404

    run(steps, tmp_path, policies={"general": {"code_lifetime": 7}})


def test_a_changed_policy_applies_to_the_next_request_and_can_be_restored(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        assert (await redeem(flow, app)).json()["expires_in"] == 9
        policy = await choose(flow, token_lifetime=30, launches=["ehr"])
        assert (policy["chosen"], policy["file"]) == ({"token_lifetime": 30, "launches": ["ehr"]}, {"token_lifetime": 9})
        assert policy["policy"]["token_lifetime"] == 30
        assert (await redeem(flow, app)).json()["expires_in"] == 30
        assert "launch-standalone" not in await capabilities(flow)
        assert "launch-standalone" in await capabilities(flow, "cerner")
        assert "launch-standalone" not in (await flow.http.get("/general/.well-known/openid-configuration")).text
        policy = await choose(flow, launches=None, code_lifetime=5)
        assert policy["chosen"] == {"token_lifetime": 30, "code_lifetime": 5}
        assert "launch-standalone" in await capabilities(flow)
        assert (await flow.findings(await redeem(flow, app, 6)))["code-expired"] == "error"
        assert (await choose(flow, token_lifetime=None, code_lifetime=None))["chosen"] == {}
        assert (await redeem(flow, app)).json()["expires_in"] == 9

    run(steps, tmp_path, policies={"": {"token_lifetime": 9}})


def test_pkce_and_scope_policies_can_be_changed_and_an_apps_policy_has_priority(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        old = await flow.register(name="Old", smart_version=1, pkce="if-sent")
        parameters = {
            "code_challenge": None,
            "code_challenge_method": None,
            "scope": "launch patient/Patient.rs patient/Group.x",
        }

        async def find() -> set[str]:
            launch = (await flow.launch(old))["launch"]
            answer = await flow.authorize(old, launch=launch, **parameters)
            return {id for id, severity in (await flow.findings(answer)).items() if severity == "error"}

        before = await find()
        await choose(flow, pkce="required", state_required=False)
        assert await find() - before == {"pkce-missing"}
        await choose(flow, pkce=None, drop_unregistered_scopes=True)
        assert await find() < before
        await flow.http.patch(f"/admin/apps/{old['app_id']}", json={"policy": {"drop_unregistered_scopes": False}})
        assert await find() == before

    run(steps, tmp_path)


def test_a_policy_change_applies_to_existing_tokens_immediately(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="user/*.rs")
        body = {"app": app["app_id"], "scope": "user/*.rs", "user": "okafor"}
        token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]

        async def status() -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return (await flow.http.get("/general/r4/Observation?code=8480-6", headers=headers)).status_code

        assert await status() == 200
        await choose(flow, requires_patient=True)
        assert await status() == 400
        await choose(flow, requires_patient=None)
        assert await status() == 200

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code_lifetme": 5}, "did you mean code_lifetime?"),
        ({"code_lifetme": None}, "did you mean code_lifetime?"),
        ({"code_lifetime": 0}, "code_lifetime"),
        ({"pkce": "often"}, "required, if-sent or off"),
        ({"launches": []}, "a list of"),
    ],
)
def test_an_invalid_policy_is_refused_as_a_whole(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.patch(AT, json={"token_lifetime": 30} | changes)
        assert (answer.status_code, message in answer.json()["title"]) == (422, True), answer.text
        assert (await flow.http.get(AT)).json()["chosen"] == {}
        assert (await flow.http.patch(AT, json=[])).status_code == 422

    run(steps, tmp_path)


def test_a_changed_policy_overrides_the_file_until_its_hospital_is_reset(tmp_path: Path) -> None:
    async def first(flow: Flow) -> None:
        await choose(flow, token_lifetime=30)
        await flow.http.post("/admin/clock", json={"offset": 1000})
        await flow.http.patch("/admin/policies/epic", json={"pkce": "off"})
        assert (await flow.http.get(AT)).json()["chosen"] == {"token_lifetime": 30}

    async def later(flow: Flow) -> None:
        policy = (await flow.http.get(AT)).json()
        assert (policy["policy"]["token_lifetime"], policy["file"]) == (30, {"token_lifetime": 9})
        await flow.http.post("/admin/reset", json={"tenant": "general"})
        assert (await flow.http.get(AT)).json()["policy"]["token_lifetime"] == 9
        assert (await flow.http.get("/admin/policies/epic")).json()["chosen"] == {"pkce": "off"}
        assert flow.sandbox.runtime.effects.offset == 1000  # type: ignore[attr-defined]
        await flow.http.post("/admin/reset", json={})
        assert (await flow.http.get("/admin/policies/epic")).json()["chosen"] == {}
        assert flow.sandbox.runtime.effects.offset == 0  # type: ignore[attr-defined]

    run(first, tmp_path, policies={"": {"token_lifetime": 8}})
    run(later, tmp_path, policies={"": {"token_lifetime": 9}})


def test_a_setting_removed_in_the_portal_returns_to_its_default(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        at = "/developer/hospitals/general"
        page = await flow.http.get(at, headers=HTML)
        form = {"csrf": field(page, "csrf")}

        async def save(text: str, **more: str) -> httpx2.Response:
            return await flow.http.post(at, data=form | {"policy": text} | more, headers={"Origin": BASE} | HTML)

        saved = await save('pkce = "off"\r\ntoken_lifetime = 30')
        assert saved.status_code == 303
        assert "Saved." in (await flow.http.get(saved.headers["location"], headers=HTML)).text
        assert (await flow.http.get(AT)).json()["chosen"] == {"pkce": "off", "token_lifetime": 30}
        shown = (await flow.http.get(at, headers=HTML)).text
        assert shown.count("<b>changed here</b>") == 2
        assert "token_lifetime = 30" in shown
        assert (await save("token_lifetime = 31")).status_code == 303
        assert (await flow.http.get(AT)).json()["chosen"] == {"token_lifetime": 31}
        for text, message in (("token_lifetme = 5", "did you mean token_lifetime?"), ("x ist 5", "valid TOML")):
            wrong = await save(text)
            assert (wrong.status_code, message in wrong.text, f"{text}</textarea>" in wrong.text) == (422, True, True)
        assert (await save("", csrf="guess")).status_code == 422
        assert (await flow.http.get(AT)).json()["chosen"] == {"token_lifetime": 31}
        assert (await flow.http.get("/developer/hospitals/nowhere", headers=HTML)).status_code == 404
        assert 'href="/developer/hospitals/general"' in (await flow.http.get("/developer", headers=HTML)).text

    run(steps, tmp_path)


def test_only_the_administrator_reads_or_changes_a_policy(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        foreign = {"Origin": "https://evil.example.org"}
        assert (await flow.http.get(AT, headers=foreign)).status_code == 403
        assert (await flow.http.patch(AT, json={"pkce": "off"}, headers=foreign)).status_code == 403
        shut = await flow.http.get("/developer/hospitals/general", headers=HTML | {"X-Forwarded-For": "203.0.113.9"} | foreign)
        assert shut.status_code == 403
        assert (await flow.http.get(AT)).json()["chosen"] == {}

    run(steps, tmp_path)


@pytest.fixture(scope="module")
def two(engine: Callable[[], str | None], tmp_path_factory: pytest.TempPathFactory) -> Any:
    address = engine()
    storage = ("--data", address) if address else ("--ephemeral",)
    environment = {"XDG_DATA_HOME": str(tmp_path_factory.mktemp("other"))}
    with serving(*storage, "--workers", "2", "--patients", "0", environment=environment) as running:
        yield running


def test_policy_changes_apply_on_both_workers_and_concurrent_changes_are_all_kept(two: Any) -> None:
    def once(method: str, path: str, **more: Any) -> httpx2.Response:
        """Send a request over a new connection, so that either worker may get it."""
        with httpx2.Client(base_url=two.base, trust_env=False) as http:
            return http.request(method, path, **more)

    for seconds in range(11 if is_long() else 36, 41):
        assert once("PATCH", AT, json={"token_lifetime": seconds}).status_code == 200
        policy = {once("GET", AT).json()["policy"]["token_lifetime"] for _ in range(4)}
        assert policy == {seconds}
    app = {"name": "x", "type": "provider", "client": "public", "scope": "user/Patient.rs"}
    registered = once("POST", "/admin/apps", json=app | {"redirect_uris": ["http://localhost/"]}).json()
    body = {"app": registered["app_id"], "scope": "user/Patient.rs", "user": "okafor"}
    lifetimes = [once("POST", "/admin/tokens", json=body).json()["expires_in"] for _ in range(8)]
    assert lifetimes == [40] * 8
    _at_once(once)
    chosen = once("GET", AT).json()["chosen"]
    assert {name: chosen[name] for name in LIFETIMES} == dict.fromkeys(LIFETIMES, 77)
    assert {"launch-standalone" in once("GET", DISCOVERY).text for _ in range(8)} == {True}
    once("PATCH", AT, json={"launches": ["ehr"]})
    assert {"launch-standalone" in once("GET", DISCOVERY).text for _ in range(8)} == {False}


LIFETIMES = ("code_lifetime", "launch_lifetime", "refresh_lifetime", "session_lifetime", "id_token_lifetime")
DISCOVERY = "/general/r4/.well-known/smart-configuration"


def _at_once(once: Callable[..., httpx2.Response]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(LIFETIMES) + 1) as pool:
        clock = pool.submit(once, "POST", "/admin/clock", json={"advance": 5})
        done = list(pool.map(lambda name: once("PATCH", AT, json={name: 77}).status_code, LIFETIMES))
        assert clock.result().status_code == 200
    assert done == [200] * len(LIFETIMES)


def test_the_form_saves_what_differs_and_marks_what_is_wrong(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        places = ("/developer/hospitals/epic", f"/developer/apps/{app['app_id']}/settings")
        for at, setting in zip(places, ("token_lifetime", "code_lifetime"), strict=True):
            page = await flow.http.get(at, headers=HTML)
            form = {name: values for name, values in fields(page.text).items() if name != "policy"}

            save = partial(send, flow, at, form)
            wrong = await save(**{setting: "soon"})
            assert (wrong.status_code, "Enter a number of seconds, 1 or more." in wrong.text) == (422, True)
            assert 'value="soon"' in wrong.text
            assert (await save(csrf="guess")).status_code in (403, 422)
            assert (await save(**{setting: "31"})).status_code == 303
        assert (await flow.http.get("/admin/policies/epic")).json()["chosen"] == {"token_lifetime": 31}
        assert (await flow.http.get(f"/admin/apps/{app['app_id']}")).json()["policy"] == {"code_lifetime": 31}

    run(steps, tmp_path)


async def send(flow: Flow, at: str, form: dict[str, list[str]], **more: str) -> httpx2.Response:
    return await flow.http.post(at, data={**form, **more}, headers={"Origin": BASE} | HTML)


def fields(page: str) -> dict[str, list[str]]:
    """What a browser would send for the form of all settings."""
    part = page.partition('name="form" value="policy"')
    form = part[0].rpartition("<form")[2] + "".join(part[1:]).partition("</form>")[0]
    sent: dict[str, list[str]] = {"form": ["policy"]}
    for tag in re.findall(r"<input [^>]*>", form):
        ticked = 'type="checkbox"' not in tag or " checked" in tag
        if ticked and (name := re.search(r'name="([^"]*)"', tag)):
            value = re.search(r'value="([^"]*)"', tag)
            sent.setdefault(name[1], []).append(value[1] if value else "")
    for name, options in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        sent[name] = re.findall(r'value="([^"]*)" selected', options) or re.findall(r'value="([^"]*)"', options)[:1]
    sent["form"] = ["policy"]
    return sent


def test_resources_of_sickbay_toml_and_of_a_hospitals_file_get_tokens_and_stay_after_a_reset(tmp_path: Path) -> None:
    resource = {"url": "https://mcp.example.org/mcp", "name": "Vitals", "scopes": ["patient/*.rs"]}
    hospital = {"name": "clinic", "title": "Clinic", "fhir": ["r4"], "resources": [resource]}

    async def steps(flow: Flow) -> None:
        await flow.http.post("/admin/hospitals", json=hospital)
        await flow.http.post("/admin/resources", json={"url": "https://added.example.org/"})
        for body, added in (({}, 1), ({"everything": True}, 0)):
            assert (await flow.http.post("/admin/reset", json=body)).status_code == 204
            listed = (await flow.http.get("/admin/resources")).json()
            assert [entry["tenant"] for entry in listed if entry["url"] == resource["url"]] == ["general", "clinic"][
                : 1 + added
            ]
            assert [entry["id"] for entry in listed if entry["url"] == resource["url"]] == [None] * (1 + added)
            assert len([entry for entry in listed if entry["id"]]) == added

    run(steps, tmp_path, resources={"general": (resource,)})
