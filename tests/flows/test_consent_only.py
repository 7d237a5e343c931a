"""Choosing "Only ..." in an unticked row ticks it: in a browser at once, without JavaScript when the form is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests.clients.origins import serves
from tests.flows.flow import CHALLENGE, STATE, VERIFIER, Flow, receive, run
from tests.flows.test_consent_by_http import SCOPE, authorization_page, consent, submit
from tests.flows.test_ehr_by_http import HTML, field, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

LAB = "Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
VITALS = LAB.replace("laboratory", "vital-signs")


def test_a_part_chosen_in_an_unticked_row_is_granted_without_javascript(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await flow.register(auto_approve=None)
        scopes = ["launch/patient", "patient/Patient.rs"]
        assert (await consent(flow, app, scopes))["scope"] == " ".join(scopes)
        for chosen, granted in (("", scopes), (f"patient/{LAB}", [*scopes, f"patient/{LAB}"])):
            page = await authorization_page(flow, app, prompt="consent")
            await submit(flow, page, patient="p-0017", decision="open")
            page = await flow.http.get(f"/general/oauth/continue?request={field(page, 'request')}", headers=HTML)
            assert f'name="only" value="patient/{LAB}"' in page.text
            answer = await submit(flow, page, scope=scopes, only=[chosen], decision="allow")
            token = (await flow.redeem(app, receive(answer)["code"])).json()
            assert token["scope"].split() == granted
        assert f"patient/{LAB}" not in SCOPE

    run(steps, tmp_path)


@pytest.fixture
def app(live: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with serves(lambda path: ("text/plain", b"done")) as port:
        body = {
            "name": "Only a part",
            "type": "provider",
            "client": "public",
            "redirect_uris": [f"http://localhost:{port}/callback"],
            "scope": "openid user/Patient.rs user/Observation.rs",
        }
        yield httpx2.post(f"{live['base']}/admin/apps", json=body, trust_env=False).raise_for_status().json()


def at_consent(page: Page, live: dict[str, Any], app: dict[str, Any]) -> None:
    query = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": app["redirect_uris"][0],
        "state": STATE,
        "scope": app["scope"],
        "aud": live["tenants"]["general"]["fhir"]["r4"],
        "prompt": "consent",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    page.goto(f"{live['tenants']['general']['authorize']}?{urlencode(query)}")
    person = page.get_by_role("button", name="Dr. Amara Okafor")
    person.or_(page.locator("[data-consent]")).wait_for(timeout=60_000)  # the first use creates the patients
    if person.count():
        person.click()
    page.locator("[data-consent]").wait_for(timeout=60_000)
    page.wait_for_load_state()  # the script of the page acts on choices


def scope_of(page: Page, live: dict[str, Any], app: dict[str, Any]) -> list[str]:
    page.wait_for_url(f"{app['redirect_uris'][0]}*")
    code = parse_qs(urlsplit(page.url).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": app["redirect_uris"][0],
        "code_verifier": VERIFIER,
        "client_id": app["client_id"],
    }
    answer = httpx2.post(live["tenants"]["general"]["token"], data=form, trust_env=False).raise_for_status()
    return str(answer.json()["scope"]).split()


def test_choosing_parts_ticks_their_row_and_unticking_clears_them(
    page: Page, live: dict[str, Any], app: dict[str, Any]
) -> None:
    at_consent(page, live, app)
    box, part = page.locator('input[value="user/Observation.rs"]'), page.locator(f'input[value="user/{LAB}"]')
    other = page.locator(f'input[value="user/{VITALS}"]')
    box.uncheck()
    assert not part.is_visible()
    page.get_by_text("Limit to some of this data").click()
    part.check()
    assert box.is_checked()
    box.uncheck()
    assert not part.is_checked()
    page.get_by_role("button", name="Allow").click()
    assert scope_of(page, live, app) == ["openid", "user/Patient.rs"]
    at_consent(page, live, app)
    assert not box.is_checked()
    page.get_by_text("Limit to some of this data").click()
    part.check()
    assert box.is_checked()
    assert page.get_by_role("button", name="Allow 3 of 3").is_visible()
    part.uncheck()
    assert box.is_checked()
    part.check()
    other.check()
    page.get_by_role("button", name="Allow").click()
    assert scope_of(page, live, app) == ["openid", "user/Patient.rs", f"user/{LAB}", f"user/{VITALS}"]
    at_consent(page, live, app)
    assert part.is_visible()
    assert part.is_checked()
    assert other.is_checked()
