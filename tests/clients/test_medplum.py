"""Medplum's client, unmodified, in a real browser: it sends every request with `credentials: include` and X-Medplum."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from tests.clients.client_kit import TENANT, Desk
from tests.clients.origins import serves

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = b'<script type="module">import * as core from "/medplum.mjs"; window.core = core</script>'
SCOPE = "openid fhirUser profile user/*.cruds"
READS = """async ([options, redirectUri]) => {
  const client = new core.MedplumClient(options)
  await client.processCode(new URL(location.href).searchParams.get('code'), { redirectUri })
  const found = await client.searchResources('Patient', 'name=Peters')
  const made = await client.createResource({ resourceType: 'Patient', name: [{ family: 'Peters' }] })
  const patched = await client.patchResource('Patient', made.id, [{ op: 'add', path: '/gender', value: 'other' }])
  const entry = [{ request: { method: 'GET', url: 'Patient/' + made.id } }]
  const batch = await client.executeBatch({ resourceType: 'Bundle', type: 'batch', entry })
  return [found.length, patched.gender, batch.entry[0].resource.id === made.id]
}"""


@pytest.fixture(scope="module")
def port(node: Path) -> Iterator[int]:
    library = node / "@medplum" / "core" / "dist" / "esm" / "index.mjs"

    def answer(path: str) -> tuple[str, bytes]:
        return ("text/javascript", library.read_bytes()) if path == "/medplum.mjs" else ("text/html", PAGE)

    with serves(answer) as port:
        yield port


@pytest.fixture
def credentials(desk: Desk) -> Iterator[None]:
    """The policy credentialed_cors, for one test."""
    with desk.http as http:
        http.patch(f"/admin/policies/{TENANT}", json={"credentialed_cors": True}).raise_for_status()
    yield
    with desk.http as http:
        http.patch(f"/admin/policies/{TENANT}", json={"credentialed_cors": None}).raise_for_status()


def opened(page: Page, desk: Desk, port: int) -> tuple[dict[str, Any], dict[str, str], str]:
    """The app after the redirect with its code, the options of its client, and its redirect URI."""
    desk.patient()  # the first use creates the patients
    here = f"http://localhost:{port}/app"
    app = desk.register(redirect_uris=[here], scope=SCOPE, **desk.approved())
    server = desk.line["tenants"][TENANT]
    options = {
        "baseUrl": f"{server['issuer']}/",
        "fhirUrlPath": "r4/",
        "tokenUrl": server["token"],
        "clientId": app["client_id"],
        "authorizeUrl": f"{server['authorize']}?aud={quote(desk.fhir('r4'), safe='')}",
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
def test_it_signs_in_searches_creates_patches_and_sends_a_batch(desk: Desk, page: Page, port: int) -> None:
    """Its scope has `email`, as that of many OpenID libraries: the scope is left out, with advice."""
    app, options, here = opened(page, desk, port)
    count, gender, batched = page.evaluate(READS, [options, here])
    assert (count > 0, gender, batched) == (True, "other", True)
    assert desk.loud(app) == [("token", "granted-scopes-narrower")]
    advice = [finding["id"] for one in desk.exchanges(app) for finding in one["findings"]]
    assert "scope-openid-claims" in advice


def test_without_the_policy_the_browser_blocks_it_and_the_preflight_says_why(desk: Desk, page: Page, port: int) -> None:
    _, options, _ = opened(page, desk, port)
    search = "options => new core.MedplumClient(options).searchResources('Patient', 'name=Peters').catch(e => e.message)"
    with page.expect_request(lambda one: "/r4/Patient" in one.url):
        assert page.evaluate(search, {**options, "accessToken": "x"}) == "Failed to fetch"
    with desk.http as http:
        told = http.get("/admin/exchanges").raise_for_status().json()
    exchanges = told["exchanges"] if isinstance(told, dict) else told
    preflights = [one for one in exchanges if one["request"]["method"] == "OPTIONS" and "/r4/Patient" in one["request"]["url"]]
    assert "cors-credentials-not-allowed" in [one["id"] for one in preflights[0]["findings"]]
