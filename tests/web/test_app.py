"""The application as a whole: ids on every answer, faults of ours, documents for any origin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import BASE, Flow, run

from sickbay.storage.sqlite.store import SqliteStore
from sickbay.web import html_response

PATHS = (
    "/",
    "/general/r4/metadata",
    "/general/r4/Patient/x",
    "/nowhere",
    "/healthz",
    "/rules/none",
    "/exchanges/none",
    "/general/oauth/token",
    "/metrics",
    "/static/none.css",
    "/admin/nothing",
)


def test_every_response_has_a_correlation_id(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for path in PATHS:
            answer = await flow.http.get(path)
            assert answer.headers["x-correlation-id"], path
            assert answer.status_code < 500, path

    run(steps, tmp_path)


def test_discovery_allows_any_origin_and_always_names_the_base_url(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        headers = {"Origin": "http://app.example", "Host": "127.0.0.1:7425", "Accept": "text/html"}
        for path in (
            "/general/r4/.well-known/smart-configuration",
            "/general/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server/general",
        ):
            answer = await flow.http.get(path, headers=headers)
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["content-type"] == "application/json"
            assert answer.json()["issuer"] == f"{BASE}/general"

    run(steps, tmp_path)


def test_a_server_error_reveals_only_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(flow: Flow) -> None:
        tokens = await flow.complete_launch()

        async def fail(*_: Any) -> None:
            raise RuntimeError("p-0001 is in here")

        monkeypatch.setattr(SqliteStore, "read", fail)
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = await flow.http.get("/general/r4/Patient/p-0001", headers=headers)
        assert answer.status_code == 500
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert "in here" not in answer.text
        assert answer.headers["x-correlation-id"] in answer.text

    run(steps, tmp_path)


def test_a_page_of_another_origin_can_read_a_server_error_of_an_endpoint_that_is_open_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(flow: Flow) -> None:
        async def fail(*_: Any) -> None:
            raise RuntimeError("broken")

        monkeypatch.setattr(SqliteStore, "get", fail)
        headers = {"Origin": "http://app.example"}
        answer = await flow.http.post(
            "/general/oauth/token", data={"grant_type": "refresh_token", "client_id": "a"}, headers=headers
        )
        assert answer.status_code == 500
        assert answer.headers["access-control-allow-origin"] == "*"
        closed = await flow.http.get("/general/oauth/authorize?client_id=a", headers=headers)
        assert closed.status_code == 500
        assert "access-control-allow-origin" not in closed.headers

    run(steps, tmp_path)


@pytest.mark.parametrize("path", ["/rules", "/developer"])
def test_a_browser_gets_a_server_error_as_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    async def steps(flow: Flow) -> None:
        async def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("p-0001 is in here")

        monkeypatch.setattr(html_response, "page_options", fail)
        page = await flow.http.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
        assert "<h1>Internal error in Sickbay</h1>" in page.text
        assert "in here" not in page.text
        assert page.headers["x-correlation-id"] in page.text
        script = await flow.http.get(path, headers={"Accept": "*/*"})
        assert script.headers["content-type"] == "application/problem+json"

    run(steps, tmp_path)


def test_a_read_of_an_unchanged_resource_is_answered_304(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        tokens = await flow.complete_launch()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        first = await flow.http.get("/general/r4/Patient/p-0001", headers=headers)
        again = await flow.http.get("/general/r4/Patient/p-0001", headers=headers | {"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        assert again.content == b""
        hidden = await flow.http.get("/general/r4/Patient/p-0002", headers=headers | {"If-None-Match": 'W/"1"'})
        assert hidden.status_code == 404

    run(steps, tmp_path)


def test_the_next_page_continues_where_the_first_ended(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        tokens = await flow.complete_launch(scope="launch openid fhirUser patient/*.rs")
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        seen: list[str] = []
        address = "/general/r4/Observation?patient=p-0001&_count=20"
        while address:
            page = (await flow.http.get(address, headers=headers)).json()
            seen += [entry["resource"]["id"] for entry in page.get("entry", [])]
            address = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
        response = await flow.http.get("/general/r4/Observation?patient=p-0001&_count=1000", headers=headers)
        assert len(seen) > 20
        assert seen == [entry["resource"]["id"] for entry in response.json()["entry"]]

    run(steps, tmp_path)


def test_an_unknown_operation_is_answered_404(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch user/*.cruds")
        body = {"app": app["app_id"], "scope": "user/*.cruds", "user": await flow.clinician()}
        token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
        answer = await flow.http.post("/general/r4/Patient/$match", headers=headers, json={"resourceType": "Parameters"})
        assert answer.status_code == 404
        assert answer.json()["resourceType"] == "OperationOutcome"

    run(steps, tmp_path)
