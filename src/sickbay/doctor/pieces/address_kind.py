"""Says which endpoint a request or a URL is for, by its parameters and its path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sickbay.doctor.pieces import loose_json
from sickbay.doctor.single_exchange import kind_of
from sickbay.protocol import urls

_ENDPOINTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.I))
    for kind, pattern in {
        "introspection_request": r"/(?:token/)?introspect/?$",
        "revocation_request": r"/(?:token/)?revoke/?$",
        "userinfo_request": r"/userinfo/?$",
        "token_request": r"/(?:oauth2?/)?(?:v\d(?:\.\d)?/)?(?:access_?)?token/?$",
        "registration_request": r"/(?:register|registration|connect/register)/?$",
    }.items()
)
_CANONICAL = re.compile(r"/(?:StructureDefinition|ValueSet|CodeSystem|NamingSystem|SearchParameter|OperationDefinition)/[^/]*$")
"""The path of the name of a profile or a code system, which looks like an address but is no request."""
_FHIR_PATH = re.compile(r"/(?:metadata|[A-Z][A-Za-z]{2,40})(?:/[\w.$-]{1,80}){0,4}/?$")


def kind_of_url(url: str) -> str:
    """Returns the kind of a URL that is all of a text; "" if the URL doesn't show it, such as the URL of a page."""
    parts = urls.split(url)
    if "/.well-known/" in parts.path:
        return "discovery_url"
    for kind, pattern in _ENDPOINTS:
        if pattern.search(parts.path) and "response_type=" not in parts.query:
            return kind.replace("_request", "_endpoint")
    kind = kind_of(url)
    if kind == "fhir_request" and (not _FHIR_PATH.search(parts.path) or _CANONICAL.search(parts.path)):
        return ""
    return kind if parts.query or parts.fragment or kind in ("fhir_request", "error_page_url") else ""


def client_metadata(body: str) -> dict[str, Any]:
    """The members of a dynamic registration in JSON (RFC 7591 2). {} if the body is something else."""
    if "redirect_uris" not in body and "client_name" not in body:
        return {}
    members = loose_json.parse(body) if body.lstrip().startswith("{") else {}
    return members if isinstance(members, dict) and {"redirect_uris", "client_name"} & members.keys() else {}


def kind_of_request(method: str, url: str, headers: Mapping[str, str], body: str) -> str:
    """The kind of input of a request. "" if it is none that can be examined."""
    path = urls.split(url).path
    if client_metadata(body):
        return "registration"
    if re.search(r"grant_type(?!s)", body) or "grant_type=" in url:
        return "token_request"
    for kind, pattern in _ENDPOINTS:
        if pattern.search(path) and "response_type=" not in url:
            return "" if kind == "registration_request" else kind
    if "/.well-known/" in path:
        return ""
    if _FHIR_PATH.search(path) and any(name.lower() == "authorization" for name in headers):
        return "fhir_request"
    kind = kind_of(url)
    if kind != "fhir_request":
        return kind
    is_fhir = _FHIR_PATH.search(path) or any("fhir+" in value for value in headers.values()) or "resourceType" in body[:2000]
    return kind if is_fhir else ""
