"""Whatever the server says it is capable of, a client that others wrote has made use of."""

from __future__ import annotations

import importlib
from typing import Any

from tests.clients.client_kit import Desk

JS, PY = "test_fhirclient_js", "test_fhirclient_py"
USED_BY = {
    "launch-ehr": (JS, "test_opened_from_the_chart_in_a_frame_it_reads_its_patient"),
    "launch-standalone": (JS, "test_standalone_it_reads_the_patient_that_was_picked"),
    "authorize-post": ("test_openid_client", "test_the_request_is_taken_as_a_form_too"),
    "client-public": (JS, "test_launched_by_its_url_it_reads_its_patient"),
    "client-confidential-symmetric": ("test_authlib", "test_the_whole_flow_with_pkce_and_a_verified_id_token"),
    "client-confidential-asymmetric": (
        "test_authlib_key",
        "test_a_service_reads_with_tokens_that_it_gets_by_its_signature",
    ),
    "sso-openid-connect": ("test_openid_client", "test_signed_in_by_each_method_it_refreshes_and_reads_its_userinfo"),
    "context-banner": ("test_openid_client", "test_a_launch_from_the_chart_brings_its_whole_context"),
    "context-style": ("test_openid_client", "test_a_launch_from_the_chart_brings_its_whole_context"),
    "context-ehr-patient": (PY, "test_launched_from_the_chart_it_knows_its_patient"),
    "context-ehr-encounter": ("test_openid_client", "test_a_launch_from_the_chart_brings_its_whole_context"),
    "context-standalone-patient": (JS, "test_standalone_it_reads_the_patient_that_was_picked"),
    "context-standalone-encounter": ("test_openid_client", "test_standalone_it_is_given_the_visit_that_was_picked"),
    "permission-offline": ("test_authlib", "test_the_whole_flow_with_pkce_and_a_verified_id_token"),
    "permission-online": (PY, "test_a_provider_app_finds_patients_by_name_and_refreshes"),
    "permission-patient": (JS, "test_launched_by_its_url_it_reads_its_patient"),
    "permission-user": ("test_authlib", "test_the_whole_flow_with_pkce_and_a_verified_id_token"),
    "permission-v1": (PY, "test_a_provider_app_finds_patients_by_name_and_refreshes"),
    "smart-app-state": ("test_fhir_kit_client", "test_it_keeps_state_where_discovery_says"),
    "permission-v2": ("test_authlib", "test_the_whole_flow_with_pkce_and_a_verified_id_token"),
}
"""Capability -> the file and the test in which a foreign client uses it."""
ENDPOINTS = {
    "authorization_endpoint": (JS, "test_launched_by_its_url_it_reads_its_patient"),
    "token_endpoint": ("test_authlib", "test_the_whole_flow_with_pkce_and_a_verified_id_token"),
    "introspection_endpoint": ("test_openid_client", "test_what_it_revoked_is_no_longer_active"),
    "revocation_endpoint": ("test_openid_client", "test_what_it_revoked_is_no_longer_active"),
    "registration_endpoint": ("test_openid_client", "test_it_registers_itself"),
    "userinfo_endpoint": ("test_openid_client", "test_signed_in_by_each_method_it_refreshes_and_reads_its_userinfo"),
    "end_session_endpoint": ("test_openid_client", "test_it_signs_its_person_out"),
}
"""The same of the endpoints."""
FOR_PEOPLE = {"management_endpoint"}
"""A page, and nothing for a client."""


def said(desk: Desk) -> tuple[dict[str, Any], dict[str, Any]]:
    with desk.http as http:
        smart = http.get(desk.fhir("r4") + "/.well-known/smart-configuration").raise_for_status().json()
        openid = http.get(f"{smart['issuer']}/.well-known/openid-configuration").raise_for_status().json()
    return smart, openid


def test_a_foreign_client_uses_each_capability(desk: Desk) -> None:
    assert set(said(desk)[0]["capabilities"]) == set(USED_BY)


def test_a_foreign_client_calls_each_endpoint(desk: Desk) -> None:
    named = {name for document in said(desk) for name in document if name.endswith("_endpoint")}
    assert named - FOR_PEOPLE == set(ENDPOINTS)


def test_the_tests_of_the_tables_are_there() -> None:
    for file, name in {*USED_BY.values(), *ENDPOINTS.values()}:
        assert callable(getattr(importlib.import_module(f"tests.clients.{file}"), name)), (file, name)
