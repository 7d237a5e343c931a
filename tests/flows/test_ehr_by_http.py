"""From a clinician's sign-in to the token of an app launched from the chart, as in a browser."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
from tests.flows.flow import Flow, receive, run
from tests.flows.later_effects import LaterEffects

HTML = {"Accept": "text/html"}


def field(answer: httpx2.Response, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]+)"', answer.text)
    assert match, answer.text
    return match[1]


async def sign_in(flow: Flow, to: str = "/general/ehr") -> None:
    page = await flow.http.get(f"/general/ehr/sign-in?next={to}", headers=HTML)
    form = {"csrf": field(page, "csrf"), "account": await flow.clinician()}
    answer = await flow.http.post(f"/general/ehr/sign-in?next={to}", data=form)
    assert answer.headers["location"] == to


def test_an_app_is_launched_from_the_chart_after_consent_and_not_asked_again(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        flow.sandbox.runtime.effects = LaterEffects(answers=200)
        app = await flow.register(auto_approve=None)
        chart = await flow.http.get(f"/general/ehr/patients/p-0017?app={app['app_id']}", headers=HTML)
        assert chart.status_code == 200
        frame = re.search(r'<iframe class="app" src="([^"]+)"', chart.text)
        assert frame
        for is_asked in (True, False):
            opened = await flow.http.get(frame[1].replace("&amp;", "&"), headers=HTML)
            launch = parse_qs(urlsplit(opened.headers["location"]).query)["launch"][0]
            answer = await flow.authorize(app, launch=launch)
            if is_asked:
                page = await flow.http.get(answer.headers["location"], headers=HTML)
                scopes = re.findall(r'name="scope" value="([^"]+)"', page.text)
                form = {
                    "csrf": field(page, "csrf"),
                    "request": field(page, "request"),
                    "decision": "allow",
                    "scope": scopes,
                }
                answer = await flow.http.post("/general/oauth/continue", data=form)
            token = await flow.redeem(app, receive(answer)["code"])
            assert token.json()["patient"] == "p-0017"

    run(steps, tmp_path)


def test_an_unticked_scope_is_not_granted(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        launch = await flow.launch(app, user=await flow.clinician())
        answer = await flow.authorize(app, launch=launch["launch"])
        page = await flow.http.get(answer.headers["location"], headers=HTML)
        form = {
            "csrf": field(page, "csrf"),
            "request": field(page, "request"),
            "decision": "allow",
            "scope": ["launch", "patient/Patient.rs"],
        }
        answer = await flow.http.post("/general/oauth/continue", data=form)
        token = (await flow.redeem(app, receive(answer)["code"])).json()
        assert token["scope"] == "launch patient/Patient.rs"
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        assert (await flow.http.get("/general/r4/Observation", headers=headers)).status_code == 403

    run(steps, tmp_path)


def test_refusing_consent_sends_access_denied_to_the_app(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        launch = await flow.launch(app)
        page = await flow.http.get((await flow.authorize(app, launch=launch["launch"])).headers["location"], headers=HTML)
        form = {"csrf": field(page, "csrf"), "request": field(page, "request"), "decision": "refuse"}
        answer = await flow.http.post("/general/oauth/continue", data=form)
        assert answer.status_code == 303
        assert receive(answer)["error"] == "access_denied"
        assert "user-denied" in await flow.findings(answer)

    run(steps, tmp_path)


def test_a_form_without_csrf_token_changes_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        launch = await flow.launch(app)
        page = await flow.http.get((await flow.authorize(app, launch=launch["launch"])).headers["location"], headers=HTML)
        form = {"csrf": "guessed", "request": field(page, "request"), "decision": "allow", "scope": "launch"}
        answer = await flow.http.post("/general/oauth/continue", data=form)
        assert answer.headers["location"] == f"/general/oauth/continue?request={field(page, 'request')}"

    run(steps, tmp_path)


def test_a_standalone_launch_offers_a_patient_picker(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        answer = await flow.authorize(app, scope="launch/patient patient/Patient.rs")
        address = answer.headers["location"]
        page = await flow.http.get(address + "&q=Peters", headers=HTML)
        assert "Timothy" in page.text
        form = {"csrf": field(page, "csrf"), "request": field(page, "request"), "patient": "p-0017", "decision": "open"}
        assert (await flow.http.post("/general/oauth/continue", data=form)).status_code == 303
        page = await flow.http.get(address, headers=HTML)
        form = {
            "csrf": field(page, "csrf"),
            "request": field(page, "request"),
            "decision": "allow",
            "scope": "launch/patient patient/Patient.rs",
        }
        answer = await flow.http.post("/general/oauth/continue", data=form)
        assert (await flow.redeem(app, receive(answer)["code"])).json()["patient"] == "p-0017"

    run(steps, tmp_path)


def test_a_launch_of_another_user_is_denied(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        every = (await flow.http.get("/admin/users?tenant=general")).json()
        clinician = await flow.clinician()
        other = next(user["username"] for user in every if user["username"] != clinician)
        launch = await flow.launch(app, user=other)
        answer = await flow.authorize(app, launch=launch["launch"])
        assert receive(answer)["error"] == "access_denied"
        assert "mismatched-identity" in await flow.findings(answer)

    run(steps, tmp_path)


def test_signing_out_ends_online_access(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        launch = await flow.launch(app)
        page = await flow.http.get(
            (await flow.authorize(app, launch=launch["launch"], scope="launch online_access user/Patient.rs")).headers[
                "location"
            ],
            headers=HTML,
        )
        csrf = field(page, "csrf")
        form = {
            "csrf": csrf,
            "request": field(page, "request"),
            "decision": "allow",
            "scope": "launch online_access user/Patient.rs",
        }
        answer = await flow.http.post("/general/oauth/continue", data=form)
        token = (await flow.redeem(app, receive(answer)["code"])).json()
        await flow.http.post("/general/ehr/sign-out", data={"csrf": csrf})
        form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"], "client_id": app["client_id"]}
        refused = await flow.http.post("/general/oauth/token", data=form)
        assert refused.status_code == 400
        assert "refresh-online-session-ended" in await flow.findings(refused)

    run(steps, tmp_path)


def test_prompt_none_is_answered_without_a_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        answer = await flow.authorize(app, scope="openid user/Patient.rs", prompt="none")
        assert receive(answer)["error"] == "consent_required"

    run(steps, tmp_path)
