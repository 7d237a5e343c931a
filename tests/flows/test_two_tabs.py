"""Two tabs of one browser: both see a change of the sign-in, and no request is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from tests.flows.flow import Flow, receive, run
from tests.flows.test_ehr_by_http import HTML, field, sign_in

CONTINUE = "/general/oauth/continue"


async def open_request(flow: Flow, app: dict[str, Any]) -> httpx2.Response:
    """The page that a standalone app opens in a tab."""
    answer = await flow.authorize(app, scope="launch/patient patient/Patient.rs")
    return await flow.http.get(answer.headers["location"], headers=HTML)


async def submit(flow: Flow, page: httpx2.Response, **form: str | list[str]) -> httpx2.Response:
    """The response to the form of this page, as the tab would send it."""
    hidden = {name: field(page, name) for name in ("csrf", "request")}
    return await flow.http.post(CONTINUE, data=hidden | form, headers=HTML)


async def follow_redirects(flow: Flow, answer: httpx2.Response) -> httpx2.Response:
    assert answer.status_code == 303, answer.text
    return await flow.http.get(answer.headers["location"], headers=HTML)


def test_a_sign_in_in_one_tab_also_counts_in_the_other(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(auto_approve=None)
        first_tab, other = await open_request(flow, app), await open_request(flow, app)
        assert "Whose record" in (await follow_redirects(flow, await submit(flow, first_tab, account="okafor"))).text
        next = await follow_redirects(flow, await submit(flow, other, account="timothy"))
        assert "Whose record should Provider app open?" in next.text
        assert "Dr. Amara Okafor" in next.text
        consent = await follow_redirects(flow, await submit(flow, next, patient="p-0017", decision="open"))
        answer = await submit(flow, consent, decision="allow", scope="launch/patient patient/Patient.rs")
        assert receive(answer)["code"]

    run(steps, tmp_path)


def test_a_sign_in_at_another_hospital_does_not_affect_pending_requests(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        page = await open_request(flow, await flow.register(auto_approve=None))
        other = await flow.http.get("/epic/ehr/sign-in", headers=HTML)
        await flow.http.post("/epic/ehr/sign-in", data={"csrf": field(other, "csrf"), "account": "okafor"})
        again = await follow_redirects(flow, await submit(flow, page, patient="p-0017", decision="open"))
        assert "Whose record should Provider app open?" in again.text

    run(steps, tmp_path)


def test_the_choices_of_one_user_do_not_carry_over_to_the_next(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        page = await open_request(flow, await flow.register(auto_approve=None))
        consent = await follow_redirects(flow, await submit(flow, page, patient="p-0001", decision="open"))
        assert "Ines Moreau" in consent.text
        day = await flow.http.get("/general/ehr", headers=HTML)
        await flow.http.post("/general/ehr/sign-out", data={"csrf": field(day, "csrf")})
        sign_in_page = await follow_redirects(flow, await submit(flow, consent, decision="allow", scope="patient/Patient.rs"))
        assert "Provider app asks you to sign in." in sign_in_page.text
        assert "do not belong together" not in sign_in_page.text
        next = await follow_redirects(flow, await submit(flow, sign_in_page, account="timothy"))
        assert "Allow Provider app to access Timothy Peters’s record?" in next.text

    run(steps, tmp_path)


def test_a_form_of_another_origin_changes_nothing_and_shows_the_question(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        page = await open_request(flow, await flow.register(auto_approve=None))
        form = {"csrf": field(page, "csrf"), "request": field(page, "request"), "patient": "p-0001", "decision": "open"}
        answer = await flow.http.post(CONTINUE, data=form, headers={**HTML, "Origin": "https://evil.example"})
        assert "Whose record should Provider app open?" in (await follow_redirects(flow, answer)).text

    run(steps, tmp_path)
