"""The kind of a request is recognised from its address, from a pasted request, and in a HAR file."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.doctor.request_kind import Request, kind_of

EHR = "https://ehr.example.org"
BEARER = {"Authorization": "Bearer abc"}
ROWS = (
    (Request(f"{EHR}/oauth2/token", "POST", body="grant_type=refresh_token"), "fhir_request", "token_request", "token_request"),
    (Request(f"{EHR}/oauth2/access_token", "POST"), "fhir_request", "token_request", "token_request"),
    (Request(f"{EHR}/oauth2/token"), "fhir_request", "token_request", ""),
    (Request(f"{EHR}/connect", "POST", body='{"grant_type": "password"}'), "fhir_request", "token_request", ""),
    (Request(f"{EHR}/register", "POST", body='{"redirect_uris": []}'), "fhir_request", "registration", ""),
    (Request(f"{EHR}/register", "POST", body="{}"), "fhir_request", "", ""),
    (Request(f"{EHR}/introspect", "POST"), "fhir_request", "introspection_request", ""),
    (Request(f"{EHR}/r4/.well-known/smart-configuration"), "fhir_request", "", "smart_configuration"),
    (Request(f"{EHR}/.well-known/openid-configuration"), "fhir_request", "", ""),
    (Request(f"{EHR}/authorize?client_id=a"), "authorize_url", "authorize_url", ""),
    (Request(f"{EHR}/authorize?client_id=a&redirect_uri=b"), "authorize_url", "authorize_url", "authorize_url"),
    (Request("https://app.example.org/#/go?iss=a&launch=b"), "launch_url", "launch_url", "launch_url"),
    (Request("https://app.example.org/go?launch=b"), "launch_url", "launch_url", ""),
    (Request("https://app.example.org/back?code=a"), "redirect_url", "redirect_url", ""),
    (Request("https://app.example.org/back?code=a&state=b"), "redirect_url", "redirect_url", "redirect_url"),
    (Request("https://app.example.org/back?code=a&state=b", "POST"), "redirect_url", "redirect_url", ""),
    (Request(f"{EHR}/r4/Observation?code=a", headers=BEARER), "fhir_request", "fhir_request", "fhir_request"),
    (Request(f"{EHR}/API/v1/users/list", headers=BEARER), "fhir_request", "fhir_request", ""),
    (Request(f"{EHR}/r4/Patient/1"), "fhir_request", "fhir_request", ""),
    (Request(f"{EHR}/r4/Patient/1", is_fhir=True), "fhir_request", "fhir_request", "fhir_request"),
    (Request(f"{EHR}/Fonts/a.woff2", is_fhir=True), "fhir_request", "fhir_request", ""),
    (Request("/Observation?code=a&patient=1"), "fhir_request", "fhir_request", ""),
    (Request("/Account?code=a&state=b"), "redirect_url", "redirect_url", "redirect_url"),
    (Request(f"{EHR}/v2/logout?client_id=a&returnTo=b"), "", "", ""),
    (Request(f"{EHR}/logout"), "logout_request", "logout_request", ""),
    (Request(f"{EHR}/app-state/Basic/1"), "app_state_request", "app_state_request", ""),
    (Request(f"{EHR}/errors/1"), "error_page_url", "error_page_url", "error_page_url"),
    (Request("https://app.example.org/index"), "fhir_request", "", ""),
)


@for_each("request_, by_address, pasted, fetched", ROWS)
def test_a_request_has_its_kind(request_: Request, by_address: str, pasted: str, fetched: str) -> None:
    assert kind_of(request_) == by_address
    assert kind_of(request_, "paste") == pasted
    assert kind_of(request_, "file") == fetched
