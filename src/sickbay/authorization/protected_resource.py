"""Protected resource metadata (RFC 9728), and the challenge that leads a client to them."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.access.scope import list_operation_scopes
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.discovery import TYPES
from sickbay.authorization.models import AccessToken, Policy, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.kernel.checks import Refusal
from sickbay.protocol import urls

WELL_KNOWN = "/.well-known/oauth-protected-resource"
SIGN_IN = ("openid", "fhirUser", "launch/patient")
"""Scopes that a client without an EHR launch can always request. `launch` needs a launch, and `offline_access` isn't of a
resource (MCP 2026-07-28, Authorization, Refresh Tokens).
"""


def metadata_url(resource: str) -> str:
    """Returns the address of the metadata: the well-known path is inserted between host and path (RFC 9728 3.1)."""
    parts = urls.split(resource)
    return parts._replace(path=WELL_KNOWN + parts.path.rstrip("/")).geturl()


def base_scopes(policy: Policy) -> tuple[str, ...]:
    """Returns a short list for a FHIR base: clients without other advice request all of it."""
    suffix = "rs" if "v2" in policy.scope_versions else "read"
    types = ("*",) if policy.wildcard_scopes else TYPES
    standalone = "standalone" in policy.launches
    level = "patient" if standalone else "user"
    scopes = (*(SIGN_IN if standalone else SIGN_IN[:2]), *(f"{level}/{type}.{suffix}" for type in types))
    supported = policy.supported_scopes
    return tuple(scope for scope in scopes if not supported or scope in supported) or supported


def document(resource: str, issuer: str, scopes: tuple[str, ...], name: str, documentation: str) -> dict[str, Any]:
    """Returns the metadata of a resource (RFC 9728 2)."""
    return {
        "resource": resource,
        "authorization_servers": [issuer],
        "scopes_supported": list(scopes),
        "bearer_methods_supported": ["header"],
        "resource_name": name,
        "resource_documentation": documentation,
    }


def challenge_parameters(refusal: Refusal, request: AccessRequest, context: AccessContext, base: str) -> dict[str, str]:
    """Returns what a challenge says besides the error: where the metadata are, and all scopes that the operation needs."""
    policy = context.server.policy if isinstance(context.server, Server) else Policy()
    parameters = {"resource_metadata": metadata_url(base)} if policy.resource_metadata else {}
    if refusal.status == 403 and isinstance(context.token, AccessToken):
        return {"scope": " ".join(list_operation_scopes(request, context.token, context.version)), **parameters}
    if refusal.status == 401 and parameters:
        return {"scope": " ".join(_first_scopes(request, policy)), **parameters}
    return parameters


def _first_scopes(request: AccessRequest, policy: Policy) -> tuple[str, ...]:
    """The scopes for a client that has no valid token yet."""
    standalone = "standalone" in policy.launches
    if request.type is None or not request.letters or not standalone or policy.supported_scopes:
        return base_scopes(policy)
    reads = set(request.letters) <= set("rs")
    letters = ("rs" if reads else request.letters) if "v2" in policy.scope_versions else "read" if reads else "write"
    return ("launch/patient", f"patient/{request.type}.{letters}")
