"""Medplum's client, unmodified, in a real browser. It sends `credentials: include` and X-Medplum with every request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from tests.clients.client_kit import TENANT, AdminClient
from tests.clients.origins import serves

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = b'<script type="module">import * as core from "/medplum.mjs"; window.core = core</script>'
SCOPE = "openid fhirUser profile user/*.cruds"
EXERCISE = """async ([options, redirectUri]) => {
  const client = new core.MedplumClient(options)
  await client.processCode(new URL(location.href).searchParams.get('code'), { redirectUri })
  const matches = await client.searchResources('Patient', 'name=Peters')
  const created = await client.createResource({ resourceType: 'Patient', name: [{ family: 'Peters' }] })
  const patched = await client.patchResource('Patient', created.id, [{ op: 'add', path: '/gender', value: 'other' }])
  const entry = [{ request: { method: 'GET', url: 'Patient/' + created.id } }]
  const batch = await client.executeBatch({ resourceType: 'Bundle', type: 'batch', entry })
  return [matches.length, patched.gender, batch.entry[0].resource.id === created.id]
}"""


@pytest.fixture(scope="module")
def port(node: Path) -> Iterator[int]:
    library = node / "@medplum" / "core" / "dist" / "esm" / "index.mjs"

    def answer(path: str) -> tuple[str, bytes]:
        return ("text/javascript", library.read_bytes()) if path == "/medplum.mjs" else ("text/html", PAGE)

    with serves(answer) as port:
        yield port


@pytest.fixture
def credentials(sickbay: AdminClient) -> Iterator[None]:
    """Sets the policy credentialed_cors for one test."""
    with sickbay.http as http:
        http.patch(f"/admin/policies/{TENANT}", json={"credentialed_cors": True}).raise_for_status()
    yield
    with sickbay.http as http:
        http.patch(f"/admin/policies/{TENANT}", json={"credentialed_cors": None}).raise_for_status()


def opened_app(page: Page, sickbay: AdminClient, port: int) -> tuple[dict[str, Any], dict[str, str], str]:
    """Returns the app after the redirect with its code, the options of its client, and its redirect URI."""
    sickbay.patient()  # the first use creates the patients
    here = f"http://localhost:{port}/app"
    app = sickbay.register(redirect_uris=[here], scope=SCOPE, **sickbay.auto_approved())
    server = sickbay.line["tenants"][TENANT]
    options = {
        "baseUrl": f"{server['issuer']}/",
        "fhirUrlPath": "r4/",
        "tokenUrl": server["token"],
        "clientId": app["client_id"],
        "authorizeUrl": f"{server['authorize']}?aud={quote(sickbay.fhir('r4'), safe='')}",
    }
    page.goto(here)
    page.wait_for_function("window.core")
    login = {"clientId": app["client_id"], "redirectUri": here, "scope": "openid profile email user/*.cruds"}
    start = f"void new core.MedplumClient({json.dumps(options)}).signInWithRedirect({json.dumps(login)})"
    with page.expect_navigation(url="**/app?code=*"):
        page.evaluate(start)
    page.wait_for_function("window.core")
    return app, options, here


@pytest.mark.usefixtures("credentials")
def test_medplum_signs_in_searches_creates_patches_and_sends_a_batch(sickbay: AdminClient, page: Page, port: int) -> None:
    """Like many OpenID libraries it requests the scope `email`, which isn't granted; a finding gives advice."""
    app, options, here = opened_app(page, sickbay, port)
    count, gender, batched = page.evaluate(EXERCISE, [options, here])
    assert (count > 0, gender, batched) == (True, "other", True)
    assert sickbay.findings_above_info(app) == [("token", "granted-scopes-narrower")]
    advice = [finding["id"] for exchange in sickbay.exchanges(app) for finding in exchange["findings"]]
    assert "scope-openid-claims" in advice


def test_without_the_policy_the_browser_blocks_requests_and_the_preflight_has_a_finding(
    sickbay: AdminClient, page: Page, port: int
) -> None:
    _, options, _ = opened_app(page, sickbay, port)
    search = "options => new core.MedplumClient(options).searchResources('Patient', 'name=Peters').catch(e => e.message)"
    with page.expect_request(lambda request: "/r4/Patient" in request.url):
        assert page.evaluate(search, {**options, "accessToken": "x"}) == "Failed to fetch"
    with sickbay.http as http:
        answer = http.get("/admin/exchanges").raise_for_status().json()
    exchanges = answer["exchanges"] if isinstance(answer, dict) else answer
    preflights = [
        exchange
        for exchange in exchanges
        if exchange["request"]["method"] == "OPTIONS" and "/r4/Patient" in exchange["request"]["url"]
    ]
    assert "cors-credentials-not-allowed" in [finding["id"] for finding in preflights[0]["findings"]]
