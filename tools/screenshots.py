"""Takes a picture of every page, in both themes, at 390 and 1280 pixels.

Run `PYTHONPATH=src:. python tools/screenshots.py FOLDER`.

With names after the folder, it takes only pages whose name begins with one of them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlencode

import httpx2
from playwright.sync_api import Browser, Page, sync_playwright

from sickbay.testing.server import Live, serving

BROWSER: Final = "/usr/bin/chromium"
WIDTHS: Final = (390, 1280)
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
HERE: Final = "http://localhost:8100/"
LOAD_MILLISECONDS: Final = 1500
"""For pages that fetch something after they have loaded."""
CHART: Final = "/general/ehr/patients/p-0017"
APP: Final = "/developer/apps/sample-app-general"
LONG_NAME: Final = "A very long name of an app that monitors blood pressures and glucose at home and in hospitals"
PAGES: Final = {
    "home": "/",
    "doctor": "/doctor",
    "docs": "/docs/",
    "docs-page": "/docs/how-to/first-launch.html",
    "rules": "/rules",
    "rules-search": "/rules?q=redirect",
    "rule": "/rules/redirect-uri-trailing-slash",
    "apps": "/developer",
    "register": "/developer/register",
    "app": APP,
    "app-edit": f"{APP}/edit",
    "app-settings": f"{APP}/settings",
    "hospitals": "/developer/hospitals",
    "hospital": "/developer/hospitals/general",
    "resources": "/developer/hospitals/general/resources",
    "time": "/developer/time",
    "search": "/developer/search?q=sample",
    "explorer": "/developer/explorer",
    "explorer-search": "/developer/explorer/general/r4/user:okafor/Observation?patient=p-0017&_count=5",
    "explorer-resource": "/developer/explorer/general/r4/user:okafor/Patient/p-0017",
    "exchanges": "/exchanges",
    "exchanges-clear": "/exchanges/clear",
    "launches": "/timelines",
    "day": "/general/ehr",
    "patients": "/general/ehr/patients",
    "chart": CHART,
    "chart-open": f"{CHART}?app=sample-app-general",
    "permissions": "/general/oauth/manage",
    "not-found": "/nowhere",
}
"""The name of a picture, and the address of its page. `find_recorded` adds those whose addresses have an ID."""


def find_recorded(live: Live) -> dict[str, str]:
    """The pages of exchanges and launches, after a launch of the sample app and a request that is refused."""
    with httpx2.Client(base_url=live.base, trust_env=False) as http:
        registration = {
            "name": LONG_NAME,
            "type": "provider",
            "client": "public",
            "redirect_uris": [HERE],
            "scope": "launch openid",
        }
        app = http.post("/admin/apps", json=registration).raise_for_status().json()
        parameters = {
            "response_type": "code",
            "client_id": app["client_id"],
            "redirect_uri": HERE + "x",
            "scope": "launch,openid",
        }
        http.get("/general/oauth/authorize?" + urlencode(parameters))
        recorded = http.get("/admin/exchanges?limit=50").raise_for_status().json()
    refused = next(entry for entry in recorded if entry["stage"] == "authorize" and entry["response"]["status"] == 400)
    granted = next(entry for entry in recorded if entry["stage"] == "token")
    return {
        "exchange-refused": f"/exchanges/{refused['id']}",
        "exchange-granted": f"/exchanges/{granted['id']}",
        "exchange-resend": f"/exchanges/{refused['id']}/resend",
        "launch": f"/timelines/{granted['launch']}",
        "launch-compare": f"/timelines/{granted['launch']}/compare",
        "launch-refused": f"/timelines/{refused['launch']}",
        "app-long-name": f"/developer/apps/{app['app_id']}",
    }


def prepare(page: Page, base: str) -> None:
    """Sign in, launch the sample app from the chart, and allow what it asks for."""
    page.goto(f"{base}/general/ehr/sign-in?next={CHART}?app=sample-app-general")
    page.click("button[name=account][value=okafor]")
    page.frame_locator("iframe.app").get_by_role("button", name="Allow").click()
    page.frame_locator("iframe.app").get_by_role("heading", name="Timothy Peters", exact=True).wait_for()


def take(page: Page, folder: Path, name: str, address: str) -> None:
    """Take the pictures of one page."""
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(address)
            page.wait_for_timeout(LOAD_MILLISECONDS if "?app=" in address else 0)
            page.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            print(f"{name}-{theme}-{width}.png{f'  is {wide} pixels wide' if wide > width else ''}")


def take_class(browser: Browser, folder: Path, wanted: Sequence[str]) -> None:
    """Take the pages of class mode: of a student and of the teacher."""
    with tempfile.TemporaryDirectory() as data, serving("--class-mode", "--host", "localhost", "--data", data) as live:
        student, teacher = browser.new_context().new_page(), browser.new_context().new_page()
        if is_wanted("class-join", wanted):
            take(student, folder, "class-join", live.line["class"]["join"])
        student.goto(live.line["class"]["join"])
        student.fill("input[name=name]", "Ada Lovelace")
        student.click("button:has-text('Join the class')")
        student.wait_for_selector("#code")
        teacher.goto(f"{live.base}/developer/sign-in")
        teacher.fill("input[name=token]", (Path(data) / "admin-token").read_text().strip())
        teacher.click("button:has-text('Sign in')")
        teacher.wait_for_url(f"{live.base}/developer")
        teacher.goto(f"{live.base}/developer/class")
        first_student = teacher.locator("table a.name").first.get_attribute("href") or ""
        for name, page, path in (
            ("class-member", student, "/developer/class"),
            ("class-denied", student, "/developer/hospitals"),
            ("class-sign-in", browser.new_context().new_page(), "/developer/sign-in"),
            ("class-overview", teacher, "/developer/class"),
            ("class-link", teacher, "/developer/class?show=link"),
            ("class-student", teacher, first_student),
        ):
            if is_wanted(name, wanted):
                take(page, folder, name, live.base + path)


def is_wanted(name: str, wanted: Sequence[str]) -> bool:
    return not wanted or name.startswith(tuple(wanted))


def list_pages(live: Live, wanted: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name, path in {**PAGES, **find_recorded(live)}.items():
        if is_wanted(name, wanted):
            yield name, live.base + path


def main(folder: Path, *wanted: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--no-proxy-server"])
        with serving("--ephemeral", "--patients", "20") as live:
            page = browser.new_page()
            if is_wanted("sign-in", wanted):
                take(page, folder, "sign-in", f"{live.base}/general/ehr/sign-in")
            prepare(page, live.base)
            for name, address in list_pages(live, wanted):
                take(page, folder, name, address)
        if not wanted or any(name.startswith("class") for name in wanted):
            take_class(browser, folder, wanted)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), *sys.argv[2:])
