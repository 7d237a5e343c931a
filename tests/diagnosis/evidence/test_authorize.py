"""What a pasted authorization request doesn't show is guessed, so that a finding about it is no certain fault."""

from __future__ import annotations

import pytest

from sickbay.doctor.diagnose import diagnose

QUERY = "response_type=code&client_id=a&redirect_uri=https://app.example.org/cb&state=1&aud=https://ehr.example.org/fhir&scope="


def severities(url: str) -> set[str]:
    findings = diagnose({"kind": "authorize_url", "url": url}).explanation.findings
    return {finding.severity for finding in findings if finding.id == "scope-malformed"}


@pytest.mark.parametrize("host", ["fhir.azure-api.net", "fhir.azurewebsites.net", "login.microsoftonline.com"])
@pytest.mark.parametrize("scope", ["patient.Patient.read", "openid%20launch.patient", "user.*.write"])
def test_dots_instead_of_slashes_in_scopes_are_only_advice_at_azure(host: str, scope: str) -> None:
    assert severities(f"https://{host}/smart/authorize?{QUERY}{scope}") == {"info"}


@pytest.mark.parametrize("host", ["ehr.example.org", "azure-api.net.example.org"])
def test_dots_instead_of_slashes_in_scopes_are_a_fault_at_other_servers(host: str) -> None:
    assert severities(f"https://{host}/smart/authorize?{QUERY}patient.Patient.read") == {"error"}
