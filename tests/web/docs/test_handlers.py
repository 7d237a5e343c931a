"""The documentation over HTTP, and in a browser under the strict content security policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from sickbay.web.docs import library
from tools import site

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = ("", "tutorial.html", "running.html", "reference/settings.html", "rules/token.html", "search.html?q=invalid_grant")


@pytest.fixture
def http(live: dict[str, Any]) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=live["base"], trust_env=False, timeout=30) as client:
        yield client


def test_docs_leads_to_the_first_page(http: httpx2.Client) -> None:
    answer = http.get("/docs")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs/")
    assert ">Sickbay's documentation</h1>" in http.get("/docs/").text


def test_a_page_shows_the_html_of_its_markdown(http: httpx2.Client) -> None:
    answer = http.get("/docs/running.html")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<h2 id="in-ci">In CI</h2>' in answer.text
    assert 'aria-current="page">Docs</a>' in answer.text


@pytest.mark.parametrize("path", ["no.html", "no.md", "%2e%2e/pyproject.toml", "pictures/../../LICENSE"])
def test_nothing_but_the_pages_and_their_files_is_served(http: httpx2.Client, path: str) -> None:
    assert http.get(f"/docs/{path}").status_code == 404


@pytest.mark.parametrize("path", ["tutorial", "tutorial/"])
def test_the_name_of_a_page_leads_to_it(http: httpx2.Client, path: str) -> None:
    answer = http.get(f"/docs/{path}")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs/tutorial.html")


def test_the_schema_of_sickbay_toml_is_served(http: httpx2.Client) -> None:
    assert http.get("/docs/reference/sickbay-toml.schema.json").json()["title"] == "sickbay.toml"


def test_no_page_of_the_documentation_breaks_the_content_security_policy(live: dict[str, Any], page: Page) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    for path in PAGES:
        response = page.goto(f"{live['base']}/docs/{path}")
        assert response
        assert "script-src 'self'" in response.headers["content-security-policy"]
        assert response.status == 200
        page.locator("article").wait_for()
    assert problems == []


def test_the_search_finds_invalid_grant_and_leads_to_the_rule(live: dict[str, Any], page: Page) -> None:
    page.goto(f"{live['base']}/docs/reference/settings.html")
    search(page)
    assert page.url.startswith(f"{live['base']}/docs/rules/")


def test_the_search_in_the_server_finds_the_same_places_as_the_script(live: dict[str, Any], page: Page) -> None:
    for query in ("invalid_grant", "max connections", "aud", "<b>", "launch code"):
        page.goto(f"{live['base']}/docs/search.html?q={query}")
        by_server = results(page)
        field = page.get_by_placeholder("Search the documentation")
        field.fill("zzqq")  # loads the index
        page.locator("[data-docs-count]").filter(has_text="0 places").wait_for()
        field.fill(query)
        assert results(page) == by_server


def results(page: Page) -> tuple[str, list[str]]:
    found = page.locator("[data-docs-results] li").all_inner_texts()
    return page.locator("[data-docs-count]").inner_text(), found


def test_the_search_works_in_files_without_a_server(page: Page, tmp_path: Path) -> None:
    out = tmp_path / "site"
    assert site.build(out) == len(list(out.rglob("*.html"))) > 30
    page.goto((out / "reference" / "settings.html").as_uri())
    search(page)
    assert page.url.startswith((out / "rules").as_uri())
    assert page.locator("h1").evaluate("heading => getComputedStyle(heading).fontWeight") == "650"


def search(page: Page) -> None:
    """Searches for invalid_grant and opens the first rule that is found."""
    page.get_by_placeholder("Search the documentation").fill("invalid_grant")
    page.keyboard.press("Enter")
    page.locator("[data-docs-results] mark").first.wait_for()
    assert "places for “invalid_grant”" in page.locator("[data-docs-count]").inner_text()
    rule = page.locator("[data-docs-results] a[href*='rules/']").first
    rule.click()
    page.locator("article").get_by_text("invalid_grant").first.wait_for()


def test_every_link_of_the_files_leads_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "site"
    site.build(out)
    broken = []
    for path in out.rglob("*.html"):
        for link in re.findall(r'(?:href|src|action)="([^"#]*)[^"]*"', path.read_text(encoding="utf-8")):
            if link and not link.startswith(library.EXTERNAL) and not (path.parent / link).resolve().is_file():
                broken.append(f"{path.relative_to(out)}: {link}")
    assert broken == []
