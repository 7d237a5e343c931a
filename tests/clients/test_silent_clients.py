"""Real clients that stop without a refusal: Sickbay names the step that didn't come, and the true cause first."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.clients.client_kit import TENANT, AdminClient
from tests.clients.conftest import Origin
from tests.clients.later_server import serving_later
from tests.flows.later_effects import LaterEffects

if TYPE_CHECKING:
    from playwright.sync_api import Page

FHIRClient: Any = pytest.importorskip("fhirclient.client").FHIRClient
SCOPE = "launch openid fhirUser online_access patient/Patient.rs patient/Observation.rs"
HERE = "http://localhost:8100/callback"
FORGETFUL = "if (location.pathname.endsWith('index.html')) sessionStorage.clear();"
"""What happens if the redirect URI opens in another tab."""
BROKEN = "if (location.pathname.endsWith('launch.html')) Object.defineProperty(window, 'FHIR', { set() {}, get() {} });"
"""A launch page whose library doesn't load."""
INCLUDES_AT_TOKEN = """
const open = XMLHttpRequest.prototype.open;
XMLHttpRequest.prototype.open = function (method, address, ...more) {
  open.call(this, method, address, ...more);
  this.withCredentials = String(address).endsWith("/token");
};
"""
"""An interceptor that sends cookies with the token request. The library sends its requests with XMLHttpRequest."""
INCLUDES_WITH_TOKEN = """
const set = XMLHttpRequest.prototype.setRequestHeader;
XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
  if (name.toLowerCase() === "authorization") this.withCredentials = true;
  set.call(this, name, value);
};
"""
FAILED = "html[data-done=failed]"
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], LaterEffects]]:
    with serving_later(tmp_path_factory.mktemp("later")) as served:
        yield served


@pytest.fixture
def sickbay(later: tuple[dict[str, Any], LaterEffects]) -> AdminClient:
    later[1].later = 0
    return AdminClient(later[0])


def first_cause(sickbay: AdminClient, later: tuple[dict[str, Any], LaterEffects], app: dict[str, Any]) -> tuple[str, str]:
    """The awaited step and the first cause of the app's oldest launch, after ten minutes."""
    later[1].later += 700
    found = sickbay.http.get(f"/admin/launches?app={app['app_id']}").json()[-1]
    assert found["state"] == "stalled", found
    return found["waiting_for"]["step"], found["causes"][0]["id"]


def register_page(
    sickbay: AdminClient, origin: Origin, *, end: str = "index.html", host: str = "localhost", **more: Any
) -> Any:
    """An app in a page. end, host: of its redirect URI."""
    client_id = str(uuid.uuid4())
    page = origin.address(client_id, end, host)
    origin.configs[client_id] = {"clientId": client_id, "scope": SCOPE, "redirectUri": page, "completeInTarget": True}
    fields = {"redirect_uris": [page], "launch_uri": origin.address(client_id, "launch.html"), "scope": SCOPE}
    return sickbay.register(client_id=client_id, **{**fields, **sickbay.auto_approved(), **more})


def open_app(page: Page, sickbay: AdminClient, app: dict[str, Any], script: str = "") -> None:
    """Signs in to the chart, which sets Sickbay's cookie, and launches the app from there."""
    page.goto(sickbay.line["tenants"][TENANT]["ehr"])
    page.locator(f"button[name=account][value={sickbay.clinician['username']}]").click()
    page.wait_for_url("**/ehr**")
    if script:
        page.add_init_script(script)
    page.goto(f"{sickbay.line['base']}/general/ehr/launch?app={app['app_id']}&patient=p-0001")


@pytest.mark.parametrize(
    ("script", "fields", "end", "expected"),
    [
        (BROKEN, {}, "body", ("discovery", "launch-nothing-arrived")),
        (FORGETFUL, {}, FAILED, ("token", "code-not-redeemed")),
        ("", {"end": "launch.html"}, FAILED, ("token", "redirect-page-starts-again")),
        ("", {"host": "127.0.0.1"}, FAILED, ("token", "redirect-uri-other-origin")),
        (INCLUDES_AT_TOKEN, {}, FAILED, ("access", "token-response-unreadable")),
        (INCLUDES_WITH_TOKEN, {}, FAILED, ("access", "fhir-preflight-blocked")),
        ("", {"auto_approve": None}, "[data-consent]", ("login", "consent-page-left")),
    ],
    ids=["no library", "no session", "one page", "other host", "credentials", "credentials with the token", "consent"],
)
def test_a_page_with_the_javascript_client_that_stops(
    sickbay: AdminClient,
    later: tuple[dict[str, Any], LaterEffects],
    origin: Origin,
    page: Page,
    script: str,
    fields: dict[str, Any],
    end: str,
    expected: tuple[str, str],
) -> None:
    """end: what the page has when it does nothing more."""
    app = register_page(sickbay, origin, **fields)
    open_app(page, sickbay, app, script)
    page.wait_for_selector(end, state="attached")
    assert first_cause(sickbay, later, app) == expected


def standalone(sickbay: AdminClient) -> tuple[dict[str, Any], Any, str]:
    """The Python client with the response to its authorization request."""
    scope = "openid fhirUser user/Patient.read"
    app = sickbay.register(redirect_uris=[HERE], scope=scope, smart_version=1, **sickbay.auto_approved())
    smart = FHIRClient({"app_id": app["client_id"], "api_base": sickbay.fhir("r4"), "redirect_uri": HERE, "scope": scope})
    smart.server.session.trust_env = False
    smart.wants_patient = False
    smart.prepare()
    answer = httpx2.get(smart.authorize_url, trust_env=False, follow_redirects=False)
    return app, smart, answer.headers["Location"]


def never_handled(sickbay: AdminClient) -> dict[str, Any]:
    return standalone(sickbay)[0]


def never_read(sickbay: AdminClient) -> dict[str, Any]:
    app, smart, location = standalone(sickbay)
    smart.handle_callback(location)
    return app


@pytest.mark.parametrize(
    ("stops", "expected"),
    [(never_handled, ("token", "code-not-redeemed")), (never_read, ("access", "token-not-used"))],
    ids=["never handles the callback", "never reads"],
)
def test_the_python_client_that_stops(
    sickbay: AdminClient,
    later: tuple[dict[str, Any], LaterEffects],
    stops: Callable[[AdminClient], dict[str, Any]],
    expected: tuple[str, str],
) -> None:
    assert first_cause(sickbay, later, stops(sickbay)) == expected


def test_a_page_that_works_is_not_called_stalled(
    sickbay: AdminClient, later: tuple[dict[str, Any], LaterEffects], origin: Origin, page: Page
) -> None:
    app = register_page(sickbay, origin)
    open_app(page, sickbay, app)
    page.wait_for_selector("html[data-done]", state="attached")
    assert page.title() == "done", page.inner_text("body")
    later[1].later += 7000
    found = sickbay.http.get(f"/admin/launches?app={app['app_id']}").json()
    assert [launch["state"] for launch in found] == ["worked"]
