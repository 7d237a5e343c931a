"""RFC 9700, row by row over HTTP: what a server must and must not do."""

from __future__ import annotations

from typing import Any

import pytest
from tests.flows.flow import BASE, REDIRECT, STATE, VERIFIER, Flow, receive
from tests.flows.rows.test_rows_token import TOKEN, assert_refused, launch_app, refreshing
from tests.flows.shared_app import SharedApp
from tests.flows.test_ehr_by_http import HTML
from tests.flows.test_security import field, sign_in

LAUNCHED = "launch openid fhirUser online_access patient/Patient.rs"


@pytest.mark.parametrize("sent", [REDIRECT + "/", REDIRECT + "?a=b", REDIRECT.upper(), REDIRECT[:-1]])
def test_redirect_uris_are_compared_character_by_character(shared_app: SharedApp, sent: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.authorize(await flow.register(), redirect_uri=sent)
        assert (answer.status_code, "location" in answer.headers) == (400, False)

    shared_app.do(steps)


def test_plain_http_is_allowed_only_on_loopback(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register(redirect_uris=["http://127.0.0.1:8100/callback", "https://app.example.org/callback"])
        body = {"name": "x", "type": "provider", "client": "public", "scope": "openid", "redirect_uris": []}
        body["redirect_uris"] = ["http://app.example.org/callback"]
        answer = await flow.http.post("/admin/apps", json=body)
        assert answer.status_code == 422
        assert [finding["id"] for finding in answer.json()["findings"] if finding["severity"] == "error"] == [
            "reg-redirect-uri-insecure-http"
        ]

    shared_app.do(steps)


def test_there_is_no_open_redirect(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        page = await flow.http.get("/general/ehr/sign-in?next=https://evil.example/", headers=HTML)
        form = {"csrf": field(page, "csrf"), "account": await flow.clinician()}
        signed = await flow.http.post("/general/ehr/sign-in?next=https://evil.example/", data=form)
        assert signed.headers["location"] == "/general/ehr"
        out = await flow.http.get("/general/oauth/logout?post_logout_redirect_uri=https://evil.example/", headers=HTML)
        assert (out.status_code, "location" in out.headers) == (400, False)

    shared_app.do(steps, shared_app.flow())


def test_a_challenge_is_enforced_and_a_verifier_without_a_challenge_is_refused(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await launch_app(flow, pkce="if-sent")
        del form["code_verifier"]
        assert_refused(await flow.http.post(TOKEN, data=form), "invalid_grant")
        app = await flow.register(pkce="if-sent")
        code = await flow.code(app, launch=(await flow.launch(app))["launch"], code_challenge=None, code_challenge_method=None)
        assert_refused(await flow.redeem(app, code), "invalid_grant")

    shared_app.do(steps)


@pytest.mark.parametrize("path", ["/general/r4/.well-known/smart-configuration", "/general/.well-known/openid-configuration"])
def test_the_metadata_lists_the_pkce_methods(shared_app: SharedApp, path: str) -> None:
    async def steps(flow: Flow) -> None:
        assert (await flow.http.get(path)).json()["code_challenge_methods_supported"] == ["S256"]

    shared_app.do(steps)


def test_a_public_app_must_use_pkce(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        answer = await flow.authorize(
            app, launch=(await flow.launch(app))["launch"], code_challenge=None, code_challenge_method=None
        )
        assert receive(answer)["error"] == "invalid_request"
        assert (await flow.findings(answer))["pkce-missing"] == "error"

    shared_app.do(steps)


def test_a_code_works_once_and_a_second_use_revokes_its_tokens(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app, form = await launch_app(flow)
        tokens = (await flow.http.post(TOKEN, data=form)).json()
        assert_refused(await flow.http.post(TOKEN, data=form), "invalid_grant")
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await flow.http.get("/general/r4/Patient", headers=headers)).status_code == 401
        again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
        assert_refused(await flow.http.post(TOKEN, data=again), "invalid_grant")

    shared_app.do(steps)


@pytest.mark.parametrize("kind", ["token", "id_token token", "code token"])
def test_there_is_no_implicit_grant_and_no_password_grant(shared_app: SharedApp, kind: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        answer = await flow.authorize(app, response_type=kind, launch=(await flow.launch(app))["launch"])
        assert receive(answer)["error"] == "unsupported_response_type"
        form = {"grant_type": "password", "username": "a", "password": "b", "client_id": app["client_id"]}
        assert_refused(await flow.http.post(TOKEN, data=form), "unsupported_grant_type")

    shared_app.do(steps)


def test_refresh_tokens_rotate_and_reuse_of_an_old_one_revokes_the_family(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await refreshing(flow)
        new = (await flow.http.post(TOKEN, data=form)).json()
        assert new["refresh_token"] != form["refresh_token"]
        await flow.http.post("/admin/clock", json={"advance": 11})
        assert_refused(await flow.http.post(TOKEN, data=form), "invalid_grant")
        assert_refused(await flow.http.post(TOKEN, data=form | {"refresh_token": new["refresh_token"]}), "invalid_grant")

    shared_app.do(steps)


def test_an_unused_refresh_token_expires(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await refreshing(flow)
        await flow.http.post("/admin/clock", json={"advance": 91 * 86400})
        assert_refused(await flow.http.post(TOKEN, data=form), "invalid_grant")

    shared_app.do(steps)


def test_an_access_token_is_for_one_server_and_never_in_the_url(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await launch_app(flow)
        token = (await flow.http.post(TOKEN, data=form)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert (await flow.http.get("/general/r4/Patient", headers=headers)).status_code == 200
        for other in ("/general/dstu2/Patient", "/epic/r4/Patient"):
            assert (await flow.http.get(other, headers=headers)).status_code == 401
        assert (await flow.http.get(f"/general/r4/Patient?access_token={token}")).status_code == 400

    shared_app.do(steps)


async def signing_in(flow: Flow) -> Any:
    app = await flow.register(auto_approve=None)
    answer = await flow.authorize(app, launch=(await flow.launch(app))["launch"])
    return await flow.http.get(answer.headers["location"], headers=HTML)


def test_only_our_ehr_frames_authorize_pages_and_they_load_nothing_external(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        page = await signing_in(flow)
        policy = dict(directive.strip().partition(" ")[::2] for directive in page.headers["content-security-policy"].split(";"))
        own = BASE.replace("localhost", "127.0.0.1")
        assert policy["frame-ancestors"] == f"'self' {BASE} {own}"
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert page.headers["referrer-policy"] in ("no-referrer", "same-origin")
        assert page.headers["cache-control"] == "no-store"

    shared_app.do(steps, shared_app.flow())


def test_a_form_is_answered_by_a_303_redirect(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        assert (await sign_in(flow)).status_code == 303
        app = await flow.register(auto_approve=None)
        parameters = flow.asking(app, launch=(await flow.launch(app, user=await flow.clinician()))["launch"])
        by_form = await flow.http.post("/general/oauth/authorize", data=parameters)
        assert by_form.status_code == 303
        page = await flow.http.get(by_form.headers["location"], headers=HTML)
        form = {"csrf": field(page, "csrf"), "request": field(page, "request"), "decision": "refuse"}
        answer = await flow.http.post("/general/oauth/continue", data=form)
        assert answer.status_code == 303
        assert receive(answer) == receive(answer) | {"error": "access_denied", "state": STATE}

    shared_app.do(steps, shared_app.flow())


def test_private_key_jwt_is_offered(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        config = (await flow.http.get("/general/r4/.well-known/smart-configuration")).json()
        assert "private_key_jwt" in config["token_endpoint_auth_methods_supported"]
        assert config["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]

    shared_app.do(steps)


def test_no_app_can_have_the_name_of_a_user(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        body = {"redirect_uris": [REDIRECT], "client_id": "general-okafor"}
        created = await flow.http.post("/general/oauth/register", json=body)
        assert created.json()["client_id"] != "general-okafor"
        metadata = {"name": "x", "type": "system", "client": "symmetric", "scope": "system/*.rs"}
        for chosen in ("okafor", "general-okafor"):
            answer = await flow.http.post("/admin/apps", json=metadata | {"client_id": chosen})
            assert answer.status_code == 409

    shared_app.do(steps)


@pytest.mark.parametrize("tenant", ["general", "epic"])
def test_iss_is_sent_if_the_dialect_sends_it(shared_app: SharedApp, tenant: str) -> None:
    async def steps(flow: Flow) -> None:
        more = {"tenant": tenant, "scope": "launch launch/patient openid user/Patient.read", "pkce": "if-sent"}
        app = await flow.register(**more)
        launch = await flow.launch(app, tenant=tenant)
        discovery = (await flow.http.get(f"/{tenant}/r4/.well-known/smart-configuration")).json()
        parameters = flow.asking(app, launch=launch["launch"], aud=f"{BASE}/{tenant}/r4", scope="launch user/Patient.read")
        answer = await flow.http.get(discovery["authorization_endpoint"].removeprefix(BASE), params=parameters)
        assert ("iss" in receive(answer)) is discovery["authorization_response_iss_parameter_supported"]
        assert receive(answer).get("iss") in (None, f"{BASE}/general")

    shared_app.do(steps)


def test_the_verifier_of_these_rows_is_valid() -> None:
    assert 43 <= len(VERIFIER) <= 128
