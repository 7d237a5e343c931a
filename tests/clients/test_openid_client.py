"""npm's openid-client, unmodified: it verifies every response, and its exchanges have no findings above info."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey
from tests.clients.client_kit import TENANT, AdminClient
from tests.clients.origins import serves
from tests.conftest import skip_or_fail

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE = "http://localhost:8100/callback"
SCOPE = "openid fhirUser profile offline_access user/Patient.rs"
KEY = ECKey.generate_key("P-384", {"kid": "k1", "alg": "ES384"})
APP = Path(__file__).parent / "openid" / "app.mjs"


@pytest.fixture
def app(sickbay: AdminClient, node: Path) -> Any:
    """Returns a function that runs the app with some fields and returns its output. Fails with the client's error message."""
    command = shutil.which("node")
    if command is None or not (node / "openid-client").is_dir():
        skip_or_fail("node", "no node, or no openid-client in node_modules; run make node")
    issuer = sickbay.line["tenants"][TENANT]["issuer"]

    def run(**fields: Any) -> dict[str, Any]:
        common = {
            "issuer": issuer,
            "redirect_uri": HERE,
            "aud": sickbay.fhir("r4"),
            "token_endpoint": f"{issuer}/oauth/token",
        }
        process = subprocess.run(
            [command, APP], input=json.dumps(common | fields), capture_output=True, text=True, timeout=60, check=False
        )
        assert process.returncode == 0, process.stderr
        return dict(json.loads(process.stdout))

    return run


def register(sickbay: AdminClient, **fields: Any) -> dict[str, Any]:
    return sickbay.register(**{"redirect_uris": [HERE], "scope": SCOPE, **sickbay.auto_approved()} | fields)


def findings_above_info(sickbay: AdminClient, client: dict[str, Any]) -> list[str]:
    """Returns the ids of the findings above info. Fails if no exchange was recorded."""
    exchanges = sickbay.exchanges(client)
    assert exchanges
    return [finding["id"] for exchange in exchanges for finding in exchange["findings"] if finding["severity"] != "info"]


KINDS: dict[str, dict[str, Any]] = {
    "none": {"client": "public"},
    "client_secret_basic": {"client": "symmetric"},
    "client_secret_post": {"client": "symmetric"},
    "private_key_jwt": {"client": "asymmetric", "jwks": {"keys": [KEY.as_dict(private=False)]}},
}


@pytest.mark.parametrize("method", sorted(KINDS))
def test_each_authentication_method_signs_in_refreshes_and_reads_userinfo(sickbay: AdminClient, app: Any, method: str) -> None:
    """The id_token is verified with the published keys, the nonce, the response's iss (RFC 9207) and PKCE."""
    client = register(sickbay, **KINDS[method])
    output = app(
        client_id=client["client_id"],
        secret=client.get("client_secret"),
        key=KEY.as_dict(private=True),
        method=method,
        scope=SCOPE,
        steps=["userinfo", "read", "refresh"],
        read=f"{sickbay.fhir('r4')}/Patient?name=Peters",
    )
    assert output["claims"]["fhirUser"].endswith(sickbay.clinician["fhirUser"])
    assert output["userinfo"] | {"sub": output["claims"]["sub"], "fhirUser": output["claims"]["fhirUser"]} == output["userinfo"]
    assert output["read"]["status"] == 200
    assert output["read"]["body"]["entry"]
    assert output["refreshed"]["refresh_token"] != output["tokens"]["refresh_token"]
    assert findings_above_info(sickbay, client) == []


def test_its_default_assertion_names_the_issuer_and_the_advice_names_the_option_to_set(sickbay: AdminClient, app: Any) -> None:
    client = sickbay.register(**KINDS["private_key_jwt"], type="system", scope="system/Patient.rs")
    app(
        client_id=client["client_id"],
        key=KEY.as_dict(private=True),
        method="private_key_jwt",
        grant="client_credentials",
        scope="system/Patient.rs",
        as_it_is=True,
    )
    findings = [finding for exchange in sickbay.exchanges(client) for finding in exchange["findings"]]
    (advice,) = [finding for finding in findings if finding["id"] == "assertion-aud-not-token-endpoint"]
    assert advice["severity"] == "warning"
    assert "modifyAssertion" in advice["fix"]


@pytest.mark.parametrize("metadata", ["oidc", "oauth2"])
def test_the_server_is_discovered_with_openid_and_with_rfc_8414(sickbay: AdminClient, app: Any, metadata: str) -> None:
    client = register(sickbay)
    output = app(client_id=client["client_id"], metadata=metadata)
    assert output["server"]["issuer"] == sickbay.line["tenants"][TENANT]["issuer"]
    assert output["server"]["code_challenge_methods_supported"] == ["S256"]
    assert set(KINDS) - {"none"} <= set(output["server"]["token_endpoint_auth_methods_supported"])


def test_an_authorization_request_can_be_a_form_post(sickbay: AdminClient, app: Any) -> None:
    client = register(sickbay)
    assert app(client_id=client["client_id"], scope=SCOPE, post=True)["tokens"]["scope"] == SCOPE
    assert findings_above_info(sickbay, client) == []


@pytest.mark.parametrize("method", ["client_secret_basic", "private_key_jwt"])
def test_a_revoked_token_is_no_longer_active(sickbay: AdminClient, app: Any, method: str) -> None:
    client = register(sickbay, **KINDS[method])
    output = app(
        client_id=client["client_id"],
        secret=client.get("client_secret"),
        key=KEY.as_dict(private=True),
        method=method,
        scope=SCOPE,
        steps=["introspect", "revoke", "introspect"],
    )
    before, after = output["introspected"]
    assert before["active"] is True
    assert (before["client_id"], before["scope"]) == (client["client_id"], SCOPE)
    assert after == {"active": False}
    assert findings_above_info(sickbay, client) == []


def test_a_service_gets_a_token_with_its_key(sickbay: AdminClient, app: Any) -> None:
    client = sickbay.register(**KINDS["private_key_jwt"], type="system", scope="system/Patient.rs")
    output = app(
        client_id=client["client_id"],
        key=KEY.as_dict(private=True),
        method="private_key_jwt",
        grant="client_credentials",
        scope="system/Patient.rs",
        steps=["read"],
        read=f"{sickbay.fhir('r4')}/Patient?name=Peters",
    )
    assert output["tokens"]["expires_in"] == 300
    assert output["read"]["status"] == 200
    assert findings_above_info(sickbay, client) == []


def test_the_client_registers_itself(sickbay: AdminClient, app: Any) -> None:
    metadata = {
        "redirect_uris": [HERE],
        "client_name": "By itself",
        "scope": SCOPE,
        "token_endpoint_auth_method": "none",
    }
    output = app(register=metadata)
    assert {name: output["client"][name] for name in metadata} == metadata
    with sickbay.http as http:
        assert output["client"]["client_id"] in [
            registered_app["client_id"] for registered_app in http.get("/admin/apps").json()
        ]


def test_a_launch_from_the_chart_returns_the_full_context(sickbay: AdminClient, app: Any) -> None:
    """The token response contains patient, encounter, banner and style in addition to the token."""
    scope = "launch openid fhirUser patient/Patient.rs patient/Encounter.rs"
    client = register(sickbay, scope=scope, launch_uri="http://localhost:8100/launch")
    patient, encounter = sickbay.patient_with_a_visit()
    launch = sickbay.launch(client, patient=patient, encounter=encounter, need_patient_banner=False)
    output = app(client_id=client["client_id"], scope=scope, launch=launch["launch"])["tokens"]
    assert (output["patient"], output["encounter"], output["need_patient_banner"]) == (patient, encounter, False)
    with sickbay.http as http:
        assert http.get(output["smart_style_url"]).json()["color_text"].startswith("#")
    assert findings_above_info(sickbay, client) == []


def test_a_standalone_app_gets_the_picked_encounter(sickbay: AdminClient, app: Any) -> None:
    scope = "launch/patient launch/encounter openid fhirUser patient/Patient.rs"
    patient, encounter = sickbay.patient_with_a_visit()
    client = register(sickbay, scope=scope, **sickbay.auto_approved(patient=patient, encounter=encounter))
    output = app(client_id=client["client_id"], scope=scope)["tokens"]
    assert (output["patient"], output["encounter"]) == (patient, encounter)
    assert findings_above_info(sickbay, client) == []


def test_the_client_signs_its_user_out(sickbay: AdminClient, app: Any, page: Page) -> None:
    """In a browser: signs in and allows by hand, returns with the code, and signs out at the end_session_endpoint."""
    home = sickbay.line["tenants"][TENANT]["ehr"]
    page.goto(home)
    page.locator(f"button[name=account][value={sickbay.clinician['username']}]").click()
    with serves(lambda path: ("text/plain", b"Here you are")) as port:
        callback, bye = f"http://localhost:{port}/callback", f"http://localhost:{port}/bye"
        uris = {"redirect_uris": [callback], "post_logout_redirect_uris": [bye]}
        client = register(sickbay, auto_approve=None, **uris)
        fields = {"client_id": client["client_id"], "scope": SCOPE, "redirect_uri": callback, "bye": bye}
        start = app(**fields, begin=True)
        page.goto(start["url"])
        page.get_by_role("button", name="Allow").click()
        page.wait_for_url(f"{callback}?**")
        output = app(**fields, back=page.url, checks=start["checks"], steps=["userinfo", "end"])
        assert output["userinfo"]["sub"] == output["claims"]["sub"]
        page.goto(output["end"])
        assert page.url == bye
    page.goto(f"{home}/patients")
    assert page.locator("button[name=account]").count()
    assert findings_above_info(sickbay, client) == []
