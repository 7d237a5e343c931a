"""The page of exchanges in a browser: new ones appear without reload, in all tabs, through one stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from playwright.sync_api import Page

SECONDS = 60_000
REFUSED = "/general/r4/Patient/p-0001"
DISCOVERY = "/general/r4/.well-known/smart-configuration"


def ask(base: str, path: str) -> str:
    return httpx2.get(base + path, trust_env=False).headers["x-correlation-id"]


def row(page: Page, id: str) -> Any:
    return page.locator(f'[data-key="{id}"]')


def streams(base: str) -> float:
    metrics = httpx2.get(f"{base}/metrics", trust_env=False).text
    return float(metrics.partition("\nsickbay_streams ")[2].partition("\n")[0])


def test_new_exchanges_appear_in_every_tab_through_one_stream(fresh: dict[str, Any], page: Page) -> None:
    base = fresh["base"]
    page.goto(f"{base}/exchanges")
    page.get_by_text("New exchanges appear here.").wait_for(timeout=SECONDS)
    other = page.context.new_page()
    other.goto(f"{base}/exchanges?q=is:refused")
    other.get_by_text("New exchanges appear here.").wait_for(timeout=SECONDS)
    granted, refused = ask(base, DISCOVERY), ask(base, REFUSED)
    other.bring_to_front()
    row(other, refused).wait_for(timeout=SECONDS)
    assert row(other, granted).count() == 0
    page.bring_to_front()
    row(page, refused).wait_for(timeout=SECONDS)
    row(page, granted).wait_for(timeout=SECONDS)
    assert streams(base) == 1
    page.close()  # the other tab takes over
    other.bring_to_front()
    later = ask(base, REFUSED)
    row(other, later).wait_for(timeout=SECONDS)


def test_the_list_can_be_paused_and_keeps_the_focus(fresh: dict[str, Any], page: Page) -> None:
    base = fresh["base"]
    first = ask(base, REFUSED)
    page.goto(f"{base}/exchanges")
    row(page, first).locator("a").focus()
    second = ask(base, REFUSED)
    row(page, second).wait_for(timeout=SECONDS)
    assert page.evaluate("document.activeElement.getAttribute('href')") == f"/exchanges/{first}"
    page.get_by_role("button", name="Pause").press("Enter")
    third = ask(base, REFUSED)
    page.get_by_text("Paused. 1 exchange of all apps since then.").wait_for(timeout=SECONDS)
    assert row(page, third).count() == 0
    page.get_by_role("button", name="Resume").press("Enter")
    row(page, third).wait_for(timeout=SECONDS)


def test_the_list_works_by_keyboard(fresh: dict[str, Any], page: Page) -> None:
    base = fresh["base"]
    refused = ask(base, REFUSED)
    ask(base, DISCOVERY)
    page.goto(f"{base}/exchanges")
    page.get_by_role("textbox", name="Filter").focus()
    page.keyboard.type("is:refused")
    page.keyboard.press("Enter")
    page.wait_for_url("**/exchanges?q=is%3Arefused")
    page.locator("h1").click()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.getAttribute('href')") == f"/exchanges/{refused}"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/exchanges/{refused}")
