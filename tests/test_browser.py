"""Tests share a browser, but find nothing in it that another test has left."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.browsers import FULL_BROWSERS, LIGHT_BROWSERS, find_browser, fresh_page

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

ORIGIN = "http://localhost:1/"
"""Nothing listens there. Browsers offer caches only to https and localhost."""
KEEP = """async () => {
  document.cookie = "seen=1; max-age=1000";
  localStorage.setItem("seen", "1");
  sessionStorage.setItem("seen", "1");
  await caches.open("seen");
  await new Promise(done => indexedDB.open("seen").onsuccess = done);
}"""
KEPT = """async () => [
  document.cookie, localStorage.length, sessionStorage.length,
  (await caches.keys()).length, (await indexedDB.databases()).length,
]"""


def test_nothing_that_a_page_stores_is_found_by_the_page_of_the_next_test(shared_context: BrowserContext) -> None:
    first, second = (turn(shared_context, action) for action in (KEEP, None))
    assert first == ["seen=1", 1, 1, 1, 1]
    assert second == ["", 0, 0, 0, 0]


def turn(context: BrowserContext, action: str | None) -> Any:
    """What is stored at the end of a test that does this."""
    pages = fresh_page(context, 10_000)
    page: Page = next(pages)
    page.route(f"{ORIGIN}**", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.goto(ORIGIN)
    if action:
        page.evaluate(action)
    stored = page.evaluate(KEPT)
    assert list(pages) == []
    assert len(context.pages) == 1
    return stored


def test_the_light_browser_is_taken_if_it_is_installed_and_no_full_one_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.browsers.is_long", lambda: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() is None
    full, light = (tmp_path / name for name in (FULL_BROWSERS[-1], *LIGHT_BROWSERS))
    full.touch(0o755)
    assert find_browser() == find_browser(full=True) == str(full)
    light.touch(0o755)
    assert (find_browser(), find_browser(full=True)) == (str(light), str(full))
    monkeypatch.setattr("tests.browsers.is_long", lambda: True)
    assert find_browser() == str(full)


UNSAFE = re.compile(r"\b(frame|popup)\b[^\n]*\.evaluate\(")
"""Apps in frames and new tabs navigate by themselves, which ends a script that runs there. wait_for_function starts again."""


def test_no_test_runs_a_script_once_where_an_app_navigates_by_itself() -> None:
    assert UNSAFE.search('frame.locator("body").evaluate("isSecureContext")')
    files = [path for path in Path("tests").rglob("*.py") if path != Path("tests/test_browser.py")]
    assert [str(path) for path in files if UNSAFE.search(path.read_text())] == []
