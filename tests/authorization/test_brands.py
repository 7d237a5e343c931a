"""The brand Bundle is valid R4 and contains what the SMART profiles require."""

from __future__ import annotations

import base64
from typing import Any

from sickbay.authorization import brands
from sickbay.authorization.brands import Brand
from sickbay.fhir.validation.validator import validate

HOME = "http://localhost:7425/general"
GENERAL = Brand(
    "general",
    "General Hospital",
    "The standard.",
    HOME,
    {"r4": (f"{HOME}/r4", "4.0.1"), "dstu2": (f"{HOME}/dstu2", "1.0.2")},
    "http://localhost:7425/developer",
    b"<svg/>",
)
OTHER = GENERAL._replace(name="cerner", title="Other Hospital", home="http://localhost:7425/cerner")
MADE = "2026-11-24T00:00:00Z"


def resources(bundle: dict[str, Any], type: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == type]


def extensions(holder: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [extension for extension in holder["extension"] if extension["url"].endswith(name)]


def test_the_bundle_is_a_valid_collection_with_its_last_change() -> None:
    bundle = brands.make_bundle(HOME + "/brands", (GENERAL, OTHER), MADE)
    assert validate("r4", bundle) == []
    assert (bundle["type"], bundle["timestamp"]) == ("collection", MADE)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert urls[:3] == [
        f"{HOME}/brands/Organization/general",
        f"{HOME}/brands/Endpoint/general-r4",
        f"{HOME}/brands/Endpoint/general-dstu2",
    ]
    assert len(set(urls)) == 6


def test_the_identifier_of_a_brand_is_unique() -> None:
    bundle = brands.make_bundle(HOME + "/brands", (GENERAL, OTHER), MADE)
    matching = [
        organization
        for organization in resources(bundle, "Organization")
        if brands.make_identifier(HOME) in organization["identifier"]
    ]
    assert [organization["name"] for organization in matching] == ["General Hospital"]
    assert brands.make_identifier(HOME) == {"system": "urn:ietf:rfc:3986", "value": HOME}


def test_a_brand_has_a_website_a_logo_a_portal_and_all_endpoints() -> None:
    [brand] = resources(brands.make_bundle(HOME + "/brands", (GENERAL,), MADE), "Organization")
    assert brand["telecom"] == [{"system": "url", "value": HOME}]
    [look], [portal] = extensions(brand, "organization-brand"), extensions(brand, "organization-portal")
    logo = extensions(look, "brandLogo")[0]["valueUrl"]
    assert base64.b64decode(logo.removeprefix("data:image/svg+xml;base64,")) == b"<svg/>"
    assert extensions(portal, "portalUrl")[0]["valueUrl"] == f"{HOME}/ehr"
    references = [extension["valueReference"] for extension in extensions(portal, "portalEndpoint")]
    assert references == brand["endpoint"] == [{"reference": "Endpoint/general-r4"}, {"reference": "Endpoint/general-dstu2"}]


def test_an_endpoint_has_its_url_its_version_and_the_registration_page() -> None:
    endpoints = resources(brands.make_bundle(HOME + "/brands", (GENERAL,), MADE), "Endpoint")
    assert [endpoint["address"] for endpoint in endpoints] == [f"{HOME}/r4", f"{HOME}/dstu2"]
    assert [extensions(endpoint, "endpoint-fhir-version")[0]["valueCode"] for endpoint in endpoints] == ["4.0.1", "1.0.2"]
    assert endpoints[0]["contact"] == [{"system": "url", "value": "http://localhost:7425/developer"}]
    assert endpoints[0]["connectionType"]["code"] == "hl7-fhir-rest"
    assert endpoints[0]["payloadType"][0]["coding"][0]["code"] == "none"


def test_an_organization_has_the_members_of_the_profiles() -> None:
    [brand] = resources(brands.make_bundle(HOME + "/brands", (GENERAL,), MADE), "Organization")
    assert (brand["id"], brand["name"], brand["active"]) == ("general", "General Hospital", True)
    category = "http://hl7.org/fhir/smart-app-launch/CodeSystem/user-access-category"
    assert brand["type"] == [{"coding": [{"system": category, "code": "clinical", "display": "Clinical"}]}]
    [look], [portal] = extensions(brand, "organization-brand"), extensions(brand, "organization-portal")
    assert [extension["url"] for extension in look["extension"]] == ["brandLogo", "brandBundle"]
    assert look["extension"][1]["valueUrl"] == f"{HOME}/brands"
    assert portal["extension"][:3] == [
        {"url": "portalName", "valueString": "General Hospital: patients and clinicians"},
        {"url": "portalDescription", "valueMarkdown": "The standard."},
        {"url": "portalUrl", "valueUrl": f"{HOME}/ehr"},
    ]
    endpoints = resources(brands.make_bundle(HOME + "/brands", (GENERAL,), MADE), "Endpoint")
    assert [endpoint["name"] for endpoint in endpoints] == ["General Hospital, FHIR R4", "General Hospital, FHIR DSTU2"]
