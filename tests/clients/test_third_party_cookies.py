"""A browser that blocks third-party cookies: the chart is opened at one loopback name, the app's issuer has the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.browsers import fresh_page
from tests.clients.client_kit import TENANT, AdminClient
from tests.clients.origins import serves
from tests.patients import create_patients

from sickbay.testing.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

BLOCKED = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}
FINDING = "cookie-samesite-iframe"


@pytest.fixture(scope="module")
def live() -> Iterator[dict[str, Any]]:
    with serving("--ephemeral", "--patients", "20") as running:
        create_patients(running.base)
        yield running.line


@pytest.fixture(scope="module")
def blocking_context(
    chromium: Callable[..., BrowserContext], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    context = chromium(tmp_path_factory.mktemp("profile"), BLOCKED)
    yield context
    context.close()


@pytest.fixture
def page(blocking_context: BrowserContext) -> Iterator[Page]:
    yield from fresh_page(blocking_context, 60_000)


@pytest.fixture
def ordinary_page(shared_context: BrowserContext) -> Iterator[Page]:
    yield from fresh_page(shared_context, 60_000)


CLIENT = "keeps-nothing-in-the-browser"
LAUNCH = """<!doctype html><title>launch</title><script>
const query = new URLSearchParams(location.search);
location.replace(`${query.get("iss").replace("/r4", "")}/oauth/authorize?` + new URLSearchParams({
  response_type: "code", client_id: "CLIENT", scope: "launch openid fhirUser patient/Patient.rs", aud: query.get("iss"),
  redirect_uri: new URL("done", location.href).href, launch: query.get("launch"), nonce: crypto.randomUUID(),
  state: crypto.randomUUID(), code_challenge_method: "S256",
  code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
}));
</script>""".replace("CLIENT", CLIENT)
"""An app that keeps its session on its own server, so that the frame's storage doesn't stop it before its request."""


def app_page(path: str) -> tuple[str, bytes] | None:
    page = {"/launch": LAUNCH, "/done": "<!doctype html><h1>Come back with a code</h1>"}.get(path.partition("?")[0])
    return ("text/html", page.encode()) if page else None


@pytest.fixture
def app(sickbay: AdminClient) -> Iterator[dict[str, Any]]:
    with serves(app_page) as port:
        app_origin = f"http://localhost:{port}"
        client = sickbay.register(
            client_id=CLIENT,
            launch_uri=f"{app_origin}/launch",
            redirect_uris=[f"{app_origin}/done"],
            scope="launch openid fhirUser patient/Patient.rs",
        )
        yield client


def test_without_the_cookie_the_frame_offers_a_tab_in_which_the_app_works(
    page: Page, sickbay: AdminClient, app: dict[str, Any]
) -> None:
    home = sickbay.line["tenants"][TENANT]["ehr"].replace("localhost", "127.0.0.1")
    page.goto(f"{home}/patients/p-0017?app={app['app_id']}")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    frame = page.locator("iframe.app").element_handle().content_frame()
    assert frame
    frame.get_by_role("heading", name="Continue in a tab").wait_for()
    lost_cookies = [
        exchange for exchange in sickbay.exchanges(app) if FINDING in {finding["id"] for finding in exchange["findings"]}
    ]
    assert [(exchange["stage"], exchange["findings"][0]["severity"]) for exchange in lost_cookies] == [("login", "error")]
    with page.expect_popup() as popup:
        frame.get_by_role("link", name="Continue in a tab").click()
    tab = popup.value
    tab.get_by_role("button", name="Dr. Amara Okafor").click()
    tab.get_by_role("button", name="Allow").click()
    tab.get_by_role("heading", name="Come back with a code").wait_for()


@pytest.mark.parametrize(("chart", "warned"), [("127.0.0.1", True), ("localhost", False)])
def test_the_chart_says_if_the_embedded_app_cannot_store_data(
    page: Page, sickbay: AdminClient, chart: str, warned: bool
) -> None:
    check_warning(page, sickbay, chart, warned)


def test_a_browser_that_blocks_nothing_gets_no_warning(ordinary_page: Page, sickbay: AdminClient) -> None:
    check_warning(ordinary_page, sickbay, "127.0.0.1", False)


def check_warning(page: Page, sickbay: AdminClient, chart: str, warned: bool) -> None:
    home = sickbay.line["tenants"][TENANT]["ehr"].replace("localhost", chart)
    page.goto(f"{home}/patients/p-0017?app=sample-app-general")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    frame = page.locator("iframe.app").element_handle().content_frame()
    assert frame
    stopped = frame.get_by_role("heading", name="Storage is blocked")
    stopped.or_(frame.get_by_role("heading", name=re.compile("^(Allow|Sign in)"))).wait_for()
    page.wait_for_load_state()  # the script of the chart asks a hidden frame, and removes it after its answer
    page.locator("iframe[hidden]").wait_for(state="detached")
    assert stopped.is_visible() is warned
    assert page.get_by_text("doesn’t let an embedded app").is_visible() is warned
    assert page.get_by_role("link", name="Open it in a tab").count() == (1 if warned else 0)
