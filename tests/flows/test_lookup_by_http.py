"""The search in the header: one result opens at once, several are listed, and strangers find only what they may read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_ehr_by_http import HTML

if TYPE_CHECKING:
    from playwright.sync_api import Page

STRANGER = {**HTML, "x-forwarded-for": "203.0.113.7"}


async def search(flow: Flow, text: str, headers: dict[str, str] = HTML) -> httpx2.Response:
    """The page that a browser ends on, after the redirect that keeps the words in the address."""
    answer = await flow.http.post("/developer/search", data={"q": text}, headers=headers)
    if answer.headers.get("location", "").startswith("/developer/search"):
        answer = await flow.http.get(answer.headers["location"], headers=headers)
    return answer


def groups(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.headers
    return re.findall(r'<h2 id="h-\d+">([^<]+)</h2>', answer.text)


def test_one_result_opens_its_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Pressure Notes")
        launch = await flow.launch(app)
        refused = await flow.authorize(app, launch=launch["launch"], aud=None)
        id, here = refused.headers["x-correlation-id"], f"/developer/apps/{app['app_id']}"
        pages = {
            id: f"/exchanges/{id}",
            f"http://localhost:7425/exchanges/{id}": f"/exchanges/{id}",
            refused.headers["location"]: f"/exchanges/{id}",
            launch["timeline"]: f"/timelines/{launch['timeline']}",
            app["client_id"]: here,
            app["app_id"]: here,
            "pressure notes": here,
            "aud-missing": "/rules/aud-missing",
            "http://127.0.0.1:7425/developer/hospitals": "/developer/hospitals",
            "/general/ehr/patients": "/general/ehr/patients",
        }
        for text, page in pages.items():
            assert (await search(flow, text)).headers.get("location") == page, text

    run(steps, tmp_path)


def test_a_page_of_the_documentation_is_shown_with_the_passage_that_has_the_words(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        page = (await search(flow, "move the clock")).text
        assert 'href="/docs/how-to/move-the-clock.html"' in page
        excerpt = page.partition('href="/docs/how-to/move-the-clock.html"')[2].partition("</a>")[0]
        assert 'A token that lives for an hour is hard to test by waiting. <mark class="hit">Move</mark>' in excerpt

    run(steps, tmp_path)


def test_several_results_are_grouped(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register(name="Pressure Notes")
        app = await flow.register(name="Pressure Plus")
        for _ in range(2):
            await flow.redeem(app, "unknown-pressure")
        answer = await search(flow, "pressure")
        assert groups(answer)[0] == "Apps"
        assert answer.text.count('href="/developer/apps/') == 2
        found = groups(await search(flow, "invalid_grant"))
        assert found[:2] == ["Rules", "Causes of errors of other servers"]
        assert "Exchanges" in groups(await search(flow, "http://localhost:7425/general/oauth/token"))

    run(steps, tmp_path)


def test_nothing_found_says_what_can_be_searched_and_offers_the_doctor(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await search(flow, "https://other.example/authorize?state=<b>")
        assert answer.status_code == 200
        assert "What you can search for" in answer.text
        assert 'name="input" value="https://other.example/authorize?state=&lt;b&gt;"' in answer.text
        assert "Explain it in the doctor" in answer.text
        empty = await search(flow, "")
        assert "What you can search for" in empty.text
        assert "doctor explains" not in empty.text

    run(steps, tmp_path)


def test_a_stranger_finds_no_app_and_no_exchange_by_words(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Pressure Notes")
        launch = await flow.launch(app)
        refused = await flow.authorize(app, launch=launch["launch"], aud=None)
        id = refused.headers["x-correlation-id"]
        for text in (app["client_id"], app["app_id"], "pressure", "oauth/authorize", (await flow.launch(app))["timeline"]):
            answer = await search(flow, text, STRANGER)
            is_page = answer.headers.get("location", "").startswith("/docs/")  # a part of a random id may be a word of one page
            assert is_page or not {"Apps", "Exchanges"} & {*groups(answer)}, text
        assert (await flow.http.get(f"/timelines/{launch['timeline']}", headers=STRANGER)).status_code == 200
        found = await search(flow, launch["timeline"], STRANGER)
        assert found.headers["location"] == f"/timelines/{launch['timeline']}"
        assert (await search(flow, id, STRANGER)).headers["location"] == f"/exchanges/{id}"
        assert (await search(flow, "aud-missing", STRANGER)).headers["location"] == "/rules/aud-missing"

    run(steps, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example/",
        "/\\evil.example",
        "http://localhost:7425//evil.example",
        "/docs/../\r\nx: y",
        "http://localhost:7425@evil.example/docs",
    ],
)
def test_a_search_never_redirects_to_another_server(tmp_path: Path, text: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.post("/developer/search", data={"q": text}, headers=HTML)
        location = answer.headers.get("location", "/")
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        assert "evil" not in location or location.startswith("/developer/search?")

    run(steps, tmp_path)


def test_what_is_pasted_with_parameters_stays_out_of_the_address(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        pasted = "http://localhost:8100/callback?code=abc&state=def"
        answer = await flow.http.post("/developer/search", data={"q": pasted}, headers=HTML)
        assert answer.status_code == 200
        assert "location" not in answer.headers

    run(steps, tmp_path)


def test_the_search_is_reached_and_sent_by_keyboard(page: Page, fresh: dict[str, Any]) -> None:
    page.goto(f"{fresh['base']}/rules")
    page.keyboard.press("/")
    page.keyboard.type("Sample app, STU3")
    page.keyboard.press("Enter")
    page.wait_for_url("**/developer/apps/**")
    assert page.locator("h1").inner_text() == "Sample app, STU3"
