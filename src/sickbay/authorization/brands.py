"""Builds the User-access Brands bundle (SMART 2.2), an R4 Bundle that apps use to show a hospital before sign-in."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

URI = "urn:ietf:rfc:3986"
DEFINED = "http://hl7.org/fhir/StructureDefinition"
GUIDE = "http://hl7.org/fhir/smart-app-launch"
CODES = "http://terminology.hl7.org/CodeSystem"
PATH = "/brands"
"""Path below the base URL for all hospitals, and below a tenant's URL for that tenant only."""


class Brand(NamedTuple):
    """A hospital as its patients know it. home: its URL here, which also identifies the brand.

    endpoints: FHIR version as in the URL -> (FHIR base, version number). developers: the page for registering an app.
    """

    name: str
    title: str
    about: str
    home: str
    endpoints: Mapping[str, tuple[str, str]]
    developers: str
    logo: bytes
    """SVG."""


def make_identifier(home: str) -> dict[str, str]:
    """Returns the `user_access_brand_identifier`, which exactly one Organization in the Bundle has."""
    return {"system": URI, "value": home}


def make_bundle(address: str, brands: Sequence[Brand], at: str) -> dict[str, Any]:
    """Returns the Bundle served at `address`. at: the instant of its last change."""
    resources = [resource for brand in brands for resource in (_brand_organization(brand), *_brand_endpoints(brand))]
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{GUIDE}/StructureDefinition/user-access-brands-bundle"]},
        "type": "collection",
        "timestamp": at,
        "entry": [
            {"fullUrl": f"{address}/{resource['resourceType']}/{resource['id']}", "resource": resource}
            for resource in resources
        ],
    }


def _brand_organization(brand: Brand) -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "id": brand.name,
        "meta": {"profile": [f"{GUIDE}/StructureDefinition/user-access-brand"]},
        "extension": [_brand_extension(brand), _portal_extension(brand)],
        "identifier": [make_identifier(brand.home)],
        "active": True,
        "type": [
            {"coding": [{"system": f"{GUIDE}/CodeSystem/user-access-category", "code": "clinical", "display": "Clinical"}]}
        ],
        "name": brand.title,
        "telecom": [{"system": "url", "value": brand.home}],
        "endpoint": _endpoint_references(brand),
    }


def _brand_extension(brand: Brand) -> dict[str, Any]:
    """The logo is embedded: a URL would have to be https, which a local server rarely has."""
    logo = f"data:image/svg+xml;base64,{base64.b64encode(brand.logo).decode()}"
    return {
        "url": f"{DEFINED}/organization-brand",
        "extension": [{"url": "brandLogo", "valueUrl": logo}, {"url": "brandBundle", "valueUrl": brand.home + PATH}],
    }


def _portal_extension(brand: Brand) -> dict[str, Any]:
    return {
        "url": f"{DEFINED}/organization-portal",
        "extension": [
            {"url": "portalName", "valueString": f"{brand.title}: patients and clinicians"},
            {"url": "portalDescription", "valueMarkdown": brand.about},
            {"url": "portalUrl", "valueUrl": f"{brand.home}/ehr"},
            *({"url": "portalEndpoint", "valueReference": reference} for reference in _endpoint_references(brand)),
        ],
    }


def _endpoint_references(brand: Brand) -> list[dict[str, str]]:
    return [{"reference": f"Endpoint/{brand.name}-{version}"} for version in brand.endpoints]


def _brand_endpoints(brand: Brand) -> list[dict[str, Any]]:
    return [
        {
            "resourceType": "Endpoint",
            "id": f"{brand.name}-{version}",
            "meta": {"profile": [f"{GUIDE}/StructureDefinition/user-access-endpoint"]},
            "extension": [{"url": f"{DEFINED}/endpoint-fhir-version", "valueCode": number}],
            "status": "active",
            "connectionType": {"system": f"{CODES}/endpoint-connection-type", "code": "hl7-fhir-rest"},
            "name": f"{brand.title}, FHIR {version.upper()}",
            "contact": [{"system": "url", "value": brand.developers}],
            "payloadType": [{"coding": [{"system": f"{CODES}/endpoint-payload-type", "code": "none"}]}],
            "address": address,
        }
        for version, (address, number) in brand.endpoints.items()
    ]
