"""The brand Bundle is valid R4, and says of each hospital what the profiles of SMART want."""

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


def held(bundle: dict[str, Any], type: str) -> list[dict[str, Any]]:
    return [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == type]


def extensions(holder: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in holder["extension"] if one["url"].endswith(name)]


def test_it_is_a_collection_that_is_valid_and_says_when_it_changed() -> None:
    made = brands.bundle(HOME + "/brands", (GENERAL, OTHER), MADE)
    assert validate("r4", made) == []
    assert (made["type"], made["timestamp"]) == ("collection", MADE)
    urls = [one["fullUrl"] for one in made["entry"]]
    assert urls[:3] == [
        f"{HOME}/brands/Organization/general",
        f"{HOME}/brands/Endpoint/general-r4",
        f"{HOME}/brands/Endpoint/general-dstu2",
    ]
    assert len(set(urls)) == 6


def test_a_brand_is_found_by_its_identifier_alone() -> None:
    made = brands.bundle(HOME + "/brands", (GENERAL, OTHER), MADE)
    matching = [one for one in held(made, "Organization") if brands.identifier(HOME) in one["identifier"]]
    assert [one["name"] for one in matching] == ["General Hospital"]
    assert brands.identifier(HOME) == {"system": "urn:ietf:rfc:3986", "value": HOME}


def test_a_brand_has_a_site_a_logo_a_portal_and_each_endpoint() -> None:
    [brand] = held(brands.bundle(HOME + "/brands", (GENERAL,), MADE), "Organization")
    assert brand["telecom"] == [{"system": "url", "value": HOME}]
    [look], [portal] = extensions(brand, "organization-brand"), extensions(brand, "organization-portal")
    logo = extensions(look, "brandLogo")[0]["valueUrl"]
    assert base64.b64decode(logo.removeprefix("data:image/svg+xml;base64,")) == b"<svg/>"
    assert extensions(portal, "portalUrl")[0]["valueUrl"] == f"{HOME}/ehr"
    led = [one["valueReference"] for one in extensions(portal, "portalEndpoint")]
    assert led == brand["endpoint"] == [{"reference": "Endpoint/general-r4"}, {"reference": "Endpoint/general-dstu2"}]


def test_an_endpoint_says_its_address_its_version_and_where_apps_are_registered() -> None:
    made = held(brands.bundle(HOME + "/brands", (GENERAL,), MADE), "Endpoint")
    assert [one["address"] for one in made] == [f"{HOME}/r4", f"{HOME}/dstu2"]
    assert [extensions(one, "endpoint-fhir-version")[0]["valueCode"] for one in made] == ["4.0.1", "1.0.2"]
    assert made[0]["contact"] == [{"system": "url", "value": "http://localhost:7425/developer"}]
    assert made[0]["connectionType"]["code"] == "hl7-fhir-rest"
    assert made[0]["payloadType"][0]["coding"][0]["code"] == "none"


def test_all_that_is_said_of_a_hospital_is_as_the_profiles_have_it() -> None:
    [brand] = held(brands.bundle(HOME + "/brands", (GENERAL,), MADE), "Organization")
    assert (brand["id"], brand["name"], brand["active"]) == ("general", "General Hospital", True)
    category = "http://hl7.org/fhir/smart-app-launch/CodeSystem/user-access-category"
    assert brand["type"] == [{"coding": [{"system": category, "code": "clinical", "display": "Clinical"}]}]
    [look], [portal] = extensions(brand, "organization-brand"), extensions(brand, "organization-portal")
    assert [one["url"] for one in look["extension"]] == ["brandLogo", "brandBundle"]
    assert look["extension"][1]["valueUrl"] == f"{HOME}/brands"
    assert portal["extension"][:3] == [
        {"url": "portalName", "valueString": "General Hospital: patients and clinicians"},
        {"url": "portalDescription", "valueMarkdown": "The standard."},
        {"url": "portalUrl", "valueUrl": f"{HOME}/ehr"},
    ]
    made = held(brands.bundle(HOME + "/brands", (GENERAL,), MADE), "Endpoint")
    assert [one["name"] for one in made] == ["General Hospital, FHIR R4", "General Hospital, FHIR DSTU2"]
