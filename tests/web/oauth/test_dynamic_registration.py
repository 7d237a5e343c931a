"""Dynamic registration: the response describes the registration, and every refusal has its error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import REDIRECT, Flow, run
from tests.services.assertions import form, jwks, key, sign

ADDRESS = "/general/oauth/register"


def test_a_confidential_app_registers_and_gets_its_secret(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        metadata = {"client_name": "By itself", "redirect_uris": [REDIRECT], "scope": "launch openid patient/*.rs"}
        answer = await flow.http.post(ADDRESS, json=metadata)
        assert answer.status_code == 201, answer.text
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert body["client_secret_expires_at"] == 0
        assert body["token_endpoint_auth_method"] == "client_secret_basic"
        assert {name: body[name] for name in metadata} == metadata
        unknown = {"token": "x", "client_id": body["client_id"], "client_secret": body["client_secret"]}
        posted = await flow.http.post("/general/oauth/revoke", data=unknown)
        assert posted.json()["error"] == "invalid_client"  # the app was registered for Basic
        pair = (body["client_id"], body["client_secret"])
        assert (await flow.http.post("/general/oauth/revoke", data={"token": "x"}, auth=pair)).status_code == 200
        exchange = await flow.http.get(
            f"/exchanges/{answer.headers['x-correlation-id']}", headers={"Accept": "application/json"}
        )
        assert exchange.json()["stage"] == "registration"
        assert body["client_secret"] not in exchange.text

    run(steps, tmp_path)


@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded", "application/jwt", ""])
def test_a_registration_must_be_sent_as_json(tmp_path: Path, type: str) -> None:
    async def steps(flow: Flow) -> None:
        body = json.dumps({"redirect_uris": [REDIRECT]})
        answer = await flow.http.post(ADDRESS, content=body, headers={"Content-Type": type})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
        assert "Content-Type: application/json" in answer.json()["error_description"]
        right = await flow.http.post(ADDRESS, content=body, headers={"Content-Type": "Application/JSON; charset=utf-8"})
        assert right.status_code == 201

    run(steps, tmp_path, patients=0)


def test_a_service_registers_with_its_keys_and_gets_a_token(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        metadata = {"grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks()}
        registration = (await flow.http.post(ADDRESS, json=metadata)).json()
        assert "client_secret" not in registration
        assert registration["scope"] == "system/*.rs"
        token = await flow.http.post("/general/oauth/token", data=form(sign(registration["client_id"])))
        assert token.status_code == 200, token.text

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example.org/#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://app.example.org/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://app.example.org/"}, "invalid_client_metadata"),
        ({"client_name": 5}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"jwks": {"keys": []}, "jwks_uri": "https://app.example.org/jwks"}, "invalid_client_metadata"),
        ({"jwks": []}, "invalid_client_metadata"),
        ({"scope": "patient/Patient"}, "invalid_client_metadata"),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [json.loads(key())]}},
            "invalid_client_metadata",
        ),
    ],
)
def test_invalid_metadata_is_refused(tmp_path: Path, changed: dict[str, Any], error: str) -> None:
    async def steps(flow: Flow) -> None:
        before = len((await flow.http.get("/admin/apps")).json())
        answer = await flow.http.post(ADDRESS, json={"redirect_uris": [REDIRECT]} | changed)
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert answer.json()["error_description"]
        exchange = await flow.http.get(
            f"/exchanges/{answer.headers['x-correlation-id']}", headers={"Accept": "application/json"}
        )
        assert json.loads(key())["d"] not in exchange.text
        assert [finding["id"] for finding in exchange.json()["findings"] if finding["severity"] == "error"]
        assert len((await flow.http.get("/admin/apps")).json()) == before

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("statement", "error", "rule"),
    [
        (
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL3VkYXAuZXhhbXBsZS5vcmcifQ.c2ln",
            "unapproved_software_statement",
            "reg-software-statement-unapproved",
        ),
        ("Growth chart", "invalid_software_statement", "reg-software-statement-invalid"),
        ("eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "invalid_software_statement", "reg-software-statement-invalid"),
        (5, "invalid_client_metadata", "reg-metadata-invalid"),
    ],
)
def test_a_software_statement_is_not_ignored(tmp_path: Path, statement: Any, error: str, rule: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.post(ADDRESS, json={"software_statement": statement})
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert await flow.findings(answer) == {rule: "error"}
        created = (await flow.http.post(ADDRESS, json={"redirect_uris": [REDIRECT]})).json()
        headers = {"Authorization": f"Bearer {created['registration_access_token']}"}
        changed = {"client_id": created["client_id"], "redirect_uris": [REDIRECT], "software_statement": statement}
        put = await flow.http.put(created["registration_client_uri"], json=changed, headers=headers)
        assert (put.status_code, put.json()["error"]) == (400, error)

    run(steps, tmp_path)


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 60_000, '"x"'])
def test_a_body_that_is_not_metadata_is_refused(tmp_path: Path, body: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.post(ADDRESS, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
        assert await flow.findings(answer) == {"reg-metadata-invalid": "error"}

    run(steps, tmp_path)


def test_another_origin_or_a_wrong_initial_token_registers_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        metadata = {"redirect_uris": [REDIRECT]}
        foreign = await flow.http.post(ADDRESS, json=metadata, headers={"Origin": "https://evil.example.org"})
        assert foreign.status_code == 401
        assert foreign.headers["www-authenticate"].startswith("Bearer ")
        wrong = await flow.http.post(ADDRESS, json=metadata, headers={"Authorization": "Bearer wrong"})
        assert wrong.status_code == 401
        right = await flow.http.post(ADDRESS, json=metadata, headers={"Authorization": "Bearer initial"})
        assert right.status_code == 201

    run(steps, tmp_path, admin_token="initial")
