"""The endpoints other than authorize and token, row by row: RFC 7662, 7009, 7591, 9207, 8414."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, REDIRECT, Flow, receive
from tests.flows.rows.test_rows_token import basic, launch_app
from tests.flows.shared_app import DESCRIPTION, SharedApp

INTROSPECT, REVOKE, REGISTER = (f"/general/oauth/{endpoint}" for endpoint in ("introspect", "revoke", "register"))


def assert_refused(answer: httpx2.Response, status: int, error: str, challenge: str | None = None) -> None:
    """JSON with OAuth's error members, not cacheable, no redirect; a 401 has a challenge."""
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error
    assert DESCRIPTION.fullmatch(answer.json()["error_description"])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert "location" not in answer.headers
    sent = answer.headers.get("www-authenticate", "")
    assert sent.startswith(challenge) if challenge else not sent


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, 'Basic realm="general"'),
        ({"Authorization": "Bearer made-up"}, "Bearer realm="),
        (basic("nobody", "x"), 'Basic realm="general"'),
    ],
)
def test_introspection_without_valid_credentials_is_answered_401(
    shared_app: SharedApp, headers: dict[str, str], challenge: str
) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.post(INTROSPECT, data={"token": "x"}, headers=headers)
        assert_refused(answer, 401, "invalid_token" if "Bearer" in str(headers) else "invalid_client", challenge)

    shared_app.do(steps)


def test_an_unknown_token_is_only_inactive_and_a_missing_one_is_invalid(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        known = basic(app["client_id"], app["client_secret"])
        answer = await flow.http.post(INTROSPECT, data={"token": "made-up"}, headers=known)
        assert (answer.status_code, answer.json()) == (200, {"active": False})
        assert answer.headers["cache-control"] == "no-store"
        for endpoint in (INTROSPECT, REVOKE):
            missing = await flow.http.post(endpoint, data={"access_token": "x"}, headers=known)
            assert_refused(missing, 400, "invalid_request")
            assert await flow.findings(missing) == {"token-parameter-missing": "error"}

    shared_app.do(steps)


def test_revocation_answers_200_for_unknown_tokens_and_refuses_unauthenticated_apps(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app, form = await launch_app(flow, client="symmetric")
        del form["client_id"]
        known = basic(app["client_id"], app["client_secret"])
        tokens = (await flow.http.post("/general/oauth/token", data=form, headers=known)).json()
        for token in ("made-up", tokens["access_token"], tokens["access_token"], tokens["refresh_token"]):
            answer = await flow.http.post(REVOKE, data={"token": token, "token_type_hint": "nonsense"}, headers=known)
            assert (answer.status_code, answer.json()) == (200, {})
        wrong = await flow.http.post(REVOKE, data={"token": "x"}, headers=basic(app["client_id"], "guess"))
        assert_refused(wrong, 401, "invalid_client", 'Basic realm="general"')
        assert (await flow.http.get(REVOKE + "?token=x", headers=known)).status_code == 405

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("changed", "error", "rule"),
    [
        ({"redirect_uris": ["https://app.example.org/#x"]}, "invalid_redirect_uri", "reg-redirect-uri-has-fragment"),
        ({"redirect_uris": ["/callback"]}, "invalid_redirect_uri", "reg-redirect-uri-not-absolute"),
        ({"redirect_uris": []}, "invalid_redirect_uri", "reg-metadata-invalid"),
        ({"redirect_uris": 5}, "invalid_client_metadata", "reg-metadata-invalid"),
        ({"grant_types": ["password"]}, "invalid_client_metadata", "reg-metadata-invalid"),
        ({"scope": "patient/Patient"}, "invalid_client_metadata", "scope-malformed"),
    ],
)
def test_invalid_metadata_is_refused(shared_app: SharedApp, changed: dict[str, Any], error: str, rule: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.post(REGISTER, json={"redirect_uris": [REDIRECT]} | changed)
        assert_refused(answer, 400, error)
        assert (await flow.findings(answer))[rule] == "error"

    shared_app.do(steps)


def test_a_registration_lists_what_the_server_ignores(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        ignored = ["require_pushed_authorization_requests", "dpop_bound_access_tokens"]
        created = await flow.http.post(REGISTER, json={"redirect_uris": [REDIRECT], **dict.fromkeys(ignored, True)})
        assert not set(ignored) & set(created.json())
        address = f"/exchanges/{created.headers['x-correlation-id']}"
        found = (await flow.http.get(address, headers={"Accept": "application/json"})).json()["findings"]
        assert [finding["facts"]["received"] for finding in found if finding["id"] == "reg-metadata-ignored"] == [ignored]

    shared_app.do(steps)


def test_a_registration_is_answered_201_for_the_administrator_only(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        created = await flow.http.post(REGISTER, json={"redirect_uris": [REDIRECT]})
        assert created.status_code == 201
        assert {"client_id", "client_secret", "client_secret_expires_at", "registration_client_uri"} <= set(created.json())
        foreign = await flow.http.post(REGISTER, json={}, headers={"Origin": "https://evil.example"})
        assert_refused(foreign, 401, "invalid_token", "Bearer realm=")
        assert await flow.findings(foreign) == {"reg-not-allowed": "error"}

    shared_app.do(steps)


@pytest.mark.parametrize("fault", [{}, {"scope": "launch nonsense"}])
def test_iss_is_sent_with_the_code_and_with_errors(shared_app: SharedApp, fault: dict[str, str]) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        parameters = receive(await flow.authorize(app, launch=(await flow.launch(app))["launch"], **fault))
        assert ("error" in parameters) is bool(fault)
        metadata = (await flow.http.get("/general/.well-known/openid-configuration")).json()
        assert metadata["authorization_response_iss_parameter_supported"] is True
        assert parameters["iss"] == metadata["issuer"] == f"{BASE}/general"

    shared_app.do(steps)


def test_metadata_is_at_the_path_of_rfc_8414_and_names_working_endpoints(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get("/.well-known/oauth-authorization-server/general")
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
        body = answer.json()
        assert body["issuer"] == f"{BASE}/general"
        assert body["response_types_supported"] == ["code"]
        assert body["code_challenge_methods_supported"] == ["S256"]
        for name, address in body.items():
            if name.endswith("_endpoint"):
                path = address.removeprefix(BASE)
                statuses = (await flow.http.get(path)).status_code, (await flow.http.post(path)).status_code
                assert set(statuses) != {404}, name

    shared_app.do(steps)
