"""Navigation: paging through the patient list, and unknown addresses."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_ehr_by_http import HTML, sign_in

from sickbay.kernel.english import join


def people(text: str) -> list[str]:
    return re.findall(r'class="name" href="/general/ehr/patients/([^"?]+)"', text)


def test_all_pages_together_show_each_patient_once(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        address, seen = "/general/ehr/patients", []
        while address:
            page = await flow.http.get(address, headers=HTML)
            seen += people(page.text)
            more = re.search(r'href="([^"]+)">Next page', page.text)
            address = html.unescape(more[1]) if more else ""
        assert len(seen) == len(set(seen)) == 40

    run(steps, tmp_path, patients=40)


def test_an_invalid_page_link_offers_the_first_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        page = await flow.http.get("/general/ehr/patients?from=nonsense", headers=HTML)
        assert page.status_code == 200
        assert people(page.text) == []
        assert 'href="/general/ehr/patients">' in page.text

    run(steps, tmp_path)


def test_an_issuer_url_in_a_browser_redirects_to_the_hospital(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get("/general", headers=HTML)
        assert answer.headers["location"] == "/general/ehr"

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/general/oauth/authorize", "GET, HEAD, POST"),
        ("DELETE", "/general/oauth/jwks", "GET, HEAD"),
        ("POST", "/general/.well-known/openid-configuration", "GET, HEAD"),
        ("PATCH", "/admin/apps", "GET, HEAD, POST"),
        ("GET", "/theme", "POST"),
        ("DELETE", "/general/ehr", "GET, HEAD"),
    ],
)
def test_an_unsupported_method_gets_the_allowed_ones(tmp_path: Path, method: str, path: str, allowed: str) -> None:
    async def steps(flow: Flow) -> None:
        for accept in ("text/html", "application/json"):
            answer = await flow.http.request(method, path, headers={"Accept": accept})
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
            assert join(allowed.split(", ")) in answer.text
        assert (await flow.http.request(method, "/nothing/here")).status_code == 404

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("POST", "/general/oauth/token/", "http://localhost:7425/general/oauth/token"),
        ("POST", "/general/oauth2/token", "http://localhost:7425/general/oauth/token"),
        ("GET", "/epic/oauth/authorize", "http://localhost:7425/epic/oauth2/authorize"),
        ("GET", "/general/auth", "http://localhost:7425/general/oauth/authorize"),
    ],
)
def test_a_guessed_endpoint_is_answered_with_the_right_one(tmp_path: Path, method: str, path: str, right: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.request(method, path, headers={"Accept": "*/*", "Origin": "http://localhost:8100"})
        assert answer.status_code == 404
        assert right in answer.text
        if method == "POST":
            oauth = path.startswith("/general/oauth/")
            assert answer.headers["content-type"] == ("application/json" if oauth else "application/problem+json")
            assert ("error" in answer.json()) is oauth
            assert answer.headers["access-control-allow-origin"] == "*"
        every = (await flow.http.get("/nothing/token")).text
        assert "token endpoints of the hospitals are http://localhost:7425/general/oauth/token" in every
        assert "endpoint" not in (await flow.http.get("/nothing/else")).text

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/develper/time", "/developer/time"),
        ("/genral/ehr/patients", "/general/ehr/patients"),
        ("/rules/aud-mising", "/rules/aud-missing"),
        ("/docs/tutorail.html", "/docs/tutorial.html"),
        ("/general/r6/Patient/p-0017", "/general/r4/Patient/p-0017"),
    ],
)
def test_an_unknown_address_names_what_exists_near_it(tmp_path: Path, path: str, near: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(path, headers=HTML)
        assert answer.status_code == 404
        assert f'<a class="mono" href="{near}">' in answer.text
        if not path.startswith(("/rules", "/docs", "/general")):
            machine = await flow.http.get(path, headers={"Accept": "application/json"})
            assert machine.json()["detail"] == f"Did you mean {near}?"

    run(steps, tmp_path)


def test_a_deleted_launch_has_a_page_that_says_so(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get("/timelines/nothing-here", headers=HTML)
        assert answer.status_code == 404
        assert "Launch not found" in answer.text

    run(steps, tmp_path)
