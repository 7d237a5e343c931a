"""npm's openid-client, unmodified: it verifies what it is given, and its findings above info are none."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey
from tests.clients.client_kit import TENANT, Desk
from tests.clients.origins import serves
from tests.conftest import missing

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE = "http://localhost:8100/callback"
SCOPE = "openid fhirUser profile offline_access user/Patient.rs"
KEY = ECKey.generate_key("P-384", {"kid": "k1", "alg": "ES384"})
APP = Path(__file__).parent / "openid" / "app.mjs"


@pytest.fixture
def app(desk: Desk, node: Path) -> Any:
    """Runs the app: what it is to do, to what it was told. Fails with what the client said where it refused."""
    command = shutil.which("node")
    if command is None or not (node / "openid-client").is_dir():
        missing("node", "no node, or no openid-client in node_modules; run make node")
    issuer = desk.line["tenants"][TENANT]["issuer"]

    def run(**asked: Any) -> dict[str, Any]:
        common = {
            "issuer": issuer,
            "redirect_uri": HERE,
            "aud": desk.fhir("r4"),
            "token_endpoint": f"{issuer}/oauth/token",
        }
        done = subprocess.run(
            [command, APP], input=json.dumps(common | asked), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    return run


def registered(desk: Desk, **fields: Any) -> dict[str, Any]:
    return desk.register(**{"redirect_uris": [HERE], "scope": SCOPE, **desk.approved()} | fields)


def loud(desk: Desk, made: dict[str, Any]) -> list[str]:
    """Ids of the findings above info. Fails where no exchange was noted at all."""
    exchanges = desk.exchanges(made)
    assert exchanges
    return [finding["id"] for one in exchanges for finding in one["findings"] if finding["severity"] != "info"]


KINDS = {
    "none": {"client": "public"},
    "client_secret_basic": {"client": "symmetric"},
    "client_secret_post": {"client": "symmetric"},
    "private_key_jwt": {"client": "asymmetric", "jwks": {"keys": [KEY.as_dict(private=False)]}},
}


@pytest.mark.parametrize("method", sorted(KINDS))
def test_signed_in_by_each_method_it_refreshes_and_reads_its_userinfo(desk: Desk, app: Any, method: str) -> None:
    """The id_token is verified by the published keys, with nonce, iss of the answer (RFC 9207) and PKCE."""
    made = registered(desk, **KINDS[method])
    told = app(
        client_id=made["client_id"],
        secret=made.get("client_secret"),
        key=KEY.as_dict(private=True),
        method=method,
        scope=SCOPE,
        steps=["userinfo", "read", "refresh"],
        read=f"{desk.fhir('r4')}/Patient?name=Peters",
    )
    assert told["claims"]["fhirUser"].endswith(desk.clinician["fhirUser"])
    assert told["userinfo"] | {"sub": told["claims"]["sub"], "fhirUser": told["claims"]["fhirUser"]} == told["userinfo"]
    assert told["read"]["status"] == 200
    assert told["read"]["body"]["entry"]
    assert told["refreshed"]["refresh_token"] != told["tokens"]["refresh_token"]
    assert loud(desk, made) == []


def test_its_own_assertion_names_the_issuer_and_is_refused_as_smart_wants_with_the_option_to_set(desk: Desk, app: Any) -> None:
    made = desk.register(**KINDS["private_key_jwt"], type="system", scope="system/Patient.rs")
    with pytest.raises(AssertionError, match="invalid_client"):
        app(
            client_id=made["client_id"],
            key=KEY.as_dict(private=True),
            method="private_key_jwt",
            grant="client_credentials",
            scope="system/Patient.rs",
            as_it_is=True,
        )
    (wrong,) = [one for one in desk.exchanges(made)[0]["findings"] if one["id"] == "assertion-aud-wrong"]
    assert "modifyAssertion" in wrong["fix"]


@pytest.mark.parametrize("metadata", ["oidc", "oauth2"])
def test_the_server_is_discovered_by_openid_and_by_rfc_8414(desk: Desk, app: Any, metadata: str) -> None:
    made = registered(desk)
    told = app(client_id=made["client_id"], metadata=metadata)
    assert told["server"]["issuer"] == desk.line["tenants"][TENANT]["issuer"]
    assert told["server"]["code_challenge_methods_supported"] == ["S256"]
    assert set(KINDS) - {"none"} <= set(told["server"]["token_endpoint_auth_methods_supported"])


def test_the_request_is_taken_as_a_form_too(desk: Desk, app: Any) -> None:
    made = registered(desk)
    assert app(client_id=made["client_id"], scope=SCOPE, post=True)["tokens"]["scope"] == SCOPE
    assert loud(desk, made) == []


@pytest.mark.parametrize("method", ["client_secret_basic", "private_key_jwt"])
def test_what_it_revoked_is_no_longer_active(desk: Desk, app: Any, method: str) -> None:
    made = registered(desk, **KINDS[method])
    told = app(
        client_id=made["client_id"],
        secret=made.get("client_secret"),
        key=KEY.as_dict(private=True),
        method=method,
        scope=SCOPE,
        steps=["introspect", "revoke", "introspect"],
    )
    before, after = told["introspected"]
    assert before["active"] is True
    assert (before["client_id"], before["scope"]) == (made["client_id"], SCOPE)
    assert after == {"active": False}
    assert loud(desk, made) == []


def test_a_service_gets_its_token_by_its_key(desk: Desk, app: Any) -> None:
    made = desk.register(**KINDS["private_key_jwt"], type="system", scope="system/Patient.rs")
    told = app(
        client_id=made["client_id"],
        key=KEY.as_dict(private=True),
        method="private_key_jwt",
        grant="client_credentials",
        scope="system/Patient.rs",
        steps=["read"],
        read=f"{desk.fhir('r4')}/Patient?name=Peters",
    )
    assert told["tokens"]["expires_in"] == 300
    assert told["read"]["status"] == 200
    assert loud(desk, made) == []


def test_it_registers_itself(desk: Desk, app: Any) -> None:
    metadata = {
        "redirect_uris": [HERE],
        "client_name": "By itself",
        "scope": SCOPE,
        "token_endpoint_auth_method": "none",
    }
    told = app(register=metadata)
    assert {name: told["client"][name] for name in metadata} == metadata
    with desk.http as http:
        assert told["client"]["client_id"] in [one["client_id"] for one in http.get("/admin/apps").json()]


def test_a_launch_from_the_chart_brings_its_whole_context(desk: Desk, app: Any) -> None:
    """Patient, visit, banner and style stand in the token response beside the token."""
    scope = "launch openid fhirUser patient/Patient.rs patient/Encounter.rs"
    made = registered(desk, scope=scope, launch_uri="http://localhost:8100/launch")
    patient, encounter = desk.patient_with_a_visit()
    launch = desk.launch(made, patient=patient, encounter=encounter, need_patient_banner=False)
    told = app(client_id=made["client_id"], scope=scope, launch=launch["launch"])["tokens"]
    assert (told["patient"], told["encounter"], told["need_patient_banner"]) == (patient, encounter, False)
    with desk.http as http:
        assert http.get(told["smart_style_url"]).json()["color_text"].startswith("#")
    assert loud(desk, made) == []


def test_standalone_it_is_given_the_visit_that_was_picked(desk: Desk, app: Any) -> None:
    scope = "launch/patient launch/encounter openid fhirUser patient/Patient.rs"
    patient, encounter = desk.patient_with_a_visit()
    made = registered(desk, scope=scope, **desk.approved(patient=patient, encounter=encounter))
    told = app(client_id=made["client_id"], scope=scope)["tokens"]
    assert (told["patient"], told["encounter"]) == (patient, encounter)
    assert loud(desk, made) == []


def test_it_signs_its_person_out(desk: Desk, app: Any, page: Page) -> None:
    """In a browser: signed in and allowed by hand, come back with the code, and out by the end_session_endpoint."""
    home = desk.line["tenants"][TENANT]["ehr"]
    page.goto(home)
    page.locator(f"button[name=account][value={desk.clinician['username']}]").click()
    with serves(lambda path: ("text/plain", b"Here you are")) as port:
        here, bye = f"http://localhost:{port}/callback", f"http://localhost:{port}/bye"
        uris = {"redirect_uris": [here], "post_logout_redirect_uris": [bye]}
        made = registered(desk, auto_approve=None, **uris)
        asked = {"client_id": made["client_id"], "scope": SCOPE, "redirect_uri": here, "bye": bye}
        begun = app(**asked, begin=True)
        page.goto(begun["url"])
        page.get_by_role("button", name="Allow").click()
        page.wait_for_url(f"{here}?**")
        told = app(**asked, back=page.url, checks=begun["checks"], steps=["userinfo", "end"])
        assert told["userinfo"]["sub"] == told["claims"]["sub"]
        page.goto(told["end"])
        assert page.url == bye
    page.goto(f"{home}/patients")
    assert page.locator("button[name=account]").count()
    assert loud(desk, made) == []
