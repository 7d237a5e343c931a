"""Takes the pictures in docs/pictures from the running product. Run `PYTHONPATH=src:. python tools/pictures.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import urlencode

import httpx2
from playwright.sync_api import Browser, Page, sync_playwright
from tools.picture_launches import take_launches

from sickbay.testing.server import serving

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
BROWSER = "/usr/bin/chromium"
HERE = "http://localhost:8100/"
SCOPE = "patient/Patient.read patient/Observation.read launch online_access openid profile"


def request_refused_page(base: str) -> str:
    """Send an authorization request that is refused, and return the URL of its exchange."""
    with httpx2.Client(base_url=base, trust_env=False) as http:
        registration = {
            "name": "Peters finder",
            "type": "provider",
            "client": "public",
            "fhir": "dstu2",
            "smart_version": 1,
            "launch_uri": HERE + "launch",
            "redirect_uris": [HERE],
            "scope": SCOPE,
        }
        app = http.post("/admin/apps", json=registration).raise_for_status().json()
        parameters = {
            "response_type": "code",
            "client_id": app["client_id"],
            "redirect_uri": HERE,
            "launch": HERE + "launch",
            "scope": SCOPE.replace(" ", ","),
            "aud": f"{base}/general/dstu2",
            "state": "c31e1a8e-4b0f-4f8e-9a0d-61dbb2a39a14",
        }
        answer = http.get("/general/oauth/authorize?" + urlencode(parameters))
        return str(httpx2.URL(answer.headers["location"]).params["error_uri"])


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving("--data", folder) as live, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--no-proxy-server"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"{live.base}/general/ehr")
        page.locator("button[name=account][value=okafor]").click()
        page.goto(f"{live.base}/general/ehr/patients/p-0017?app=sample-app-general")
        element = page.wait_for_selector("iframe.app")
        frame = element.content_frame() if element else None
        assert frame
        frame.get_by_role("button", name="Allow").click()
        page.wait_for_timeout(2500)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=PICTURES / "chart.png")
        page.goto(request_refused_page(live.base))
        page.screenshot(path=PICTURES / "exchange.png")
        take_explorer(browser, live.base)
        take_launches(browser, live.base, PICTURES)
        take_class(browser)
        browser.close()


def take_explorer(browser: Browser, base: str) -> None:
    """Take a search in the light theme and a resource in the dark one."""
    search = "Observation?patient=p-0017&category=laboratory&_count=5"
    for name, dark, path in (("explorer", False, search), ("explorer-dark", True, "Patient/p-0017")):
        page = browser.new_page(viewport={"width": 1180, "height": 680}, color_scheme="dark" if dark else "light")
        page.goto(f"{base}/developer/explorer/general/r4/user:okafor/{path}")
        page.screenshot(path=PICTURES / f"{name}.png")


def take_class(browser: Browser) -> None:
    """Take the teacher's overview of a class with three students."""
    with tempfile.TemporaryDirectory() as folder, serving("--class-mode", "--host", "localhost", "--data", folder) as live:
        for name, app in (("Ada Lovelace", "sample-app-general"), ("Grace Hopper", ""), ("Barbara Liskov", "")):
            student = browser.new_context().new_page()
            student.goto(live.line["class"]["join"])
            student.fill("input[name=name]", name)
            student.click("button:has-text('Join the class')")
            student.wait_for_selector("#code")
            _use(student, live.base, app, name)
        teacher = browser.new_page(viewport={"width": 1280, "height": 760})
        teacher.goto(f"{live.base}/developer/sign-in")
        teacher.fill("input[name=token]", (Path(folder) / "admin-token").read_text().strip())
        teacher.click("button:has-text('Sign in')")
        teacher.wait_for_url(f"{live.base}/developer")
        teacher.goto(f"{live.base}/developer/class")
        teacher.screenshot(path=PICTURES / "class.png")


def _use(student: Page, base: str, app: str, name: str) -> None:
    """Launch an app, or register one and send a wrong request."""
    if app:
        student.goto(f"{base}/general/ehr/sign-in?next=/general/ehr/patients/p-0017?app={app}")
        student.click("button[name=account][value=okafor]")
        student.frame_locator("iframe.app").get_by_role("button", name="Allow").click()
        student.wait_for_timeout(2500)
    elif name.startswith("Grace"):
        student.goto(f"{base}/developer/register?redirect_uris={HERE}callback&launch_uri={HERE}launch")
        student.fill("input[name=name]", "Blood pressure")
        student.click("button:has-text('Register the app')")
        student.wait_for_selector("h1:has-text('Blood pressure')")
        student.goto(f"{base}/general/oauth/authorize?client_id=blood-pressure&response_type=code&redirect_uri={HERE}callback")


if __name__ == "__main__":
    main()
