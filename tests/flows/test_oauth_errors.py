"""Every JSON error of an OAuth endpoint has `error`, and every response can be parsed by strict JSON clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp, open_shared_app

FORM = "application/x-www-form-urlencoded"
ENDPOINTS = ("token", "introspect", "revoke", "userinfo", "register")


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("errors"), patients=1) as opened:
        yield opened


def has_error(answer: httpx2.Response) -> bool:
    return answer.headers["content-type"].startswith("application/json") and isinstance(answer.json()["error"], str)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_oauth_error_response_has_an_error_member(shared_app: SharedApp, endpoint: str) -> None:
    async def steps(flow: Flow) -> None:
        path = f"/general/oauth/{endpoint}"
        large, wrong = b"a=" + b"x" * 70_000, b"a=%ff"
        for body in (large, wrong, b"", b"{}"):
            answer = await flow.http.post(path, content=body, headers={"Content-Type": FORM})
            assert answer.status_code in (400, 401, 403, 413), (endpoint, answer.status_code)
            assert has_error(answer), answer.text
        for method in ("DELETE", "PUT", "PATCH"):
            answer = await flow.http.request(method, path)
            assert answer.status_code >= 400
            assert has_error(answer), (method, answer.text)
        for accept in ("application/json", "*/*", "", "application/fhir+xml"):
            missing = await flow.http.get(f"{path}/nothing/there", headers={"Accept": accept})
            assert missing.status_code in (401, 404, 405)
            assert has_error(missing)
            read = await flow.http.get(path, headers={"Accept": accept})
            assert read.status_code in (400, 401, 405)
            assert has_error(read), (accept, read.text)

    shared_app.do(steps)


def test_so_do_the_endpoints_of_the_other_dialects(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        for tenant in ("cerner", "epic"):
            config = (await flow.http.get(f"/{tenant}/r4/.well-known/smart-configuration")).json()
            path = config["token_endpoint"].removeprefix("http://localhost:7425")
            answer = await flow.http.post(path, content=b"a=" + b"x" * 70_000, headers={"Content-Type": FORM})
            assert (answer.status_code, has_error(answer)) == (413, True)
            answer = await flow.http.post(path, content=b"a=%ff", headers={"Content-Type": FORM})
            assert (answer.status_code, has_error(answer)) == (400, True)
            assert answer.headers["access-control-allow-origin"] == "*"

    shared_app.do(steps)


def test_a_browser_gets_a_page_and_the_admin_api_a_problem(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        page = await flow.http.get("/general/oauth/nothing", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (404, "text/html")
        problem = await flow.http.get("/admin/nothing", headers={"Accept": "application/json"})
        assert (problem.status_code, problem.json()["status"]) == (404, 404)

    shared_app.do(steps)


def test_a_revocation_answers_with_json_that_can_be_parsed(tmp_path: Path) -> None:
    with open_shared_app(tmp_path, patients=1) as shared_app:

        async def steps(flow: Flow) -> None:
            app = await flow.register()
            answer = await flow.http.post("/general/oauth/revoke", data={"token": "x", "client_id": app["client_id"]})
            assert (answer.status_code, answer.headers["content-type"], answer.json()) == (200, "application/json", {})

        shared_app.do(steps)


def test_userinfo_accepts_the_token_in_a_form(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch openid fhirUser user/*.rs")
        body = {"app": app["app_id"], "scope": "openid fhirUser", "user": await flow.clinician()}
        token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]
        path = "/general/oauth/userinfo"
        by_header = await flow.http.get(path, headers={"Authorization": f"Bearer {token}"})
        by_form = await flow.http.post(path, data={"access_token": token})
        assert (by_form.status_code, by_form.json()) == (200, by_header.json())
        both = await flow.http.post(path, data={"access_token": token}, headers={"Authorization": f"Bearer {token}"})
        assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
        assert (await flow.http.post(path, data={"access_token": "wrong"})).status_code == 401
        assert (await flow.http.get(f"{path}?access_token={token}")).status_code == 400
        listed = (await flow.http.get("/admin/exchanges?stage=userinfo")).text
        assert token not in listed

    shared_app.do(steps)
