"""@azure/msal-browser in OIDC mode, unmodified, in a browser: it sees each fault, and the exchange shows it as injected."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.clients.client_kit import AdminClient
from tests.clients.faults.meeting import Case, Meeting, check_exchanges
from tests.clients.origins import serves
from tests.conftest import skip_or_fail

from sickbay.testing.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.timeout(400)  # one process of the clients runs before the first test
PAGE = Path(__file__).parent.parent / "msal" / "index.html"
SCOPE = "openid fhirUser user/Patient.rs"
CLIENT = "msal-browser"
CASES = [
    Case({"kind": "authorize-error", "error": "access_denied"}, CLIENT, "signs_in", "access_denied"),
    Case({"kind": "state", "value": "wrong"}, CLIENT, "signs_in", "response_ignored"),
    Case({"kind": "id-token", "claim": "nonce", "value": "another"}, CLIENT, "signs_in", "nonce_mismatch"),
]


class SecureAdmin(AdminClient):
    """MSAL accepts only https, and Sickbay's certificate is its own."""

    @property
    def http(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.line["base"], trust_env=False, timeout=20, verify=False)


@pytest.fixture(scope="module")
def sickbay() -> Iterator[SecureAdmin]:
    with serving("--ephemeral", "--https", "--patients", "2") as running:
        yield SecureAdmin(running.line)


@pytest.fixture(scope="module")
def home(sickbay: SecureAdmin, node: Path) -> Iterator[str]:
    """The address of the app's pages."""
    library = node / "@azure" / "msal-browser" / "lib" / "msal-browser.min.js"
    if not library.is_file():
        skip_or_fail("node", "no @azure/msal-browser in node_modules; run make node")
    settings = {"authority": sickbay.line["tenants"]["general"]["issuer"], "aud": sickbay.fhir("r4")}

    def answer(path: str) -> tuple[str, bytes]:
        if path == "/settings.json":
            return "application/json", json.dumps(settings).encode()
        return ("text/javascript", library.read_bytes()) if path.endswith(".js") else ("text/html", PAGE.read_bytes())

    with serves(answer) as port:
        yield f"http://localhost:{port}"


def sign_in(page: Page, sickbay: SecureAdmin, home: str) -> tuple[dict[str, Any], Callable[[], str]]:
    """Registers an app. Returns it, and a function that opens its page and returns what it shows in the end."""
    client_id = str(uuid.uuid4())
    address = f"{home}/{client_id}/index.html"
    app = sickbay.register(client_id=client_id, redirect_uris=[address], scope=SCOPE, **sickbay.auto_approved())

    def shows() -> str:
        page.goto(address)
        page.wait_for_selector("html[data-done]", state="attached")
        return f"{page.title()} {page.inner_text('#result')}"

    return app, shows


def test_it_signs_in_without_a_fault(page: Page, sickbay: SecureAdmin, home: str) -> None:
    _, shows = sign_in(page, sickbay, home)
    assert shows().startswith("done ")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_client_sees_the_fault_and_is_not_blamed(page: Page, sickbay: SecureAdmin, home: str, case: Case) -> None:
    app, shows = sign_in(page, sickbay, home)
    with sickbay.http as http:
        fault = http.post("/admin/faults", json=case.fault | {"app": app["client_id"]}).raise_for_status().json()["id"]
        seen = shows()
        http.delete(f"/admin/faults/{fault}")
    assert seen.startswith("failed ")
    assert str(case.sees) in seen
    exchanges = sickbay.exchanges(app)
    marked = [entry for entry in exchanges if (entry["injected"] or {}).get("fault") == fault]
    check_exchanges(sickbay, case, Meeting(seen, None, exchanges, marked))
