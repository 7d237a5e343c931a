"""Authorization and FHIR requests at wrong addresses: the response names the right endpoint and a request to paste."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.test_ehr_by_http import HTML

from sickbay.diagnosis.placeholders import PLACEHOLDER_TOKEN

QUERY = (
    "response_type=code&client_id={id}&redirect_uri=http%3A%2F%2Flocalhost%3A8100%2Fcallback&scope=launch%2Fpatient%20"
    "patient%2FPatient.rs&state=qR8vN2xT6kW0yB4mH9cJ3fL7dZ1sG5pA&aud={aud}&code_challenge="
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
)


async def authorize_query(flow: Flow) -> str:
    app = await flow.register(scope="launch/patient patient/Patient.rs")
    return QUERY.format(id=app["client_id"], aud=f"{BASE}/general/r4".replace(":", "%3A").replace("/", "%2F"))


@pytest.mark.parametrize(
    "path",
    [
        "/general/r4/authorize?",
        "/general/authorize?",
        "/general/oauth2/authorize?",
        "/general/r4/oauth/authorize?",
        "/general/oauth/Authorize?",
        "/general/oauth/authorize/?",
        "/authorize?",
        "/oauth/auth?",
        "/general/r4/auth?",
        "/elsewhere?",
        "/general/oauth/authorize&",
        "/general/r4/authorize&",
    ],
)
def test_a_page_names_the_endpoint_and_the_corrected_request_works(tmp_path: Path, path: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(path + await authorize_query(flow), headers=HTML)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        exchange_url = f"/exchanges/{answer.headers['x-correlation-id']}"
        exchange = (await flow.http.get(exchange_url, headers={"accept": "application/json"})).json()
        first = exchange["findings"][0]["id"]
        assert first == ("query-without-question-mark" if "&" in path else "authorize-endpoint-not-discovered")
        assert exchange["corrected"]["url"].startswith(f"{BASE}/general/oauth/authorize?response_type=code&")
        second_response = await flow.http.get(exchange["corrected"]["url"], headers=HTML)
        assert second_response.status_code in (302, 303)
        assert urlsplit(second_response.headers["location"]).path in ("/general/oauth/continue", "/callback")

    run(steps, tmp_path)


def test_no_code_is_issued_and_a_script_gets_no_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        query = await authorize_query(flow)
        answer = await flow.http.get(f"/general/authorize?{query}", headers=HTML)
        assert "location" not in answer.headers
        response = await flow.http.get(f"/general/authorize?{query}", headers={"accept": "application/json"})
        assert response.status_code == 404
        assert "/general/oauth/authorize" in response.json()["detail"]
        fhir = await flow.http.get(f"/general/r4/authorize?{query}", headers={"accept": "application/json"})
        assert fhir.headers["content-type"].startswith("application/fhir+json")

    run(steps, tmp_path)


def test_without_a_hospital_in_the_path_the_endpoints_of_all_are_listed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for path in ("authorize", "token"):
            answer = await flow.http.get(f"/{path}", headers=HTML)
            assert answer.status_code == 404
            assert f"{BASE}/general/oauth/{path}" in answer.text

    run(steps, tmp_path)


def test_a_browser_at_a_token_endpoint_below_a_fhir_base_gets_the_right_one(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get("/general/r4/token", headers=HTML)
        assert answer.status_code == 404
        assert f"{BASE}/general/oauth/token" in answer.text

    run(steps, tmp_path)


async def fhir(flow: Flow, path: str, token: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
    headers = {"accept": "application/fhir+json", "authorization": f"Bearer {token}"}
    answer = await flow.http.get(path, headers=headers)
    exchange_url = f"/exchanges/{answer.headers['x-correlation-id']}"
    return (
        answer.status_code,
        answer.json(),
        (await flow.http.get(exchange_url, headers={"accept": "application/json"})).json(),
    )


@pytest.mark.parametrize(
    "path", ["/Patient/p-0001", "/general/Patient/p-0001", "/fhir/R4/Patient/p-0001", "/general/R4/Patient"]
)
def test_a_fhir_request_outside_a_base_is_corrected_to_the_base_of_its_token(tmp_path: Path, path: str) -> None:
    async def steps(flow: Flow) -> None:
        token = (await flow.complete_launch())["access_token"]
        status, record, exchange = await fhir(flow, path, token)
        (issue,) = record["issue"]
        assert (status, issue["details"]["coding"][0]["code"]) == (404, "fhir-base-url-wrong")
        assert exchange["corrected"]["url"] == f"{BASE}/general/r4/Patient{'/p-0001' if 'p-' in path else ''}"
        again = await flow.http.get(exchange["corrected"]["url"], headers={"authorization": f"Bearer {token}"})
        assert again.status_code == 200

    run(steps, tmp_path)


def test_an_unknown_token_outside_a_base_becomes_a_placeholder(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        status, record, exchange = await fhir(flow, "/general/Patient/p-0001", "nobody-s")
        assert [issue["details"]["coding"][0]["code"] for issue in record["issue"]] == [
            "fhir-base-url-wrong",
            "fhir-token-unknown",
        ]
        assert (status, exchange["corrected"]["headers"]["Authorization"]) == (404, f"Bearer {PLACEHOLDER_TOKEN}")

    run(steps, tmp_path)


def test_if_the_hospital_is_unknown_the_bases_of_all_are_listed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get("/Patient/p-0001", headers={"accept": "application/json"})
        assert answer.status_code == 404
        assert f"{BASE}/general/r4" in answer.json()["detail"]

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/general/.well-known/smart-configuration", "/general/r4/.well-known/smart-configuration"),
        ("/general/oauth/introspect/", "/general/oauth/introspect"),
        ("/general/revoke", "/general/oauth/revoke"),
        ("/general/oauth2/logout", "/general/oauth/logout"),
        ("/general/userinfo", "/general/oauth/userinfo"),
        ("/general/jwks.json", "/general/oauth/jwks"),
        ("/general/register", "/general/oauth/register"),
        ("/general/r4/.well-known/openid-configuration", "/general/.well-known/openid-configuration"),
        ("/general/r4/.well-known/smart-configuration/", "/general/r4/.well-known/smart-configuration"),
    ],
)
def test_a_guessed_endpoint_gets_a_hint_with_the_right_one(tmp_path: Path, path: str, right: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(path, headers={"accept": "application/json"})
        assert answer.status_code == 404
        assert f"{BASE}{right}" in answer.text
        assert (await flow.http.get(right, headers={"accept": "application/json"})).status_code != 404

    run(steps, tmp_path)
