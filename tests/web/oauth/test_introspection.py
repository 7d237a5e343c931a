"""Introspection, revocation and userinfo over HTTP: content, access and status codes."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import BASE, Flow, run
from tests.services.assertions import jwks, sign

from sickbay.authorization.token.client_authentication import JWT_BEARER

SCOPE = "launch openid fhirUser profile offline_access patient/Patient.rs"


async def symmetric(flow: Flow, **more: Any) -> dict[str, Any]:
    return await flow.register(client="symmetric", scope=SCOPE, **more)


def basic(app: dict[str, Any]) -> dict[str, str]:
    pair = f"{app['client_id']}:{app['client_secret']}"
    return {"Authorization": "Basic " + b64encode(pair.encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def token_response(flow: Flow, app: dict[str, Any]) -> dict[str, Any]:
    """The token response of a launch of this app."""
    launch = await flow.launch(app, intent="reconcile", need_patient_banner=True)
    code = await flow.code(app, launch=launch["launch"], scope=SCOPE)
    secret = {"client_secret": app["client_secret"]} if "client_secret" in app else {}
    answer = await flow.redeem(app, code, **secret)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def post_token(flow: Flow, endpoint: str, token: str | None, headers: dict[str, str], **more: str) -> Any:
    form = more if token is None else {"token": token, **more}
    return await flow.http.post(f"/general/oauth/{endpoint}", data=form, headers=headers)


def test_an_access_token_is_described_with_its_launch_context(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await symmetric(flow)
        tokens = await token_response(flow, app)
        answer = await post_token(flow, "introspect", tokens["access_token"], basic(app))
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert body["active"] is True
        assert (body["client_id"], body["scope"], body["iss"]) == (app["client_id"], tokens["scope"], f"{BASE}/general")
        assert body["exp"] - body["iat"] == tokens["expires_in"]
        for name in ("patient", "intent", "need_patient_banner"):
            assert body[name] == tokens[name]
        assert body["sub"]
        assert "/Practitioner/" in body["fhirUser"]
        fresh = (await post_token(flow, "introspect", tokens["refresh_token"], basic(app))).json()
        assert fresh["active"] is True
        assert "token_type" not in fresh
        await flow.http.post("/admin/clock", json={"advance": 3601})
        late = await post_token(flow, "introspect", tokens["access_token"], basic(app))
        assert (late.status_code, late.json()) == (200, {"active": False})

    run(steps, tmp_path)


def test_an_unknown_token_is_only_inactive(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await symmetric(flow)
        for text in ("never-given", "f.0.x", "é", "a" * 5000):
            answer = await post_token(flow, "introspect", text, basic(app))
            assert (answer.status_code, answer.json()) == (200, {"active": False})

    run(steps, tmp_path)


def test_only_authenticated_clients_may_introspect(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, public = await symmetric(flow), await flow.register(name="Public", scope=SCOPE)
        tokens = await token_response(flow, app)
        token = tokens["access_token"]
        anonymous = await post_token(flow, "introspect", token, {})
        assert anonymous.status_code == 401
        assert anonymous.headers["www-authenticate"].startswith("Basic ")
        assert anonymous.json()["error"] == "invalid_client"
        assert (await post_token(flow, "introspect", token, {}, client_id=public["client_id"])).status_code == 401
        wrong = await post_token(flow, "introspect", token, basic(app | {"client_secret": "no"}))
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
        forged = await post_token(flow, "introspect", token, bearer("forged"))
        assert forged.status_code == 401
        assert forged.headers["www-authenticate"] == 'Bearer realm="general", error="invalid_token"'
        assert "fhir-token-unknown" in await flow.findings(forged)
        by_its_own_token = await post_token(flow, "introspect", token, bearer(token))
        assert by_its_own_token.json()["active"] is True
        other = (await token_response(flow, public))["access_token"]
        assert (await post_token(flow, "introspect", token, bearer(other))).json() == {"active": False}
        service = {"tenant": "general", "app": app["app_id"], "scope": "system/Patient.rs"}
        system = (await flow.http.post("/admin/tokens", json=service)).json()["access_token"]
        assert (await post_token(flow, "introspect", token, bearer(system))).json()["active"] is True

    run(steps, tmp_path)


def test_an_assertion_works_only_once_here_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="asymmetric", jwks=jwks(), scope=SCOPE)
        proof = {"client_assertion_type": JWT_BEARER, "client_assertion": sign(app["client_id"])}
        answers = await asyncio.gather(*(post_token(flow, "introspect", "x", {}, **proof) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
        again = await post_token(flow, "revoke", "x", {}, **proof)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_client")

    run(steps, tmp_path)


@pytest.mark.parametrize("endpoint", ["introspect", "revoke"])
def test_a_request_without_a_token_or_form_is_invalid(tmp_path: Path, endpoint: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await symmetric(flow)
        missing = await post_token(flow, endpoint, None, basic(app))
        assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
        address = f"/general/oauth/{endpoint}"
        in_url = await flow.http.post(f"{address}?token=x", headers=basic(app))
        assert (in_url.status_code, in_url.json()["error"]) == (400, "invalid_request")
        assert (await flow.http.get(address, params={"token": "x"}, headers=basic(app))).status_code == 405
        foreign = await flow.http.options(address, headers={"Origin": "https://app.example.org"})
        assert (foreign.status_code, foreign.headers["access-control-allow-origin"]) == (204, "*")

    run(steps, tmp_path)


def test_revoking_a_refresh_token_ends_the_whole_grant(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=SCOPE)
        tokens = await token_response(flow, app)
        client_form = {"client_id": app["client_id"]}
        answer = await post_token(flow, "revoke", tokens["refresh_token"], {}, token_type_hint="access_token", **client_form)
        assert (answer.status_code, answer.content) == (200, b"{}")
        read = await flow.http.get("/general/r4/Patient/p-0001", headers=bearer(tokens["access_token"]))
        assert read.status_code == 401
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **client_form}
        assert (await flow.http.post("/general/oauth/token", data=form)).json()["error"] == "invalid_grant"
        for text in (tokens["refresh_token"], tokens["access_token"], "never-given"):
            assert (await post_token(flow, "revoke", text, {}, **client_form)).status_code == 200

    run(steps, tmp_path)


def test_revoking_an_access_token_ends_only_this_token(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=SCOPE)
        first = await token_response(flow, app)
        client_form = {"client_id": app["client_id"]}
        form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], **client_form}
        second = (await flow.http.post("/general/oauth/token", data=form)).json()
        assert (await post_token(flow, "revoke", second["access_token"], {}, **client_form)).status_code == 200
        read = await flow.http.get("/general/r4/Patient/p-0001", headers=bearer(second["access_token"]))
        assert read.status_code == 401
        again = await flow.http.post("/general/oauth/token", data=form)
        assert await flow.findings(again) == {"refresh-replay-revoked": "error"}
        form["refresh_token"] = second["refresh_token"]
        third = (await flow.http.post("/general/oauth/token", data=form)).json()
        read = await flow.http.get("/general/r4/Patient/p-0001", headers=bearer(third["access_token"]))
        assert read.status_code == 200

    run(steps, tmp_path)


def test_an_app_cannot_revoke_another_apps_token(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, other = await flow.register(scope=SCOPE), await flow.register(name="Other", scope=SCOPE)
        tokens = await token_response(flow, app)
        for text in (tokens["access_token"], tokens["refresh_token"]):
            answer = await post_token(flow, "revoke", text, {}, client_id=other["client_id"])
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        unknown = await post_token(flow, "revoke", tokens["access_token"], {}, client_id="nobody")
        assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_client")
        read = await flow.http.get("/general/r4/Patient/p-0001", headers=bearer(tokens["access_token"]))
        assert read.status_code == 200

    run(steps, tmp_path)


def test_userinfo_identifies_the_signed_in_user(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await symmetric(flow)
        tokens = await token_response(flow, app)
        for method in ("GET", "POST"):
            answer = await flow.http.request(method, "/general/oauth/userinfo", headers=bearer(tokens["access_token"]))
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert body["fhirUser"] == body["profile"]
            assert body["name"]
            seen = (await post_token(flow, "introspect", tokens["access_token"], basic(app))).json()
            assert body["sub"] == seen["sub"]

    run(steps, tmp_path)


def test_userinfo_refuses_as_in_rfc_6750(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch patient/Patient.rs")
        launch = await flow.launch(app)
        code = await flow.code(app, launch=launch["launch"], scope="launch patient/Patient.rs")
        token = (await flow.redeem(app, code)).json()["access_token"]
        without = await flow.http.get("/general/oauth/userinfo", headers=bearer(token))
        assert without.status_code == 403
        assert 'error="insufficient_scope", scope="openid"' in without.headers["www-authenticate"]
        without_token = await flow.http.get("/general/oauth/userinfo")
        assert (without_token.status_code, without_token.headers["www-authenticate"]) == (401, 'Bearer realm="general"')
        forged = await flow.http.get("/general/oauth/userinfo", headers=bearer("forged"))
        assert (forged.status_code, forged.json()["error"]) == (401, "invalid_token")
        query = await flow.http.get("/general/oauth/userinfo", params={"access_token": token})
        assert query.status_code == 400

    run(steps, tmp_path)


def test_discovery_names_the_endpoints(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        smart = (await flow.http.get("/general/r4/.well-known/smart-configuration")).json()
        openid = (await flow.http.get("/general/.well-known/openid-configuration")).json()
        for name in ("introspection_endpoint", "revocation_endpoint"):
            assert smart[name] == openid[name]
            assert (await flow.http.post(smart[name])).status_code in (400, 401)
        assert (await flow.http.get(openid["userinfo_endpoint"])).status_code == 401
        assert "client-confidential-asymmetric" in smart["capabilities"]
        assert smart["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
        assert smart["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]

    run(steps, tmp_path)
