"""The page of exchanges in a browser: new ones appear without reload, in all tabs, through one stream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

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


LATE_STREAM = """
window.EventSource = class {
  static CLOSED = 2;
  heard = {};
  constructor() { window.stream = this; setTimeout(() => this.onopen?.()); }
  addEventListener(name, hear) { this.heard[name] = hear; }
};
"""
"""A stream that is open, but whose server says only later that it reports what happens: `stream.heard.ready()`."""


def test_an_exchange_between_the_opening_of_the_stream_and_its_first_event_appears(fresh: dict[str, Any], page: Page) -> None:
    base = fresh["base"]
    page.add_init_script(LATE_STREAM)
    page.goto(f"{base}/exchanges")
    page.wait_for_load_state("networkidle")
    refused = ask(base, REFUSED)
    httpx2.get(f"{base}/exchanges", trust_env=False).raise_for_status()  # it is stored, so the stream doesn't tell of it
    page.evaluate("stream.heard.ready?.()")
    row(page, refused).wait_for(timeout=SECONDS)


def test_an_exchange_while_another_tab_is_opened_appears_in_it(fresh: dict[str, Any], page: Page) -> None:
    base, refused = fresh["base"], list[str]()
    page.goto(f"{base}/exchanges")
    page.get_by_text("New exchanges appear here.").wait_for(timeout=SECONDS)

    def refuse_one(route: Route) -> None:
        refused.append(ask(base, REFUSED))
        row(page, refused[0]).wait_for(timeout=SECONDS, state="attached")
        route.continue_()

    other = page.context.new_page()
    other.route("**/exchanges.js*", refuse_one)
    other.goto(f"{base}/exchanges")
    row(other, refused[0]).wait_for(timeout=SECONDS)


def test_the_list_asks_again_while_the_server_has_no_time(fresh: dict[str, Any], page: Page) -> None:
    base = fresh["base"]
    page.route(re.compile("/exchanges[?](?!limit)"), lambda route: route.fulfill(status=503), times=2)
    page.goto(f"{base}/exchanges")
    page.get_by_text("New exchanges appear here.").wait_for(timeout=SECONDS)
    row(page, ask(base, REFUSED)).wait_for(timeout=SECONDS)


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
