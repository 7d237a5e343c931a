"""Refusals of the token endpoint, row by row (RFC 6749 5.2; SMART 2.2; RFC 9700 2.1, 4.8, 4.14)."""

from __future__ import annotations

import base64
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, REDIRECT, VERIFIER, Flow
from tests.flows.shared_app import DESCRIPTION, SharedApp

TOKEN = "/general/oauth/token"
App = dict[str, Any]
SYMMETRIC = {"client": "symmetric"}


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def assert_refused(answer: httpx2.Response, error: str, status: int = 400) -> None:
    """The JSON of RFC 6749 5.2, not cacheable, readable from any origin."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["error"] == error, body
    assert DESCRIPTION.fullmatch(body["error_description"])
    assert body["error_uri"] == f"{BASE}/exchanges/{answer.headers['x-correlation-id']}"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert "location" not in answer.headers
    challenge = answer.headers.get("www-authenticate")
    assert challenge == ('Basic realm="general"' if status == 401 else None)


async def launch_app(flow: Flow, **more: Any) -> tuple[App, dict[str, str]]:
    """A launched app and the form that redeems its code."""
    app = await flow.register(**more)
    code = await flow.code(app, launch=(await flow.launch(app))["launch"], scope=scope_of(more))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return app, form | {"client_id": app["client_id"]}


def scope_of(more: dict[str, Any]) -> str:
    return "launch openid fhirUser online_access patient/Patient.rs patient/Observation.rs"


CHANGES: list[tuple[dict[str, str | None], str]] = [
    ({"grant_type": None}, "invalid_request"),
    ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
    ({"grant_type": "implicit"}, "unsupported_grant_type"),
    ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "unsupported_grant_type"),
    ({"code": None}, "invalid_request"),
    ({"code": "made-up"}, "invalid_grant"),
    ({"redirect_uri": None}, "invalid_request"),
    ({"redirect_uri": REDIRECT + "/"}, "invalid_grant"),
    ({"redirect_uri": "https://evil.example/"}, "invalid_grant"),
    ({"code_verifier": None}, "invalid_grant"),
    ({"code_verifier": VERIFIER[::-1]}, "invalid_grant"),
    ({"code_verifier": VERIFIER[:-1]}, "invalid_grant"),
    ({"client_id": None}, "invalid_client"),
    ({"client_id": "nobody"}, "invalid_client"),
    ({"client_secret": "of-a-public-client"}, "invalid_client"),
    ({"client_assertion": "a.b.c", "client_assertion_type": "wrong"}, "invalid_client"),
]


def test_a_code_stays_valid_if_its_redirect_uri_is_removed_from_the_registration(shared_app: SharedApp) -> None:
    """The exchange sends nothing to that URI. It is compared only with the authorization request (RFC 6749 4.1.3).

    Keycloak, node-oidc-provider and fosite do the same. To end what was granted, the app is removed or the token revoked.
    """

    async def steps(flow: Flow) -> None:
        app, form = await launch_app(flow)
        moved = REDIRECT.replace("callback", "moved")
        changed = await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"redirect_uris": [moved]})
        assert changed.status_code == 200, changed.text
        assert (await flow.authorize(app)).status_code == 400  # no other code is sent there
        assert_refused(await flow.http.post(TOKEN, data=form | {"redirect_uri": moved}), "invalid_grant")
        assert (await flow.http.post(TOKEN, data=form)).status_code == 200

    shared_app.do(steps)


@pytest.mark.parametrize(("change", "error"), CHANGES)
def test_a_form_with_one_error_is_refused(shared_app: SharedApp, change: dict[str, str | None], error: str) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await launch_app(flow)
        changed = {name: value for name, value in (form | change).items() if value is not None}
        assert_refused(await flow.http.post(TOKEN, data=changed), error)

    shared_app.do(steps)


@pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri", "client_id", "code_verifier"])
def test_a_repeated_parameter_is_an_invalid_request(shared_app: SharedApp, name: str) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await launch_app(flow)
        assert_refused(await flow.http.post(TOKEN, data={**form, name: [form[name], form[name]]}), "invalid_request")

    shared_app.do(steps)


def test_a_browser_at_the_token_endpoint_gets_the_authorization_endpoint(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(TOKEN, params={"response_type": "code", "client_id": "x", "state": "y"})
        assert_refused(answer, "invalid_request", 405)
        exchange = await flow.http.get(answer.json()["error_uri"], headers={"accept": "application/json"})
        findings = {finding["id"]: finding for finding in exchange.json()["findings"]}
        advice = findings["authorize-called-at-token-endpoint"]
        assert advice["fix"] == f"Redirect the browser to {BASE}/general/oauth/authorize."

    shared_app.do(steps)


def test_a_body_that_is_not_a_form_is_an_invalid_request(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await launch_app(flow)
        assert_refused(await flow.http.post(TOKEN, json=form), "invalid_request")
        assert_refused(await flow.http.get(TOKEN, params=form), "invalid_request", 405)
        assert_refused(await flow.http.post(TOKEN, params=form), "invalid_request")
        assert_refused(await flow.http.put(TOKEN, data=form), "invalid_request", 405)
        plain = {"Content-Type": "text/plain"}
        assert_refused(await flow.http.post(TOKEN, content=b"grant_type=authorization_code", headers=plain), "invalid_request")

    shared_app.do(steps)


@pytest.mark.parametrize("how", ["basic-wrong", "basic-empty", "basic-unknown", "post-wrong", "none", "bearer", "broken"])
def test_an_unauthenticated_confidential_app_is_an_invalid_client(shared_app: SharedApp, how: str) -> None:
    """401 with a challenge if the Authorization header was used, else 400."""

    async def steps(flow: Flow) -> None:
        app, form = await launch_app(flow, **SYMMETRIC)
        headers = {
            "basic-wrong": basic(app["client_id"], "wrong"),
            "basic-empty": basic(app["client_id"], ""),
            "basic-unknown": basic("nobody", "wrong"),
            "bearer": {"Authorization": "Bearer x"},
            "broken": {"Authorization": "Basic %%%"},
        }.get(how, {})
        more = {"client_secret": "wrong"} if how == "post-wrong" else {}
        sent = {key: value for key, value in (form | more).items() if key != "client_id" or not headers}
        assert_refused(await flow.http.post(TOKEN, data=sent, headers=headers), "invalid_client", 401 if headers else 400)
        good = await flow.http.post(TOKEN, data=form, headers=basic(app["client_id"], app["client_secret"]))
        assert good.status_code == 200, good.text

    shared_app.do(steps)


async def correct(flow: Flow, answer: httpx2.Response) -> dict[str, Any]:
    exchange = await flow.http.get(answer.json()["error_uri"], headers={"accept": "application/json"})
    return dict(exchange.json()["corrected"])


@pytest.mark.parametrize("how", ["newline", "not-encoded", "code"])
def test_a_secret_that_a_correction_rewrites_is_masked_too(shared_app: SharedApp, how: str) -> None:
    async def steps(flow: Flow) -> None:
        app, form = await launch_app(flow, **SYMMETRIC)
        pair = f"{app['client_id']}:{app['client_secret']}"
        right = basic(app["client_id"], app["client_secret"])
        wrong = base64.b64encode(f"{pair}\n".encode()).decode() if how == "newline" else pair
        headers = right if how == "code" else {"Authorization": f"Basic {wrong}"}
        code = form["code"]
        sent = form | ({"code": f"{code}%3D%3D"} if how == "code" else {})
        answer = await flow.http.post(TOKEN, data=sent, headers=headers)
        exchange = await flow.http.get(answer.json()["error_uri"], headers={"accept": "application/json"})
        assert exchange.json()["corrected"]
        for secret in (right["Authorization"].removeprefix("Basic "), app["client_secret"], code):
            assert secret not in exchange.text

    shared_app.do(steps)


def test_the_corrected_request_of_a_public_app_that_sent_basic_has_its_client_id(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app, form = await launch_app(flow)
        form |= {"client_id": app["client_id"]}
        answer = await flow.http.post(TOKEN, data=form, headers=basic(app["client_id"], "what it should not have"))
        corrected_request = await correct(flow, answer)
        assert not {name.lower() for name in corrected_request["headers"]} & {"authorization"}
        assert f"client_id={app['client_id']}" in corrected_request["body"]

    shared_app.do(steps)


def test_two_methods_of_client_authentication_are_an_invalid_request(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app, form = await launch_app(flow, **SYMMETRIC)
        headers = basic(app["client_id"], app["client_secret"])
        form |= {"client_secret": app["client_secret"]}
        assert_refused(await flow.http.post(TOKEN, data=form, headers=headers), "invalid_request")

    shared_app.do(steps)


@pytest.mark.parametrize("how", ["absent", "wrong-type", "not-a-jwt", "unsigned"])
def test_an_unusable_assertion_is_an_invalid_client(shared_app: SharedApp, how: str) -> None:
    async def steps(flow: Flow) -> None:
        app, form = await launch_app(flow, client="asymmetric", jwks_uri="https://app.example/jwks")
        type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        head, body = (
            base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
            for payload in (b'{"alg":"none"}', b'{"iss":"%s","sub":"%s"}' % ((app["client_id"].encode(),) * 2))
        )
        sent: dict[str, dict[str, str]] = {
            "absent": {},
            "wrong-type": {"client_assertion": "a.b.c", "client_assertion_type": "jwt"},
            "not-a-jwt": {"client_assertion": "x", "client_assertion_type": type},
            "unsigned": {"client_assertion": f"{head}.{body}.", "client_assertion_type": type},
        }
        assert_refused(await flow.http.post(TOKEN, data=form | sent[how]), "invalid_client")

    shared_app.do(steps)


def test_another_apps_code_is_an_invalid_grant_and_stays_valid_for_its_app(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await launch_app(flow)
        thief = await flow.register(name="Another")
        assert_refused(await flow.http.post(TOKEN, data=form | {"client_id": thief["client_id"]}), "invalid_grant")
        assert (await flow.http.post(TOKEN, data=form)).status_code == 200

    shared_app.do(steps)


def test_an_expired_code_is_an_invalid_grant(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await launch_app(flow)
        await flow.http.post("/admin/clock", json={"advance": 61})
        assert_refused(await flow.http.post(TOKEN, data=form), "invalid_grant")

    shared_app.do(steps)


def test_a_code_works_only_at_the_hospital_that_issued_it(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await launch_app(flow)
        elsewhere = flow.sandbox.runtime.tenants["cerner"].server.token_endpoint
        answer = await flow.http.post(elsewhere, data=form)
        assert answer.status_code == 400
        assert "access_token" not in answer.text

    shared_app.do(steps)


def test_a_verifier_without_a_challenge_is_refused(shared_app: SharedApp) -> None:
    """Otherwise removing the challenge would switch PKCE off (RFC 9700 4.8.2)."""

    async def steps(flow: Flow) -> None:
        app = await flow.register(smart_version=1, pkce="if-sent")
        bare: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
        code = await flow.code(app, launch=(await flow.launch(app))["launch"], **bare)
        assert_refused(await flow.redeem(app, code), "invalid_grant")
        code = await flow.code(app, launch=(await flow.launch(app))["launch"], **bare)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        good = await flow.http.post(TOKEN, data=form | {"client_id": app["client_id"]})
        assert good.status_code == 200, good.text

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (f"{BASE}/general/r4", 200),
        (f"{BASE}/general/r4/", 200),
        (f"{BASE}/general/dstu2", 400),
        ("https://evil.example/", 400),
    ],
)
def test_a_resource_indicator_names_the_server_that_was_authorized(shared_app: SharedApp, resource: str, status: int) -> None:
    """RFC 8707 2.2."""

    async def steps(flow: Flow) -> None:
        _, form = await launch_app(flow)
        answer = await flow.http.post(TOKEN, data=form | {"resource": resource})
        assert answer.status_code == status, answer.text
        if status == 400:
            assert_refused(answer, "invalid_target")
            assert (await flow.findings(answer))["token-resource-mismatch"] == "error"

    shared_app.do(steps)


def test_a_service_chooses_its_server_by_a_resource_indicator(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(type="system", client="symmetric", scope="system/Patient.rs")
        form = {"grant_type": "client_credentials", "scope": "system/Patient.rs", "resource": f"{BASE}/general/dstu2"}
        tokens = (await flow.http.post(TOKEN, data=form, headers=basic(app["client_id"], app["client_secret"]))).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await flow.http.get("/general/dstu2/Patient", headers=headers)).status_code == 200
        assert (await flow.http.get("/general/r4/Patient", headers=headers)).status_code == 401

    shared_app.do(steps)


async def refreshing(flow: Flow, **more: Any) -> tuple[App, dict[str, str]]:
    app, form = await launch_app(flow, **more)
    tokens = (await flow.http.post(TOKEN, data=form)).json()
    return app, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("unknown", "invalid_grant"),
        ("missing", "invalid_request"),
        ("altered", "invalid_grant"),
        ("another-client", "invalid_grant"),
        ("inactive", "invalid_grant"),
        ("wider", "invalid_scope"),
        ("other-type", "invalid_scope"),
    ],
)
def test_a_refresh_with_one_error_is_refused(shared_app: SharedApp, fault: str, error: str) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await refreshing(flow)
        token = form["refresh_token"]
        if fault == "inactive":
            await flow.http.post("/admin/clock", json={"advance": 91 * 86400})
        if fault == "another-client":
            form["client_id"] = (await flow.register(name="Another"))["client_id"]
        form |= {
            "unknown": {"refresh_token": "made-up"},
            "missing": {"refresh_token": ""},
            "altered": {"refresh_token": token[:-2] + ("AA" if token[-2:] != "AA" else "BB")},
            "wider": {"scope": "launch openid patient/*.rs"},
            "other-type": {"scope": "user/Patient.rs"},
        }.get(fault, {})
        assert_refused(await flow.http.post(TOKEN, data=form), error)

    shared_app.do(steps)


def test_a_refresh_can_narrow_the_scope_and_the_token_is_limited_to_it(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        _, form = await refreshing(flow)
        tokens = (await flow.http.post(TOKEN, data=form | {"scope": "patient/Patient.rs"})).json()
        assert tokens["scope"] == "patient/Patient.rs"
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await flow.http.get("/general/r4/Observation", headers=headers)).status_code == 403
        assert (await flow.http.get("/general/r4/Patient", headers=headers)).status_code == 200

    shared_app.do(steps)


def test_an_app_may_use_only_the_grants_it_has(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(**SYMMETRIC)
        form = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}
        answer = await flow.http.post(TOKEN, data=form, headers=basic(app["client_id"], app["client_secret"]))
        assert answer.status_code == 400
        assert answer.json()["error"] in ("unauthorized_client", "unsupported_grant_type")

    shared_app.do(steps)


def test_the_same_request_without_errors_is_granted(shared_app: SharedApp) -> None:
    """The positive control: the response has the members of SMART 2.2 and isn't cacheable."""

    async def steps(flow: Flow) -> None:
        _, form = await launch_app(flow)
        answer = await flow.http.post(TOKEN, data=form, headers={"Origin": "http://app.example"})
        assert answer.status_code == 200
        tokens = answer.json()
        assert tokens["token_type"] == "Bearer"
        assert {"access_token", "expires_in", "scope", "patient", "id_token", "refresh_token"} <= set(tokens)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["pragma"] == "no-cache"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers

    shared_app.do(steps)
