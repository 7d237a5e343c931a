"""The page of exchanges: groups, filters, older exchanges, clearing, and the list of launches."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.flows.flow import FEW_PATIENTS, Flow, receive, run

from sickbay.web.exchanges import listing

HTML = {"Accept": "text/html"}
WORDY_NAME = "A name of three hundred characters " * 8 + "and its end in twenty"


async def page(flow: Flow, path: str) -> str:
    return (await flow.http.get(path, headers=HTML)).text


def rows(text: str) -> list[str]:
    """The IDs of the exchanges of a page, in order."""
    return re.findall(r'<a class="name mono" href="/exchanges/([^"]+)" data-row>', text)


async def launch(flow: Flow, app: dict[str, Any]) -> str:
    """The timeline of a launch that worked, with a read."""
    created = await flow.launch(app)
    code = receive(await flow.authorize(app, launch=created["launch"]))["code"]
    token = (await flow.redeem(app, code)).json()["access_token"]
    await flow.http.get("/general/r4/Patient/p-0001", headers={"Authorization": f"Bearer {token}"})
    return str(created["timeline"])


def test_exchanges_are_grouped_by_launch_and_the_worst_finding_is_named(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(name=WORDY_NAME)
        first = await launch(flow, app)
        await flow.http.get("/general/r4/Patient/p-0001")
        second = await flow.launch(app)
        await flow.authorize(app, launch=second["launch"], aud=None)
        text = await page(flow, "/exchanges")
        groups = re.findall(r'data-key="launch-([^"]+)"', text)
        assert groups[:2] == [second["timeline"], first]
        heading = text.partition(f'data-key="launch-{second["timeline"]}"')[2].partition("</th>")[0]
        assert "<code>aud</code> is missing" in heading
        assert 'class="is-refused"' in heading
        assert f"{WORDY_NAME[:60]}…" in heading
        assert 'data-key="launch-' not in await page(flow, "/exchanges?flat=1")
        assert 'class="bar' not in await page(flow, "/exchanges?part=list")

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_the_filter_is_in_the_url_and_a_wrong_word_loses_nothing(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Finder")
        await launch(flow, app)
        refused = (await flow.http.get("/general/r4/Patient/p-0001")).headers["x-correlation-id"]
        assert rows(await page(flow, "/exchanges?q=status:4xx+rule:fhir-token*")) == [refused]
        assert len(rows(await page(flow, "/exchanges?q=app:finder"))) >= 3
        assert rows(await page(flow, "/exchanges?q=app:finder+status:4xx")) == []
        wrong = await flow.http.get("/exchanges?q=stauts:404+is:refused", headers=HTML)
        assert wrong.status_code == 400
        assert 'value="stauts:404 is:refused"' in wrong.text
        assert "There is no filter stauts. Did you mean status:?" in wrong.text
        assert rows(wrong.text) == [refused]
        problem = await flow.http.get("/exchanges?q=stauts:404", headers={"Accept": "application/json"})
        assert (problem.status_code, "status:?" in problem.json()["detail"]) == (400, True)

    run(steps, tmp_path, data=address or str(tmp_path), patients=FEW_PATIENTS)


@pytest.mark.parametrize("text", ["<script>", '"><img src=x>', "‹›", "é", "a" * 400, "x:<b>"])
def test_an_odd_filter_is_shown_as_text(text: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        response = await flow.http.get(f"/exchanges?q={quote(text)}", headers=HTML)
        assert response.status_code in (200, 400)
        assert "<script>" not in response.text.replace('<script type="module"', "")
        assert "<img" not in response.text
        assert "<b>" not in response.text

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_older_exchanges_follow_on_further_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "ROWS", 4)

    async def steps(flow: Flow) -> None:
        ids = [(await flow.http.get("/general/r4/Patient/p-0001")).headers["x-correlation-id"] for _ in range(10)]
        path, seen = "/exchanges?q=is:refused", []
        for _ in range(3):
            text = await page(flow, path)
            seen += rows(text)
            foot = text.partition('class="sheet-foot"')[2].partition("</div>")[0]
            path = foot.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
        assert seen == ids[::-1]
        assert path == ""
        assert "The newest 4 of 10 exchanges" in await page(flow, "/exchanges")

    run(steps, tmp_path, patients=FEW_PATIENTS)


def csrf_of(text: str) -> str:
    return text.partition('name="csrf" value="')[2].partition('"')[0]


def test_clearing_says_what_is_deleted_and_deletes_only_that(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Finder")
        await launch(flow, app)
        for _ in range(2):
            await flow.http.get("/general/r4/Patient/p-0001")
        text = await page(flow, "/exchanges/clear?q=is:refused")
        assert "This deletes <b>2 exchanges</b> that match <code>is:refused</code>" in text
        kept = len(rows(await page(flow, "/exchanges"))) - 2
        refused = await flow.http.post("/exchanges/clear?q=is:refused", data={"csrf": "wrong"})
        assert refused.status_code == 303
        assert len(rows(await page(flow, "/exchanges"))) == kept + 2
        cleared = await flow.http.post("/exchanges/clear?q=is:refused", data={"csrf": csrf_of(text)})
        assert (cleared.status_code, cleared.headers["location"]) == (303, "/exchanges?q=is%3Arefused")
        assert len(rows(await page(flow, "/exchanges"))) == kept
        wrong = await flow.http.post("/exchanges/clear?q=stauts:404", data={"csrf": csrf_of(text)})
        assert wrong.status_code == 400
        assert len(rows(await page(flow, "/exchanges"))) == kept
        text = await page(flow, "/exchanges/clear")
        assert "of all apps and hospitals" in text
        await flow.http.post("/exchanges/clear", data={"csrf": csrf_of(text)})
        assert "No exchanges yet" in await page(flow, "/exchanges")
        assert (await flow.http.get("/admin/apps")).json()

    run(steps, tmp_path, data=address or str(tmp_path), patients=FEW_PATIENTS)


def test_launches_are_listed_with_their_state(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        assert "No launches yet" in await page(flow, "/timelines")
        app = await flow.register(name="Finder")
        worked = await launch(flow, app)
        refused = await flow.launch(app)
        await flow.authorize(app, launch=refused["launch"], aud=None)
        text = await page(flow, "/timelines")
        assert text.index(refused["timeline"]) < text.index(worked)
        assert "Refused" in text
        assert "Worked" in text
        assert f"/exchanges?q=launch%3A{worked}" in text
        listed = rows(await page(flow, f"/exchanges?q=launch%3A{worked}"))
        assert len(listed) >= 3

    run(steps, tmp_path, patients=FEW_PATIENTS)
