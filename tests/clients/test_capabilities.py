"""Every capability that the server advertises is used by a third-party client."""

from __future__ import annotations

import importlib
from typing import Any

from tests.clients.client_kit import AdminClient

JS, PY = "test_fhirclient_js", "test_fhirclient_py"
USED_BY = {
    "launch-ehr": (JS, "test_an_app_opened_in_a_frame_of_the_chart_reads_its_patient"),
    "launch-standalone": (JS, "test_a_standalone_app_reads_the_picked_patient"),
    "authorize-post": ("test_openid_client", "test_an_authorization_request_can_be_a_form_post"),
    "client-public": (JS, "test_an_app_launched_by_url_reads_its_patient"),
    "client-confidential-symmetric": ("test_authlib", "test_the_code_flow_with_pkce_returns_a_verifiable_id_token"),
    "client-confidential-asymmetric": (
        "test_authlib_key",
        "test_a_backend_service_gets_tokens_with_its_key_and_reads",
    ),
    "sso-openid-connect": ("test_openid_client", "test_each_authentication_method_signs_in_refreshes_and_reads_userinfo"),
    "context-banner": ("test_openid_client", "test_a_launch_from_the_chart_returns_the_full_context"),
    "context-style": ("test_openid_client", "test_a_launch_from_the_chart_returns_the_full_context"),
    "context-ehr-patient": (PY, "test_an_app_launched_from_the_chart_gets_its_patient"),
    "context-ehr-encounter": ("test_openid_client", "test_a_launch_from_the_chart_returns_the_full_context"),
    "context-standalone-patient": (JS, "test_a_standalone_app_reads_the_picked_patient"),
    "context-standalone-encounter": ("test_openid_client", "test_a_standalone_app_gets_the_picked_encounter"),
    "permission-offline": ("test_authlib", "test_the_code_flow_with_pkce_returns_a_verifiable_id_token"),
    "permission-online": (PY, "test_a_provider_app_finds_patients_by_name_and_refreshes"),
    "permission-patient": (JS, "test_an_app_launched_by_url_reads_its_patient"),
    "permission-user": ("test_authlib", "test_the_code_flow_with_pkce_returns_a_verifiable_id_token"),
    "permission-v1": (PY, "test_a_provider_app_finds_patients_by_name_and_refreshes"),
    "smart-app-state": ("test_fhir_kit_client", "test_app_state_is_stored_at_the_endpoint_in_discovery"),
    "permission-v2": ("test_authlib", "test_the_code_flow_with_pkce_returns_a_verifiable_id_token"),
}
"""Maps a capability to the file and the test in which a third-party client uses it."""
ENDPOINTS = {
    "authorization_endpoint": (JS, "test_an_app_launched_by_url_reads_its_patient"),
    "token_endpoint": ("test_authlib", "test_the_code_flow_with_pkce_returns_a_verifiable_id_token"),
    "introspection_endpoint": ("test_openid_client", "test_a_revoked_token_is_no_longer_active"),
    "revocation_endpoint": ("test_openid_client", "test_a_revoked_token_is_no_longer_active"),
    "registration_endpoint": ("test_openid_client", "test_the_client_registers_itself"),
    "userinfo_endpoint": ("test_openid_client", "test_each_authentication_method_signs_in_refreshes_and_reads_userinfo"),
    "end_session_endpoint": ("test_openid_client", "test_the_client_signs_its_user_out"),
}
"""Maps an endpoint to the file and the test in which a third-party client calls it."""
WEB_PAGES = {"management_endpoint"}
"""Endpoints that are pages for people, not for clients."""


def documents(sickbay: AdminClient) -> tuple[dict[str, Any], dict[str, Any]]:
    with sickbay.http as http:
        smart = http.get(sickbay.fhir("r4") + "/.well-known/smart-configuration").raise_for_status().json()
        openid = http.get(f"{smart['issuer']}/.well-known/openid-configuration").raise_for_status().json()
    return smart, openid


def test_a_third_party_client_uses_each_capability(sickbay: AdminClient) -> None:
    assert set(documents(sickbay)[0]["capabilities"]) == set(USED_BY)


def test_a_third_party_client_calls_each_endpoint(sickbay: AdminClient) -> None:
    named = {name for document in documents(sickbay) for name in document if name.endswith("_endpoint")}
    assert named - WEB_PAGES == set(ENDPOINTS)


def test_the_tests_in_the_tables_exist() -> None:
    for file, name in {*USED_BY.values(), *ENDPOINTS.values()}:
        assert callable(getattr(importlib.import_module(f"tests.clients.{file}"), name)), (file, name)
