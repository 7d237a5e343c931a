"""Authorization and FHIR requests at wrong addresses: the response names the right endpoint and a request to paste."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.test_ehr_by_http import HTML

from sickbay.diagnosis.placeholders import PLACEHOLDER_TOKEN
from sickbay.protocol.parameters import parse

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


def test_a_client_that_sends_no_accept_header_gets_the_same_response(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        token = (await flow.complete_launch())["access_token"]
        answer = await flow.http.get("/general/Patient/p-0001", headers={"authorization": f"Bearer {token}", "accept": "*/*"})
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "fhir-base-url-wrong"
        page = await flow.http.get("/general/Patient/p-0001", headers={"authorization": f"Bearer {token}"} | HTML)
        assert page.headers["content-type"].startswith("text/html")

    run(steps, tmp_path)


@pytest.mark.parametrize("path", ["/general/oauth/tokens", "/token", "/epic/oauth/token"])
def test_a_token_request_at_a_wrong_address_is_recorded_only_with_an_issued_code(tmp_path: Path, path: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        code = urlsplit((await flow.authorize(app, scope="openid fhirUser")).headers["location"])
        sent = parse(code.query)
        form = {"grant_type": "authorization_code", "client_id": app["client_id"], "code_verifier": "v" * 43}
        for text, number in (("unknown", 1), (sent.get("code") or "", 2), ("", 2)):
            assert (await flow.http.post(path, data=form | {"code": text})).status_code == 404
            found = (await flow.http.get(f"/admin/exchanges?app={app['app_id']}")).json()
            assert len(found) == number
        assert found[0]["launch"] == found[1]["launch"]
        assert (found[0]["stage"], found[0]["response"]["status"]) == ("token", 404)
        assert str(sent.get("code")) not in str(found[0])
        assert "v" * 43 not in str(found[0])

    run(steps, tmp_path)


def test_a_code_that_is_sent_to_another_hospital_is_part_of_its_launch(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        code = parse(urlsplit((await flow.authorize(app, scope="openid fhirUser")).headers["location"]).query).get("code")
        form = {"grant_type": "authorization_code", "client_id": app["client_id"], "code": code}
        answer = await flow.http.post("/epic/oauth2/token", data=form)
        launch = (await flow.http.get(f"/admin/launches?app={app['app_id']}")).json()[0]
        assert answer.headers["x-correlation-id"] in launch["exchanges"]
        assert launch["state"] == "refused"

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
