"""Addresses are recognised by their host and path: whose server, which FHIR version, which base URL, and retired ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.diagnosis.evidence import address

TENANT = "ec2458f2-1e24-41c8-b71b-0e701af7583d"


@pytest.mark.parametrize(
    ("url", "vendor"),
    [
        ("https://fhir.epic.com/interconnect-fhir-oauth/oauth2/authorize", "epic"),
        ("https://ehr.example.org/FHIRProxy/api/FHIR/R4/Patient/1", "epic"),
        (f"https://authorization.cerner.com/tenants/{TENANT}/protocols/oauth2/profiles/smart-v1/token", "cerner"),
        ("https://api.preview.platform.athenahealth.com/fhir/r4/Patient", "athena"),
        ("https://greenfield-prod-apis.meditech.com/v2/uscore/R4/Patient", "meditech"),
        ("https://staging-oauthserver.ecwcloud.com/oauth/oauth2/token", "eclinicalworks"),
        ("https://fhir.nextgen.com/nge/prod/fhir-api-r4/fhir/R4/Patient", "nextgen"),
        ("https://tw181unityfhir.open.allscripts.com/R4/fhir-sandbox/Patient", "veradigm"),
        ("https://demo.example.org/apis/default/fhir/Patient", "openemr"),
        ("https://launch.smarthealthit.org/v/r4/auth/authorize", "smart-launcher"),
        ("http://localhost:8080/v/r4/sim/WzA/fhir/Patient", "smart-launcher"),
        ("https://hapi.fhir.org/baseR4/Observation", "hapi"),
        ("https://api.medplum.com/oauth2/authorize", "medplum"),
        ("https://server.fire.ly/Patient", "firely"),
        ("https://ws-clinic.fhir.azurehealthcareapis.com/Patient", "azure-fhir"),
        (
            "https://healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/fhirStores/s/fhir/Patient",
            "google-healthcare",
        ),
        ("https://healthlake.us-east-1.amazonaws.com/datastore/1/r4/Patient", "aws-healthlake"),
        ("https://ibm.example.org/fhir-server/api/v4/Patient", "ibm"),
        ("https://login.microsoftonline.com/common/oauth2/v2.0/token", "entra"),
        ("https://accounts.google.com/o/oauth2/v2/auth", "google"),
        ("https://sso.example.org/auth/realms/clinic/protocol/openid-connect/auth", "keycloak"),
        ("https://dev-1.okta.com/oauth2/default/v1/authorize", "okta"),
        ("https://clinic.eu.auth0.com/authorize", "auth0"),
        ("https://clinic.auth.eu-west-1.amazoncognito.com/oauth2/token", "cognito"),
        ("https://auth.pingone.eu/1/as/authorize", "ping"),
        ("https://login.salesforce.com/services/oauth2/token", "salesforce"),
        ("https://github.com/login/oauth/authorize", "github"),
        ("https://id.example.org/connect/authorize", "identityserver"),
        ("https://id.example.org/application/o/authorize/", "authentik"),
    ],
)
def test_a_server_is_recognised_by_its_address(url: str, vendor: str) -> None:
    found = address.vendor_of(url)
    assert found is not None
    assert found.id == vendor


def test_every_known_server_has_a_source_and_an_example_above_or_is_a_fhir_server() -> None:
    assert all(server.source.startswith("https://") and server.name for server in address.list_servers())
    assert len({server.id for server in address.list_servers()}) == len(address.list_servers())


@pytest.mark.parametrize("url", ["https://ehr.example.org/authorize", "", "not a url", "https://notepic.com.example.org/"])
def test_an_unknown_address_is_not_recognised(url: str) -> None:
    assert address.vendor_of(url) is None


@pytest.mark.parametrize(
    ("url", "version"),
    [
        ("https://ehr.example.org/fhir/r4/Patient/1", "r4"),
        ("https://hapi.fhir.org/baseDstu3/Patient", "stu3"),
        ("https://hapi.fhir.org/baseR4B", "r4b"),
        (f"https://fhir-open.cerner.com/dstu2/{TENANT}/Patient", "dstu2"),
        ("https://r3.smarthealthit.org/Patient", "stu3"),
        ("https://ehr.example.org/fhir/R5", "r5"),
        ("https://ehr.example.org/fhir/Patient", ""),
        ("https://ehr.example.org/r4x/Patient", ""),
    ],
)
def test_the_fhir_version_is_a_segment_of_the_path_or_the_host(url: str, version: str) -> None:
    assert address.fhir_version_of(url) == version


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://ehr.example.org/fhir/r4/Patient/1?x=/Observation", "https://ehr.example.org/fhir/r4"),
        ("https://ehr.example.org/fhir/r4/metadata", "https://ehr.example.org/fhir/r4"),
        ("https://ehr.example.org/fhir/.well-known/smart-configuration", "https://ehr.example.org/fhir"),
        ("https://ehr.example.org/Patient/1/Observation", "https://ehr.example.org"),
        ("https://ehr.example.org/fhir/r4/Patients/1", "https://ehr.example.org/fhir/r4"),
        (f"https://fhir-open.cerner.com/r4/{TENANT}/Patient#x", f"https://fhir-open.cerner.com/r4/{TENANT}"),
        ("https://ehr.example.org/fhir/Patients/1", ""),
        ("/Patient/1", ""),
    ],
)
def test_the_base_url_ends_before_the_resource_type(url: str, base: str) -> None:
    assert address.fhir_base_of(url) == base


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://fhir-ehr.sandboxcerner.com/dstu2/x/Patient", "fhir-ehr-code"),
        (f"https://fhir-ehr-code.cerner.com/dstu2/{TENANT}/Patient", "r4"),
        ("https://clinic.azurehealthcareapis.com", "fhir.azurehealthcareapis"),
        ("https://sb-fhir-dstu2.smarthealthit.org/api/smartdstu2/open/Patient", "launch.smarthealthit.org"),
        ("https://api.hspconsortium.org/x/open", "meld"),
        ("https://apisandbox.gehealthcare.com:9443/demoAPIServer/fhir", "athenahealth"),
    ],
)
def test_a_retired_address_names_its_successor(url: str, word: str) -> None:
    entry = address.find_retired_address(url)
    assert entry is not None
    assert word in entry.instead
    assert entry.reason.endswith(".")


@pytest.mark.parametrize(
    "url",
    [
        f"https://fhir-open.cerner.com/r4/{TENANT}/Patient",
        "https://ws-clinic.fhir.azurehealthcareapis.com",
        "https://launch.smarthealthit.org/v/r4/fhir",
        "https://r4.smarthealthit.org",
    ],
)
def test_an_address_in_use_is_not_retired(url: str) -> None:
    assert address.find_retired_address(url) is None


def test_only_known_open_servers_need_no_token_and_only_known_ones_may_have_a_base_without_a_path() -> None:
    assert address.needs_no_token("https://hapi.fhir.org/baseR4/Patient")
    assert not address.needs_no_token("https://ehr.example.org/baseR4/Patient")
    assert not address.needs_no_token("https://fhir.example.org/Patient")
    assert address.may_be_a_base("https://ws-clinic.fhir.azurehealthcareapis.com")
    assert not address.may_be_a_base("https://ehr.example.org")


@pytest.mark.parametrize(
    ("url", "fhir"),
    [
        ("https://ehr.example.org/smart/authorize", True),
        ("https://ehr.example.org/fhir/token", True),
        ("https://fhir.epic.com/interconnect-fhir-oauth/oauth2/token", True),
        ("https://ehr.example.org/auth/token", False),
        ("https://smartfhir.okta.com/oauth2/v1/authorize", False),
    ],
)
def test_an_address_names_fhir_by_its_vendor_its_version_or_a_word(url: str, fhir: bool) -> None:
    assert address.names_fhir(url) is fhir


@given(st.text(max_size=300))
def test_no_text_makes_these_functions_raise(text: str) -> None:
    for function in (
        address.vendor_of,
        address.fhir_version_of,
        address.fhir_base_of,
        address.find_retired_address,
        address.names_fhir,
    ):
        function(text)
        function(f"https://{text}")


def test_a_name_between_the_version_and_a_resource_type_is_a_tenant() -> None:
    assert address.fhir_base_of("https://ehr.example.org/fhir/r4/ABCDEF/Patient/1") == "https://ehr.example.org/fhir/r4/ABCDEF"
    assert address.fhir_base_of("https://ehr.example.org/fhir/r4/Patients/1") == "https://ehr.example.org/fhir/r4"
