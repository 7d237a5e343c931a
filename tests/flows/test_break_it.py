"""Browser tests with broken authorize URLs: the page names the error, and its corrected request works."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests.browsers import fresh_page

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

CALLBACK = "APP/callback"
STATE = "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
SCOPE = "launch/patient openid fhirUser patient/Patient.rs patient/Observation.rs"


class Broken(NamedTuple):
    """A broken request. change: parameters as sent; None leaves one out. says: words of the title.

    wrong: the marked text; None: not sent. APP is replaced by the app's origin.
    """

    rule: str
    change: dict[str, str | None]
    says: str
    wrong: str | None


BROKEN = (
    Broken("redirect-uri-trailing-slash", {"redirect_uri": f"{CALLBACK}/"}, "trailing slash", "/"),
    Broken("redirect-uri-mismatch", {"redirect_uri": "APP/other"}, "APP/other", "other"),
    Broken("redirect-uri-missing", {"redirect_uri": None}, "redirect_uri", None),
    Broken("client-id-unknown", {"client_id": "break-me-plaese"}, "break-me-plaese", "plaese"),
    Broken("client-id-missing", {"client_id": None}, "client_id", None),
    Broken("aud-missing", {"aud": None}, "aud", None),
    Broken(
        "aud-mismatch", {"aud": "https://fhir.example.org/r4"}, "https://fhir.example.org/r4", "https://fhir.example.org/r4"
    ),
    Broken("scope-comma-separated", {"scope": SCOPE.replace(" ", ",")}, "commas", ","),
    Broken("launch-param-is-url", {"launch": "APP/launch", "scope": SCOPE.replace("/patient", "", 1)}, "launch", "APP"),
    Broken("launch-scope-without-launch-param", {"scope": SCOPE.replace("/patient", "", 1)}, "launch", "/patient"),
    Broken("scope-is-array", {"scope": '["' + '","'.join(SCOPE.split()) + '"]'}, "JSON array", "["),
    Broken("scope-separator-wrong", {"scope": SCOPE.replace(" ", ";")}, "semicolons", ";"),
    Broken("client-id-placeholder", {"client_id": "undefined"}, "what JavaScript writes", "undefined"),
    Broken("value-is-placeholder", {"aud": "${FHIR_BASE}"}, "wasn’t replaced by its value", "${FHIR_BASE}"),
    Broken("value-has-stray-characters", {"redirect_uri": f"\u201c{CALLBACK}\u201d"}, "a quotation mark", "\u201c"),
    Broken("state-missing", {"state": None}, "state", None),
    Broken("pkce-missing", {"code_challenge": None, "code_challenge_method": None}, "code_challenge", None),
    Broken("pkce-plain", {"code_challenge_method": "plain"}, "plain", "plain"),
    Broken("response-type-invalid", {"response_type": "token"}, "token", "token"),
)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<title>The app</title><h1>The app</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The app's origin, which answers every request."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


class App(NamedTuple):
    """The app. client_id: at the strict hospital. authorize, fhir: that hospital's addresses."""

    origin: str
    client_id: str
    authorize: str
    fhir: str

    def fill_origin(self, text: str) -> str:
        return text.replace("APP", self.origin)

    def asking(self, change: dict[str, str | None]) -> str:
        right: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": SCOPE,
            "state": STATE,
            "aud": self.fhir,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        sent = {name: self.fill_origin(value) for name, value in (right | change).items() if value is not None}
        return f"{self.authorize}?{urlencode(sent)}"

    def read_received(self, page: Page) -> dict[str, str]:
        """The parameters that the app received; {} if the browser is at another page."""
        if not page.url.startswith(self.fill_origin(CALLBACK)):
            return {}
        return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


@pytest.fixture(scope="module")
def app(live: dict[str, Any], origin: str) -> App:
    """An app with automatic approval, so that a correct request returns a code at once."""
    body = {
        "name": "Break me",
        "type": "provider",
        "client": "public",
        "client_id": "break-me-please",
        "fhir": "r4",
        "launch_uri": f"{origin}/launch",
        "redirect_uris": [f"{origin}/callback"],
        "scope": f"launch online_access {SCOPE}",
        "auto_approve": {"user": "okafor", "patient": "p-0017"},
    }
    with httpx2.Client(base_url=live["base"], trust_env=False) as http:
        answer = http.post("/admin/apps", json=body)
    assert answer.status_code == 201, answer.text
    tenant = live["tenants"]["general"]
    return App(origin, answer.json()["client_id"], tenant["authorize"], tenant["fhir"]["r4"])


@pytest.fixture(scope="module")
def browser(shared_context: BrowserContext, live: dict[str, Any]) -> Iterator[Page]:
    """One page for all tests, because no test signs in. It has permission for the clipboard."""
    shared_context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live["base"])
    yield from fresh_page(shared_context, 60_000)


def open_explanation(page: Page, app: App) -> None:
    """Open the page with the explanation: the current page, or the one at error_uri."""
    parameters = app.read_received(page)
    if parameters:
        assert parameters["error"]
        page.goto(parameters["error_uri"])


def is_marked(page: Page, wrong: str | None) -> bool:
    """Whether the error is marked: wrong text by a mark, a missing parameter by a gap."""
    if wrong is None:
        return page.locator(".pair .gap").count() > 0
    texts = page.locator(".pair mark").all_text_contents()
    return any(wrong in text or text.removeprefix("wrong: ") in wrong for text in texts)


def test_an_unbroken_request_returns_a_code(app: App, browser: Page) -> None:
    browser.goto(app.asking({}))
    browser.wait_for_url(lambda url: url.startswith(app.fill_origin(CALLBACK)))  # after the page that waits for the patients
    assert app.read_received(browser)["code"]
    assert app.read_received(browser)["state"] == STATE


@pytest.mark.parametrize("broken", BROKEN, ids=lambda url: url.rule)
def test_each_error_is_named_and_marked_and_the_corrected_request_works(app: App, browser: Page, broken: Broken) -> None:
    browser.goto(app.asking(broken.change))
    open_explanation(browser, app)
    assert browser.locator("h1").count() == 1
    assert app.fill_origin(broken.says) in browser.locator("h1").inner_text()
    assert browser.locator(f".finding a[href$='/rules/{broken.rule}']").count() == 1
    assert is_marked(browser, app.fill_origin(broken.wrong) if broken.wrong else None)
    button = browser.get_by_role("button", name="Copy the corrected request")
    button.click()
    browser.get_by_text("Copied").first.wait_for()
    browser.goto(browser.evaluate("navigator.clipboard.readText()"))
    assert app.read_received(browser)["code"]


def test_an_unknown_launch_code_becomes_a_placeholder(live: dict[str, Any], app: App, browser: Page) -> None:
    body = {
        "name": "Only from the chart",
        "type": "provider",
        "client": "public",
        "client_id": "from-the-chart",
        "launch_uri": f"{app.origin}/launch",
        "redirect_uris": [f"{app.origin}/callback"],
        "fhir": "r4",
        "scope": "launch openid patient/Patient.rs",
        "auto_approve": {"user": "okafor"},
    }
    with httpx2.Client(base_url=live["base"], trust_env=False) as http:
        assert http.post("/admin/apps", json=body).status_code == 201
        parameters: dict[str, str | None] = {
            "client_id": "from-the-chart",
            "launch": "APP/launch",
            "scope": "launch,openid,patient/Patient.rs",
        }
        browser.goto(app.asking(parameters))
        open_explanation(browser, app)
        browser.get_by_role("button", name="Copy the corrected request").click()
        browser.get_by_text("Copied").first.wait_for()
        copied = str(browser.evaluate("navigator.clipboard.readText()"))
        launch = http.post("/admin/launches", json={"app": "from-the-chart", "patient": "p-0017", "user": "okafor"})
    browser.goto(copied.replace("LAUNCH-VALUE-OF-YOUR-LAUNCH-URL", launch.json()["launch"]))
    assert app.read_received(browser)["code"]
