"""Corrected token and FHIR requests aren't refused again; if none would work, none is offered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
from tests.flows.flow import BASE, REDIRECT, VERIFIER, Flow, run

from sickbay.diagnosis.placeholders import PLACEHOLDER_CODE

JSON = {"accept": "application/json"}
TOKEN = "/general/oauth/token"


async def exchange_of(flow: Flow, answer: httpx2.Response) -> dict[str, Any]:
    exchange_url = f"/exchanges/{answer.headers['x-correlation-id']}"
    return dict((await flow.http.get(exchange_url, headers=JSON)).json())


async def form(flow: Flow, app: dict[str, Any]) -> dict[str, str]:
    code = await flow.code(app, scope="openid launch/patient patient/Patient.rs")
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": app["client_id"],
    }


async def code_of(flow: Flow, **sent: Any) -> str | None:
    """The code in the corrected request, if there is one."""
    corrected = (await exchange_of(flow, await flow.http.post(TOKEN, **sent)))["corrected"]
    return parse_qs(corrected["body"])["code"][0] if corrected else None


def app_of(flow: Flow, **more: Any) -> Any:
    more = {"scope": "openid launch/patient patient/*.rs"} | more
    return flow.register(auto_approve={"user": "okafor", "patient": "p-0001"}, **more)


def test_a_quoted_code_is_corrected_and_an_unknown_one_is_not(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        sent = await form(flow, await app_of(flow))
        refused = await exchange_of(flow, await flow.http.post(TOKEN, data=sent | {"code": f'"{sent["code"]}"'}))
        assert {finding["id"] for finding in refused["findings"]} == {"code-mangled"}
        assert refused["corrected"]
        refused = await exchange_of(flow, await flow.http.post(TOKEN, data=sent | {"code": '"nobody gave this"'}))
        assert parse_qs(refused["corrected"]["body"])["code"] == [PLACEHOLDER_CODE]
        assert (await flow.http.post(TOKEN, data=sent)).status_code == 200

    run(steps, tmp_path)


def test_a_corrected_form_has_a_placeholder_for_a_spent_or_expired_code(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await app_of(flow)
        sent = await form(flow, app)
        assert await code_of(flow, json=sent) == PLACEHOLDER_CODE  # secrets aren't stored, so a good code is a placeholder too
        assert (await flow.http.post(TOKEN, data=sent)).status_code == 200
        assert await code_of(flow, json=sent) == PLACEHOLDER_CODE
        assert await code_of(flow, data=sent) is None
        sent = await form(flow, app)
        await flow.http.post("/admin/clock", json={"advance": 100})
        assert await code_of(flow, json=sent) == PLACEHOLDER_CODE
        assert await code_of(flow, data=sent) is None

    run(steps, tmp_path)


def test_a_missing_client_id_is_found_by_the_code_and_the_secret_is_a_placeholder(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        public, secret = await app_of(flow), await app_of(flow, name="Server app", client="symmetric")
        for app in (public, secret):
            sent = await form(flow, app)
            del sent["client_id"]
            corrected = (await exchange_of(flow, await flow.http.post(TOKEN, data=sent)))["corrected"]
            named = parse_qs(corrected["body"]).get("client_id")
            assert named == ([app["client_id"]] if app is public else None)
            assert ("Authorization" in corrected["headers"]) is (app is secret)
        fields = {name: value[0] for name, value in parse_qs(corrected["body"]).items()} | {"code": sent["code"]}
        fields["code_verifier"] = VERIFIER
        answer = await flow.http.post(TOKEN, data=fields, auth=(secret["client_id"], secret["client_secret"]))
        assert answer.status_code == 200

    run(steps, tmp_path)


def test_a_mistyped_client_id_is_corrected_in_the_authorization_header(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await app_of(flow, client="symmetric", client_id="growth-chart")
        sent = await form(flow, app)
        del sent["client_id"]
        answer = await flow.http.post(TOKEN, data=sent, auth=("growth-chrat", app["client_secret"]))
        refused = await exchange_of(flow, answer)
        assert {finding["id"] for finding in refused["findings"]} == {"client-id-unknown"}
        assert refused["corrected"]["headers"]["Authorization"].startswith("Basic ")
        assert "client_id" not in parse_qs(refused["corrected"]["body"])

    run(steps, tmp_path)


def test_a_valid_token_in_the_url_is_moved_into_the_header(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        token = (await flow.complete_launch())["access_token"]
        for text, lives in ((token, True), ("nobody-s", False)):
            answer = await flow.http.get(f"/general/r4/Patient?access_token={text}", headers=JSON)
            corrected = (await exchange_of(flow, answer))["corrected"]
            assert (corrected is not None) is lives
        for header in (f'Bearer "{token}"', f"Bearer: {token}", token):
            answer = await flow.http.get("/general/r4/Patient", headers={"authorization": header})
            assert (await exchange_of(flow, answer))["corrected"]["headers"]["Authorization"].startswith("Bearer ")
        await flow.http.post("/admin/clock", json={"advance": 4000})
        answer = await flow.http.get(f"/general/r4/Patient?access_token={token}", headers=JSON)
        assert (await exchange_of(flow, answer))["corrected"] is None

    run(steps, tmp_path)


def test_a_search_that_would_be_refused_again_is_not_offered(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        token = (await flow.complete_launch())["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        answer = await flow.http.get("/general/r4/Patients?name=x", headers=headers)
        assert (await exchange_of(flow, answer))["corrected"]["url"].endswith("/Patient?name=YOUR-NAME")
        answer = await flow.http.get("/general/r4/Patients?birthdate=01/02/2020", headers=headers)
        assert (await exchange_of(flow, answer))["corrected"] is None

    run(steps, tmp_path)


@pytest.mark.parametrize("sent", [None, "undefined", "YOUR_CLIENT_ID", "nobody"])
def test_an_ambiguous_client_id_becomes_a_placeholder_and_the_administrator_sees_the_candidates(
    tmp_path: Path, sent: str | None
) -> None:
    async def steps(flow: Flow) -> None:
        app = await app_of(flow, name="Growth chart")
        await app_of(flow, name="Medication list")
        scope, elsewhere = "openid launch/patient patient/Patient.rs", "http://localhost:8101/other"
        answer = await flow.authorize(app, client_id=sent, redirect_uri=elsewhere, scope=scope)
        refused = await exchange_of(flow, answer)
        assert f"Growth chart ({app['client_id']})" in refused["findings"][0]["fix"]
        assert "client_id=CLIENT-ID-OF-YOUR-APP" in refused["corrected"]["url"]
        exchange_url = f"/exchanges/{answer.headers['x-correlation-id']}"
        foreign = await flow.http.get(exchange_url, headers=JSON | {"origin": "https://elsewhere.example.org"})
        assert "Growth chart" not in foreign.text
        assert app["client_id"] not in foreign.text
        filled = refused["corrected"]["url"].replace("CLIENT-ID-OF-YOUR-APP", app["client_id"])
        again = await flow.http.get(filled.replace("8101%2Fother", "8100%2Fcallback"))
        assert "code=" in again.headers["location"]

    run(steps, tmp_path)


def test_client_metadata_is_corrected_in_its_own_format(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        sent = {
            "client_name": "Growth",
            "redirect_uris": [REDIRECT + "#x"],
            "scope": "launch/patient,patient/Patient.rs",
            "token_endpoint_auth_method": "none",
        }
        refused = await exchange_of(flow, await flow.http.post("/general/oauth/register", json=sent))
        assert {finding["id"] for finding in refused["findings"] if finding["severity"] == "error"} == {
            "reg-redirect-uri-has-fragment",
            "scope-comma-separated",
        }
        corrected = refused["corrected"]
        corrections = {"redirect_uris": [REDIRECT], "scope": "launch/patient patient/Patient.rs"}
        assert json.loads(corrected["body"]) == sent | corrections
        again = await flow.http.request(
            corrected["method"], corrected["url"], content=corrected["body"], headers=corrected["headers"]
        )
        assert again.status_code == 201

    run(steps, tmp_path)


def test_an_introspection_request_is_corrected_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await app_of(flow, client="symmetric")
        auth = (app["client_id"], app["client_secret"])
        sent = await form(flow, app)
        del sent["client_id"]
        token = (await flow.http.post(TOKEN, data=sent, auth=auth)).json()["access_token"]
        for path in ("introspect", "revoke"):
            ways: tuple[dict[str, Any], ...] = (
                {"json": {"token": token}},
                {"params": {"token": token}},
                {"data": {"access_token": token}},
            )
            for wrong in ways:
                answer = await flow.http.post(f"/general/oauth/{path}", auth=auth, **wrong)
                corrected = (await exchange_of(flow, answer))["corrected"]
                assert (answer.status_code, corrected["url"]) == (400, f"{BASE}/general/oauth/{path}")
                assert corrected["body"].startswith("token=YOUR-TOKEN")
            assert (await flow.http.post(f"/general/oauth/{path}", auth=auth, data={"token": token})).status_code == 200
        answer = await flow.http.get("/general/oauth/userinfo", headers={"authorization": f'Bearer "{token}"'})
        corrected = (await exchange_of(flow, answer))["corrected"]
        assert corrected["url"] == f"{BASE}/general/oauth/userinfo"
        assert corrected["headers"]["Authorization"].startswith("Bearer ")

    run(steps, tmp_path)
