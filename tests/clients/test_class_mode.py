"""Sickbay under its own host name, as in a class, a connectathon or behind a proxy, opened in a real browser."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from tests.clients.origins import REDIRECT, serves
from tests.flows.flow import PATIENTS, copy_filled
from tests.ports import free_port, free_ports
from tests.proxy import run_proxy

from sickbay.cli import admin_key
from sickbay.testing.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAME = "ehr.example.org"
LAUNCH = """<!doctype html><title>launch</title><h1>The app</h1><script>
const query = new URLSearchParams(location.search);
location.replace(`${query.get("iss").replace("/r4", "")}/oauth/authorize?` + new URLSearchParams({
  response_type: "code", client_id: "class-app", scope: "launch openid fhirUser patient/Patient.rs", aud: query.get("iss"),
  redirect_uri: new URL("done", location.href).href, launch: query.get("launch"), code_challenge_method: "S256",
  state: "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E", nonce: "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4F",
  code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
}));
</script>"""


def redirect(query: str) -> tuple[str, bytes]:
    """What LAUNCH does, as an HTTP redirect."""
    launch = httpx2.QueryParams(query)
    sent = {
        "response_type": "code",
        "client_id": "class-app",
        "scope": "launch openid fhirUser patient/Patient.rs",
        "aud": launch["iss"],
        "redirect_uri": launch["redirect_uri"],
        "launch": launch["launch"],
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "state": "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E",
        "nonce": "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4F",
    }
    endpoint = launch["iss"].replace("/r4", "/oauth/authorize")
    return REDIRECT, f"{endpoint}?{httpx2.QueryParams(sent)}".encode()


def app_page(path: str) -> tuple[str, bytes] | None:
    if path.startswith("/redirect"):
        return redirect(path.partition("?")[2])
    page = {"/launch": LAUNCH, "/done": "<!doctype html><h1>Come back with a code</h1>"}.get(path.partition("?")[0])
    return ("text/html", page.encode()) if page else None


class Class:
    """A server with its own host name, an app on the students' machines, and the admin token."""

    def __init__(self, base: str, port: int, folder: Path, app: str) -> None:
        self.base, self.token = base, admin_key.read(folder) or ""
        self.port, self.folder, self.app = port, folder, app

    def register(self, path: str = "/launch") -> dict[str, Any]:
        certificate = self.folder / "https.crt"
        scheme = "https" if certificate.exists() else "http"
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with httpx2.Client(trust_env=False, verify=context) as http:
            answer = http.post(
                f"{scheme}://127.0.0.1:{self.port}/admin/apps",
                headers={"Authorization": f"Bearer {self.token}"},
                json={
                    "client_id": "class-app",
                    "name": "Class app",
                    "type": "provider",
                    "client": "public",
                    "launch_uri": f"{self.app}{path}",
                    "redirect_uris": [f"{self.app}/done"],
                    "scope": "launch openid fhirUser patient/Patient.rs",
                    "auto_approve": {"user": "okafor"},
                },
            )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@contextmanager
def running(folder: Path, scheme: str, *more: str) -> Iterator[Class]:
    port = free_port()
    base = f"{scheme}://{NAME}:{port}"
    copy_filled(folder)
    arguments = ("--port", str(port), "--base-url", base, "--data", str(folder), "--patients", str(PATIENTS), *more)
    with serves(app_page) as app, serving(*arguments):
        yield Class(base, port, folder, f"http://localhost:{app}")


def sign_in(page: Page, base: str, next: str = "/general/ehr/patients/p-0017") -> None:
    page.goto(base + next)
    assert page.locator("button[name=account]").count() == 0
    page.fill("input[name=username]", "okafor")
    page.fill("input[name=password]", "sickbay")
    page.click("button:has-text('Sign in')")
    page.wait_for_url(base + next)


def administer(page: Page, base: str, token: str) -> None:
    """Signs in to the portal with the admin token from the page that a visitor sees, submits a form and signs out."""
    page.goto(f"{base}/developer")
    assert page.text_content("h1") == "Sign in with the admin token"
    page.click("a:has-text('Sign in with the admin token')")
    page.fill("input[name=token]", "guess")
    page.click("button:has-text('Sign in')")
    page.wait_for_selector("#fault")
    page.fill("input[name=token]", token)
    page.click("button:has-text('Sign in')")
    page.wait_for_url(f"{base}/developer")
    page.goto(f"{base}/developer/register")
    page.fill("input[name=name]", "By hand")
    page.fill("textarea[name=redirect_uris]", "http://localhost:8100/done")
    page.fill("input[name=launch_uri]", "http://localhost:8100/launch")
    page.click("button:has-text('Register the app')")
    page.wait_for_selector("h1:has-text('By hand')")
    page.goto(f"{base}/exchanges")
    page.wait_for_selector("h1:has-text('Exchanges')")
    page.click("[aria-label='Sign out as administrator']")
    page.goto(f"{base}/developer")
    assert page.text_content("h1") == "Sign in with the admin token"


def test_over_http_a_class_can_sign_in_launch_and_administer(tmp_path: Path, page: Page) -> None:
    with running(tmp_path / "class", "http", "--host", "0.0.0.0") as room:
        app = room.register()
        sign_in(page, room.base)
        (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"].startswith("sickbay_")]
        assert (cookie["secure"], cookie["sameSite"], cookie["httpOnly"]) == (False, "Lax", True)
        with page.expect_response(lambda response: response.url.endswith("/theme")):
            page.click("[data-theme-form] button")
        page.goto(f"{room.base}/rules")
        assert page.get_attribute("html", "data-theme") == "dark"

        page.goto(f"{room.base}/general/ehr/open?app={app['app_id']}&patient=p-0017")
        page.wait_for_selector("h1:has-text('Class app')")  # under this host name auto_approve does not apply
        page.click("button[value=allow]")
        page.wait_for_selector("h1:has-text('Come back with a code')")
        assert "code=" in page.url

        page.goto(f"{room.base}/general/ehr/patients/p-0017?app={app['app_id']}")
        frame = page.frame_locator("iframe[src*='framed']")
        frame.locator("h1:has-text('Continue in a tab')").wait_for()
        assert frame.locator("code").inner_text() == "cookie-samesite-iframe"
        with page.context.expect_page() as tab:
            frame.locator("a:has-text('Continue in a tab')").click()
        tab.value.wait_for_selector("h1:has-text('Come back with a code')")
        administer(page, room.base, room.token)


def test_over_http_an_app_that_redirects_can_sign_in_within_the_frame(tmp_path: Path, page: Page) -> None:
    """The browser takes an HTTP redirect for a navigation of our own page, and a script's navigation for one of the app."""
    with running(tmp_path / "class", "http", "--host", "0.0.0.0") as room:
        app = room.register(f"/redirect?redirect_uri={room.app}/done")
        sign_in(page, room.base)
        page.goto(f"{room.base}/general/ehr/patients/p-0017?app={app['app_id']}")
        frame = page.frame_locator("iframe[src*='framed']")
        frame.locator("button[value=allow]").click()
        frame.locator("h1:has-text('Come back with a code')").wait_for()


def test_over_https_the_cookie_also_reaches_the_frame(tmp_path: Path, page: Page) -> None:
    with running(tmp_path / "class", "https", "--https", "--host", "0.0.0.0") as room:
        app = room.register()
        sign_in(page, room.base)
        (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"].startswith("sickbay_")]
        assert (cookie["secure"], cookie["sameSite"]) == (True, "None")
        page.goto(f"{room.base}/general/ehr/patients/p-0017?app={app['app_id']}")
        frame = page.frame_locator("iframe[src*='framed']")
        frame.locator("button[value=allow]").click()
        frame.locator("h1:has-text('Come back with a code')").wait_for()
        administer(page, room.base, room.token)


WEB_CRYPTO = "isSecureContext && Boolean(crypto.subtle)"


def test_a_student_joins_and_an_app_in_the_frame_has_web_crypto_over_https(tmp_path: Path, page: Page) -> None:
    folder, (port, sample) = tmp_path / "class", free_ports(2)
    copy_filled(folder)
    addresses = ("--host", "0.0.0.0", "--port", str(port), "--sample-port", str(sample), "--base-url", f"https://{NAME}:{port}")
    with serving("--class-mode", "--https", *addresses, "--data", str(folder), "--patients", str(PATIENTS)) as live:
        page.goto(live.line["class"]["join"])
        page.get_by_label("Your name").fill("Ada")
        page.get_by_role("button", name="Join the class").click()
        page.get_by_role("heading", name="You’re in the class as Ada").wait_for()
        page.get_by_role("link", name="Open the chart").click()
        page.get_by_role("button", name="Dr. Amara Okafor").click()
        page.locator(".apps a.tile").filter(has_text="Sample app").first.click()
        frame = page.frame_locator("iframe.app")
        frame.get_by_role("button", name="Allow").click()
        frame.get_by_role("heading", name="Timothy Peters").wait_for()
        app = page.locator("iframe.app").element_handle().content_frame()
        assert app
        app.wait_for_function(WEB_CRYPTO)
        page.goto(f"{live.base}/exchanges")
        page.get_by_text("Launch of Sample app").wait_for()


def test_the_portal_works_through_nginx_with_its_default_settings(tmp_path: Path, page: Page) -> None:
    """The base URL is the proxy's; the upstream gets the host name from proxy_pass."""
    port = free_port()
    folder = tmp_path / "data"
    copy_filled(folder)
    with run_proxy(port) as front:
        for base in (f"http://{NAME}:{front}", f"http://localhost:{front}"):
            arguments = ("--port", str(port), "--base-url", base, "--data", str(folder), "--patients", str(PATIENTS))
            with serving(*arguments):
                administer(page, base, admin_key.read(folder) or "")
                sign_in(page, base)


def test_behind_a_proxy_with_another_base_url_the_page_says_what_to_set(tmp_path: Path, page: Page) -> None:
    with serving("--data", str(tmp_path / "data"), "--patients", "1") as live:
        port = json.loads((tmp_path / "data" / "runtime.json").read_text())["port"]
        with run_proxy(port) as front:
            address = f"http://{NAME}:{front}"
            page.goto(f"{address}/developer/sign-in")
            page.fill("input[name=token]", admin_key.read(tmp_path / "data") or "")
            page.click("button:has-text('Sign in')")
            assert f"start Sickbay with --base-url {address}" in page.inner_text("#fault")
        page.goto(f"{live.base}/developer")
        page.wait_for_selector("h1:has-text('Apps')")


def test_the_link_in_the_terminal_fills_in_the_token_and_removes_it_from_the_url(tmp_path: Path, page: Page) -> None:
    with serving("--data", str(tmp_path / "data"), "--patients", "1", "--require-admin-token") as live:
        token = admin_key.read(tmp_path / "data") or ""
        page.goto(f"{live.base}/developer/sign-in#token={token}")
        page.wait_for_url(f"{live.base}/developer/sign-in")
        assert page.input_value("input[name=token]") == token
        page.click("button:has-text('Sign in')")
        page.wait_for_url(f"{live.base}/developer")
        page.wait_for_selector("h1:has-text('Apps')")
