"""A request that ended while the user was on one of its pages: the next click says why, and nothing is sent to the app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from tests.flows.flow import Flow, run
from tests.flows.test_ehr_by_http import sign_in
from tests.flows.test_two_tabs import follow_redirects, open_request, submit

MOVED = "http://localhost:8100/moved"
REASONS = {
    "edited": "Its redirect URI was removed from the app’s registration.",
    "removed": "The app was removed.",
    "elsewhere": "It was started in another browser,",
    "expired": "It timed out after 30 minutes.",
    "reset": "It was answered, it timed out, or Sickbay was reset.",
}


async def end(flow: Flow, app: dict[str, Any], reason: str) -> None:
    if reason == "edited":
        await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"redirect_uris": [MOVED]})
    elif reason == "removed":
        await flow.http.delete(f"/admin/apps/{app['app_id']}")
    elif reason == "elsewhere":
        flow.cookies.clear()
        flow.http.headers.pop("cookie")
        await sign_in(flow)
    elif reason == "expired":
        await flow.http.post("/admin/clock", json={"advance": 1800})
    else:
        await flow.http.post("/admin/reset", json={})


async def answer_after(flow: Flow, reason: str) -> httpx2.Response:
    """The response to a click on Allow, after the request has ended."""
    app = await flow.register(auto_approve=None)
    page = await open_request(flow, app)
    consent = await follow_redirects(flow, await submit(flow, page, patient="p-0017", decision="open"))
    assert "access Timothy Peters’s record?" in consent.text
    await end(flow, app, reason)
    return await submit(flow, consent, decision="allow", scope="patient/Patient.rs")


def test_the_next_click_says_why_the_request_ended(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        for reason, text in REASONS.items():
            answer = await answer_after(flow, reason)
            assert (answer.status_code, text in answer.text) == (400, True), reason

    run(steps, tmp_path)
