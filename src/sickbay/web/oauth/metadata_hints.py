"""Requests for metadata at addresses that have none: which address has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from sickbay.authorization.protected_resource import WELL_KNOWN as OF_RESOURCE
from sickbay.kernel.english import join
from sickbay.services.context import Tenant

OF_SERVER: Final = "/.well-known/oauth-authorization-server"
OF_OPENID: Final = "/.well-known/openid-configuration"
OF_SMART: Final = "/.well-known/smart-configuration"
TOOLS: Final = "/mcp"
NO_LOGIN: Final = (
    "The tools at /mcp have no OAuth, so they have no metadata. They accept the person at the keyboard, or the admin token in "
    "Authorization: Bearer."
)
NO_RESOURCE: Final = (
    "There is no protected resource metadata at this address. For a FHIR base, the path is "
    f"{OF_RESOURCE} followed by the path of the base, if the policy resource_metadata of its hospital is on. The metadata "
    "of your own MCP server is on that server."
)


def metadata_url(tenant: Tenant) -> str:
    """The address of the metadata of the hospital's issuer (RFC 8414 3.1)."""
    return f"{tenant.base.removesuffix(f'/{tenant.name}')}{OF_SERVER}{tenant.issuer_path}"


class Hint(NamedTuple):
    """text: where the metadata is. tenant: the hospital whose metadata it is; None if the path names none."""

    text: str
    tenant: Tenant | None = None


def find_hint(path: str, tenants: Mapping[str, Tenant]) -> Hint | None:
    """Returns the URL of the metadata that a path asks for; None if it asks for none."""
    place, kind = _split_well_known(path)
    if not kind:
        return None
    if place.rstrip("/") == TOOLS:
        return Hint(NO_LOGIN)
    tenant = tenants.get(place.split("/")[1]) if place.startswith("/") else None
    if kind == OF_RESOURCE:
        return Hint(NO_RESOURCE, tenant)
    return Hint(_hint_of_hospital(tenant, path, kind) if tenant else _hint_of_all(kind, tenants), tenant)


def _split_well_known(path: str) -> tuple[str, str]:
    """The path that a well-known path was inserted before or appended to, and the well-known path; "" if there is none."""
    for kind in (OF_SERVER, OF_OPENID, OF_RESOURCE, OF_SMART):
        if path == kind or path.startswith(f"{kind}/"):
            return path.removeprefix(kind), kind
        if (appended := path.rstrip("/")).endswith(kind):
            return appended.removesuffix(kind), kind
    return "", ""


def _hint_of_hospital(tenant: Tenant, path: str, kind: str) -> str:
    if kind == OF_SMART:
        return f"The SMART configuration of {tenant.name} is {_smart_url(tenant)}."
    if kind == OF_OPENID and not path.startswith(kind):
        extra = " The path has an extra slash." if _collapse(path) == tenant.issuer_path + kind else ""
        return f"The OpenID configuration of {tenant.name} is {tenant.server.issuer}{OF_OPENID}.{extra}"
    said = f"The metadata of the issuer {tenant.server.issuer} is at {metadata_url(tenant)}"
    if path.startswith(kind):
        return f"{said}."
    return f"{said}: RFC 8414 inserts the well-known path between the host and the path of the issuer."


def _collapse(path: str) -> str:
    """The path with one slash where it has several, and none at its end."""
    return re.sub("//+", "/", path).rstrip("/")


def _hint_of_all(kind: str, tenants: Mapping[str, Tenant]) -> str:
    if kind == OF_SMART:
        return f"The SMART configurations of the hospitals are {join([_smart_url(tenant) for tenant in tenants.values()])}."
    urls = [metadata_url(tenant) for tenant in tenants.values()]
    return f"Each hospital is its own authorization server. Their metadata is at {join(urls)}."


def _smart_url(tenant: Tenant) -> str:
    return f"{tenant.server.fhir_bases[0]}{OF_SMART}"
