"""Sign-in and consent: the app's parameters and the user's decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.flows.flow import BASE, Flow, receive, run
from tests.flows.test_ehr_by_http import HTML, field, sign_in

from sickbay.protocol import jose

SCOPE = "launch/patient openid patient/Patient.rs patient/Observation.rs"


async def submit(flow: Flow, page: Any, **form: Any) -> Any:
    form |= {"csrf": field(page, "csrf"), "request": field(page, "request")}
    return await flow.http.post("/general/oauth/continue", data=form)


async def authorization_page(flow: Flow, app: dict[str, Any], **more: str | None) -> Any:
    """The page after an authorization request, or the redirect to the app."""
    answer = await flow.authorize(app, **{"scope": SCOPE, **more})
    if "/oauth/continue" in answer.headers["location"]:
        return await flow.http.get(answer.headers["location"], headers=HTML)
    return answer


async def consent(flow: Flow, app: dict[str, Any], ticked: list[str], **form: Any) -> dict[str, Any]:
    """Pick a patient and answer the consent page; returns the token response."""
    page = await authorization_page(flow, app)
    address = f"/general/oauth/continue?request={field(page, 'request')}"
    await submit(flow, page, patient="p-0017", decision="open")
    page = await flow.http.get(address, headers=HTML)
    answer = await submit(flow, page, scope=ticked, decision="allow", **form)
    return dict((await flow.redeem(app, receive(answer)["code"])).json())


def test_a_form_without_a_decision_is_shown_again(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        page = await authorization_page(flow, await flow.register(auto_approve=None))
        address = f"/general/oauth/continue?request={field(page, 'request')}"
        await submit(flow, page, patient="p-0017", decision="open")
        page = await flow.http.get(address, headers=HTML)
        assert (await submit(flow, page, scope=SCOPE.split(), decision="ask")).headers["location"] == address

    run(steps, tmp_path)


def test_a_scope_narrowed_to_a_category_is_enforced(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        part = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
        tokens = await consent(flow, app, SCOPE.split(), narrow=["", part])
        assert tokens["scope"] == SCOPE.replace("patient/Observation.rs", part)
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        response = await flow.http.get("/general/r4/Observation?patient=p-0017&_count=200", headers=headers)
        codes = {entry["resource"]["category"][0]["coding"][0]["code"] for entry in response.json()["entry"]}
        assert codes == {"laboratory"}
        observation_id = response.json()["entry"][0]["resource"]["id"]
        assert (await flow.http.get(f"/general/r4/Observation/{observation_id}", headers=headers)).status_code == 200
        vital = await vitals(flow, app)
        assert (await flow.http.get(f"/general/r4/Observation/{vital}", headers=headers)).status_code == 404
        again = await authorization_page(flow, app)
        assert "Whose record" in again.text

    run(steps, tmp_path)


def test_a_scope_limited_to_several_categories_shows_all_of_them(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        system = "http://terminology.hl7.org/CodeSystem/observation-category"
        parts = [f"patient/Observation.rs?category={system}|{code}" for code in ("survey", "social-history")]
        tokens = await consent(flow, app, SCOPE.split(), narrow=parts)
        assert tokens["scope"] == SCOPE.replace("patient/Observation.rs", " ".join(parts))
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        response = await flow.http.get("/general/r4/Observation?patient=p-0017&_count=500", headers=headers)
        codes = {entry["resource"]["category"][0]["coding"][0]["code"] for entry in response.json()["entry"]}
        assert codes == {"survey", "social-history"}

    run(steps, tmp_path)


def test_the_policy_always_ask_shows_consent_although_it_was_given_before(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        scope = "openid user/Patient.rs"
        remembering = await flow.register(auto_approve=None, scope=scope)
        asking = await flow.register(auto_approve=None, scope=scope, policy={"always_ask": True})
        for app, is_asked_again in ((remembering, False), (asking, True)):
            page = await authorization_page(flow, app, scope=scope)
            assert "data-consent" in page.text
            assert "code" in receive(await submit(flow, page, scope=scope.split(), decision="allow"))
            again = await authorization_page(flow, app, scope=scope)
            assert ("data-consent" in again.text) is is_asked_again
            silent = receive(await flow.authorize(app, scope=scope, prompt="none"))
            assert ("error" in silent) is is_asked_again
            assert silent.get("error", "consent_required") == "consent_required"

    run(steps, tmp_path)


async def vitals(flow: Flow, app: dict[str, Any]) -> str:
    body = {"app": app["app_id"], "scope": "user/Observation.rs", "user": "okafor"}
    token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]
    address = "/general/r4/Observation?patient=p-0017&category=vital-signs&_count=1"
    response = await flow.http.get(address, headers={"Authorization": f"Bearer {token}"})
    return str(response.json()["entry"][0]["resource"]["id"])


def test_an_unticked_scope_is_unticked_the_next_time(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        scopes = ["launch/patient", "patient/Patient.rs"]
        tokens = await consent(flow, app, scopes)
        assert tokens["scope"] == " ".join(scopes)
        assert "id_token" not in tokens
        page = await authorization_page(flow, app)
        await submit(flow, page, patient="p-0017", decision="open")
        page = await flow.http.get(f"/general/oauth/continue?request={field(page, 'request')}", headers=HTML)
        assert 'value="patient/Patient.rs" checked' in page.text
        assert 'value="openid" checked' not in page.text

    run(steps, tmp_path)


def test_a_form_cannot_grant_more_than_was_requested(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        tokens = await consent(flow, app, ["patient/Patient.rs", "user/Patient.rs", "patient/Condition.rs"])
        assert tokens["scope"] == "patient/Patient.rs"

    run(steps, tmp_path)


def test_prompt_login_requires_one_sign_in_and_sets_auth_time(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        await flow.http.post("/admin/clock", json={"advance": 100})
        for wish in ({"prompt": "login"}, {"max_age": "60"}, {"prompt": "select_account"}):
            page = await authorization_page(flow, app, scope="openid user/Patient.rs", login_hint="okafor", **wish)
            assert 'value="okafor"' in page.text
            address = f"/general/oauth/continue?request={field(page, 'request')}"
            await submit(flow, page, account="okafor")
            answer = await flow.http.get(address, headers=HTML)
            if answer.status_code == 200:
                answer = await submit(flow, answer, scope=["openid", "user/Patient.rs"], decision="allow")
            token = (await flow.redeem(app, receive(answer)["code"])).json()
            read = jose.decode_unverified(token["id_token"])
            assert read is not None
            assert read.claims["iat"] - read.claims["auth_time"] < 5
            await flow.http.post("/admin/clock", json={"advance": 100})

    run(steps, tmp_path)


def test_prompt_consent_shows_the_consent_page_again(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        page = await authorization_page(flow, app, scope="openid user/Patient.rs")
        await submit(flow, page, scope=["openid", "user/Patient.rs"], decision="allow")
        assert "code" in receive(await authorization_page(flow, app, scope="openid user/Patient.rs"))
        page = await authorization_page(flow, app, scope="openid user/Patient.rs", prompt="consent")
        assert "Allow Provider app" in page.text

    run(steps, tmp_path)


def test_prompt_none_names_the_required_interaction(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(auto_approve=None)
        silent = {"prompt": "none", "scope": "openid user/Patient.rs"}
        assert receive(await authorization_page(flow, app, **silent))["error"] == "login_required"
        await sign_in(flow)
        assert receive(await authorization_page(flow, app, **silent))["error"] == "consent_required"
        assert receive(await authorization_page(flow, app, prompt="none"))["error"] == "interaction_required"
        page = await authorization_page(flow, app, scope="openid user/Patient.rs")
        await submit(flow, page, scope=["openid", "user/Patient.rs"], decision="allow")
        assert "code" in receive(await authorization_page(flow, app, **silent))
        await flow.http.post("/admin/clock", json={"advance": 100})
        answer = await authorization_page(flow, app, **silent, max_age="60")
        assert receive(answer)["error"] == "login_required"
        assert "prompt-none-without-session" in await flow.findings(answer)

    run(steps, tmp_path)


def test_an_app_with_auto_approve_is_answered_without_a_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        assert "code" in receive(await flow.authorize(app, prompt="none", scope="openid user/Patient.rs"))

    run(steps, tmp_path)


def test_resource_is_accepted_in_place_of_aud(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        parameters = {"scope": "openid user/Patient.rs", "aud": None}
        response_parameters = receive(await flow.authorize(app, resource=f"{BASE}/general/r4", **parameters))
        token = (await flow.redeem(app, response_parameters["code"])).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        assert (await flow.http.get("/general/r4/Patient/p-0001", headers=headers)).status_code == 200
        answer = await flow.authorize(app, resource="http://elsewhere.example/fhir", **parameters)
        assert "mcp-resource-unknown" in await flow.findings(answer)

    run(steps, tmp_path)
