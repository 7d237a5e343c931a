"""A browser that was sent to an address beside the authorization endpoint is told where it is, with the line to paste."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.test_ward import HTML

QUERY = (
    "response_type=code&client_id={id}&redirect_uri=http%3A%2F%2Flocalhost%3A8100%2Fcallback&scope=launch%2Fpatient%20"
    "patient%2FPatient.rs&state=qR8vN2xT6kW0yB4mH9cJ3fL7dZ1sG5pA&aud={aud}&code_challenge="
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
)


async def asked(flow: Flow) -> str:
    app = await flow.register(scope="launch/patient patient/Patient.rs")
    return QUERY.format(id=app["client_id"], aud=f"{BASE}/general/r4".replace(":", "%3A").replace("/", "%2F"))


@pytest.mark.parametrize(
    "path",
    [
        "/general/r4/authorize?", "/general/authorize?", "/general/oauth2/authorize?", "/general/r4/oauth/authorize?",
        "/general/oauth/Authorize?", "/general/oauth/authorize/?", "/authorize?", "/oauth/auth?", "/general/r4/auth?",
        "/elsewhere?", "/general/oauth/authorize&", "/general/r4/authorize&",
    ],
)  # fmt: skip
def test_a_page_names_the_endpoint_and_the_corrected_request_gets_through(tmp_path: Path, path: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(path + await asked(flow), headers=HTML)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        where = f"/exchanges/{answer.headers['x-correlation-id']}"
        kept = (await flow.http.get(where, headers={"accept": "application/json"})).json()
        first = kept["findings"][0]["id"]
        assert first == ("query-without-question-mark" if "&" in path else "authorize-endpoint-not-discovered")
        assert kept["corrected"]["url"].startswith(f"{BASE}/general/oauth/authorize?response_type=code&")
        mended = await flow.http.get(kept["corrected"]["url"], headers=HTML)
        assert mended.status_code in (302, 303)
        assert urlsplit(mended.headers["location"]).path in ("/general/oauth/continue", "/callback")

    run(steps, tmp_path)


def test_nothing_is_given_there_and_a_script_gets_no_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        query = await asked(flow)
        answer = await flow.http.get(f"/general/authorize?{query}", headers=HTML)
        assert "location" not in answer.headers
        told = await flow.http.get(f"/general/authorize?{query}", headers={"accept": "application/json"})
        assert told.status_code == 404
        assert "/general/oauth/authorize" in told.json()["detail"]
        fhir = await flow.http.get(f"/general/r4/authorize?{query}", headers={"accept": "application/json"})
        assert fhir.headers["content-type"].startswith("application/fhir+json")

    run(steps, tmp_path)


def test_where_no_hospital_is_named_the_endpoints_of_all_are_told(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for path in ("authorize", "token"):
            answer = await flow.http.get(f"/{path}", headers=HTML)
            assert answer.status_code == 404
            assert f"{BASE}/general/oauth/{path}" in answer.text

    run(steps, tmp_path)


def test_a_browser_at_the_token_endpoint_of_a_fhir_base_is_told_where_that_is(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get("/general/r4/token", headers=HTML)
        assert answer.status_code == 404
        assert f"{BASE}/general/oauth/token" in answer.text

    run(steps, tmp_path)
