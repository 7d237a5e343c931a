"""Responses of the FHIR server to unacceptable tokens, row by row (RFC 6750 3; R4 3.1.0)."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow
from tests.flows.shared_app import SharedApp

from sickbay.storage.interface import Delete

FHIR = f"{BASE}/general/r4"
OBSERVATIONS = "/general/r4/Observation?patient=p-0001"


async def token(flow: Flow, scope: str = "patient/Observation.rs", **more: Any) -> str:
    app = await flow.register()
    body = {"app": app["app_id"], "scope": scope, "patient": "p-0001", "user": await flow.clinician()} | more
    return str((await flow.http.post("/admin/tokens", json=body)).json()["access_token"])


def assert_refused(answer: httpx2.Response, status: int, error: str, code: str) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("application/fhir+json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]
    assert "etag" not in answer.headers
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["code"] == code
    assert outcome["issue"][0]["diagnostics"]
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith(f'Bearer realm="{FHIR}"')
    assert ("error=" in challenge) is bool(error)
    if error:
        assert f'error="{error}"' in challenge
    return challenge


@pytest.mark.parametrize(
    ("headers", "query", "status", "error"),
    [
        ({}, "", 401, ""),
        ({"Authorization": "Basic YTpi"}, "", 401, ""),
        ({"Authorization": "Bearer"}, "", 400, "invalid_request"),
        ({"Authorization": "Bearer a b"}, "", 400, "invalid_request"),
        ({"Authorization": 'Bearer "TOKEN"'}, "", 400, "invalid_request"),
        ({}, "&access_token=TOKEN", 400, "invalid_request"),
        ({"Authorization": "Bearer TOKEN"}, "&access_token=TOKEN", 400, "invalid_request"),
        ({"Authorization": "Bearer made-up"}, "", 401, "invalid_token"),
        ({"Authorization": "Bearer e30.e30.e30"}, "", 401, "invalid_token"),
    ],
)
def test_a_token_sent_the_wrong_way_is_refused(
    shared_app: SharedApp, headers: dict[str, str], query: str, status: int, error: str
) -> None:
    async def steps(flow: Flow) -> None:
        access_token = await token(flow)
        sent = {name: value.replace("TOKEN", access_token) for name, value in headers.items()}
        answer = await flow.http.get(OBSERVATIONS + query.replace("TOKEN", access_token), headers=sent)
        assert_refused(answer, status, error, "login")

    shared_app.do(steps)


def test_two_authorization_headers_are_a_bad_request(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        access_token = await token(flow)
        twice = [("Authorization", f"Bearer {access_token}"), ("Authorization", f"Bearer {access_token}")]
        assert_refused(await flow.http.get(OBSERVATIONS, headers=twice), 400, "invalid_request", "login")

    shared_app.do(steps)


def test_a_token_in_a_form_is_a_bad_request(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        access_token = await token(flow)
        for headers in ({}, {"Authorization": f"Bearer {access_token}"}):
            form = {"patient": "p-0001", "access_token": access_token}
            answer = await flow.http.post("/general/r4/Observation/_search", data=form, headers=headers)
            assert_refused(answer, 400, "invalid_request", "login")

    shared_app.do(steps)


@pytest.mark.parametrize("fault", ["expired", "other-version", "other-tenant", "app-removed", "id-token", "user-removed"])
def test_an_unknown_or_expired_token_is_invalid(shared_app: SharedApp, fault: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        code = await flow.code(app, launch=(await flow.launch(app))["launch"])
        tokens = (await flow.redeem(app, code)).json()
        path, access_token = OBSERVATIONS, tokens["access_token"]
        if fault == "expired":
            await flow.http.post("/admin/clock", json={"advance": tokens["expires_in"] + 1})
        if fault == "app-removed":
            await flow.http.delete(f"/admin/apps/{app['app_id']}")
        if fault == "other-version":
            path = path.replace("r4", "dstu2")
        if fault == "other-tenant":
            path = path.replace("general", "cerner")
        if fault == "id-token":
            access_token = tokens["id_token"]
        if fault == "user-removed":
            await flow.http.post("/admin/users", json={"username": "amara", "password": "x", "fhirUser": "Practitioner/x"})
            token_response = await flow.http.post(
                "/admin/tokens", json={"app": app["app_id"], "scope": "user/Observation.rs", "user": "amara"}
            )
            access_token = token_response.json()["access_token"]
            await flow.sandbox.runtime.store.transaction([Delete("user", "general/amara")])
        answer = await flow.http.get(path, headers={"Authorization": f"Bearer {access_token}"})
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert ("resource_metadata=" in answer.headers["www-authenticate"]) is (fault != "other-tenant")

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("scope", "path", "needed"),
    [
        ("patient/Observation.rs", "/Condition", "patient/Condition.rs"),
        ("patient/Observation.r", "/Observation", "patient/Observation.rs"),
        ("patient/Observation.s", "/Observation/x", "patient/Observation.rs"),
        ("patient/Observation.read", "/Condition", "patient/Condition.read"),
        ("launch openid", "/Patient", "patient/Patient.rs"),
    ],
)
def test_the_missing_scope_is_named(shared_app: SharedApp, scope: str, path: str, needed: str) -> None:
    async def steps(flow: Flow) -> None:
        headers = {"Authorization": f"Bearer {await token(flow, scope)}"}
        challenge = assert_refused(
            await flow.http.get(f"/general/r4{path}", headers=headers), 403, "insufficient_scope", "forbidden"
        )
        assert f'scope="{needed}"' in challenge

    shared_app.do(steps)


def test_the_bearer_scheme_is_accepted_in_any_case(shared_app: SharedApp) -> None:
    """The positive control: these are accepted."""

    async def steps(flow: Flow) -> None:
        access_token = await token(flow)
        for scheme in ("Bearer", "bearer", "BEARER"):
            answer = await flow.http.get(OBSERVATIONS, headers={"Authorization": f"{scheme} {access_token}"})
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"

    shared_app.do(steps)


def test_a_preflight_needs_no_token_and_allows_the_headers_apps_send(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        headers = {
            "Origin": "http://app.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        }
        for path in ("/general/r4/Patient/x", "/general/oauth/token", "/general/r4/.well-known/smart-configuration"):
            answer = await flow.http.options(path, headers=headers)
            assert answer.status_code < 300, path
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "authorization" in answer.headers["access-control-allow-headers"].lower()
            assert "access-control-allow-credentials" not in answer.headers
        for path in ("/general/oauth/authorize", "/general/oauth/register"):  # RFC 9700 2.6: must not, and may
            closed = await flow.http.options(path, headers=headers)
            assert (closed.status_code, "access-control-allow-origin" in closed.headers) == (405, False), path

    shared_app.do(steps)
