"""Protected resource metadata (RFC 9728), and the challenge that leads a client to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sickbay.authorization.access.scope import list_operation_scopes
from sickbay.authorization.authorize.default_scopes import NEVER_DEFAULT, PICKER
from sickbay.authorization.bases import target_of
from sickbay.authorization.client_document import DOT_SEGMENT
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import UNKNOWN_SERVER, AccessToken, Policy, ProtectedResource, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.scopes.supported import TYPES
from sickbay.kernel.checks import Refusal
from sickbay.protocol import scopes, urls

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
    listed = (*(SIGN_IN if standalone else SIGN_IN[:2]), *(f"{level}/{type}.{suffix}" for type in types))
    supported = policy.supported_scopes
    return tuple(scope for scope in listed if not supported or scope in supported) or supported


MAXIMUM_RESOURCES = 50
"""Maximum number of registered resources of a hospital."""
MAXIMUM_URL_CHARACTERS = 2_000
MAXIMUM_NAME_CHARACTERS = 200


def read_resource(members: Mapping[str, Any]) -> ProtectedResource | str:
    """Returns a registered resource as sickbay.toml and /admin write it, or what is wrong with it, in one sentence."""
    unknown = [name for name in members if name not in ("url", "name", "scopes", "client_id")]
    if unknown:
        return f"A resource has no {unknown[0]}; it has url, name, scopes and client_id"
    url, name, listed = members.get("url"), members.get("name", ""), members.get("scopes", ())
    client_id = members.get("client_id", "")
    if not isinstance(url, str) or len(url) > MAXIMUM_URL_CHARACTERS or not urls.is_web_address(url):
        return "url must be the http or https URL of a server, without user information"
    if "#" in url or "?" in url:
        return f"{url} has a query or a fragment, which the URL of a resource can't have"
    if DOT_SEGMENT.search(urls.split(url).path):
        return f"{url} has . or .. in its path, so clients would look for its metadata at another address"
    if not isinstance(name, str) or not isinstance(client_id, str) or len(name) > MAXIMUM_NAME_CHARACTERS:
        return f"name and client_id must be texts, and name at most {MAXIMUM_NAME_CHARACTERS} characters"
    tokens = tuple(listed.split()) if isinstance(listed, str) else tuple(listed) if isinstance(listed, list | tuple) else None
    if tokens is None or not all(isinstance(token, str) for token in tokens):
        return "scopes must be a list of SMART scopes"
    wrong = [token for token in tokens if scopes.parse(token) is None]
    if wrong or len(" ".join(tokens)) > scopes.MAXIMUM_SCOPE_CHARACTERS:
        return f"{' '.join(wrong) or 'The list'} can't be scopes of a resource: only SMART scopes can"
    return ProtectedResource(url, name, tokens, client_id)


def read_resources(listed: Iterable[Mapping[str, Any]]) -> tuple[ProtectedResource, ...]:
    """Returns the resources of a file that was checked before."""
    return tuple([resource for sent in listed if isinstance(resource := read_resource(sent), ProtectedResource)])


def find_conflict(resource: ProtectedResource, server: Server) -> str:
    """Returns why the resource can't be added to this server, in one sentence; "" if it can."""
    if meant := target_of(resource.url, server):
        return f"{resource.url} is already a protected resource of this hospital, as {meant}"
    full = len(server.resources) >= MAXIMUM_RESOURCES
    return f"A hospital has at most {MAXIMUM_RESOURCES} registered resources" if full else ""


def list_advertised_scopes(registered: tuple[str, ...]) -> tuple[str, ...]:
    """Returns what the metadata of a registered resource should list, because a client requests all of it.

    A client without an EHR launch needs `launch/patient` for scopes for one patient, and can't have `launch`.
    """
    requested = [text for text in registered if text not in NEVER_DEFAULT]
    needs_picker = any(text.startswith("patient/") for text in requested)
    return tuple(dict.fromkeys((PICKER, *requested) if needs_picker else requested))


def make_document(resource: str, issuer: str, listed: tuple[str, ...], name: str, documentation: str = "") -> dict[str, Any]:
    """Returns the metadata of a resource (RFC 9728 2)."""
    named = {"resource_name": name, "resource_documentation": documentation}
    return {
        "resource": resource,
        "authorization_servers": [issuer],
        **({"scopes_supported": list(listed)} if listed else {}),
        "bearer_methods_supported": ["header"],
        **{member: value for member, value in named.items() if value},
    }


MAXIMUM_CHALLENGE_SCOPES = 50
"""Maximum number of scopes in a challenge. A transaction may need every type, but a header must stay short."""


def challenge_parameters(
    refusal: Refusal, request: AccessRequest, context: AccessContext, base: str, entries: Iterable[AccessRequest] = ()
) -> dict[str, str]:
    """Returns the parameters of a challenge besides the error: the metadata URL, and all scopes that the operation needs.

    entries: all requests of a transaction, which is refused as a whole. If the refusal names a scope of another level, such as
    `system/*.rs` for an export, only that one is listed, because an app can't have both.
    """
    policy = (context.server or UNKNOWN_SERVER).policy
    parameters = {"resource_metadata": metadata_url(base)} if policy.resource_metadata else {}
    if refusal.status == 403 and isinstance(context.token, AccessToken):
        requests = (request, *entries)
        listed = [scope for each in requests for scope in list_operation_scopes(each, context.token, context.version)]
        needed = refusal.facts.get("needed")
        scopes_sent = [needed] if needed and needed not in listed else list(dict.fromkeys(listed))
        return {"scope": " ".join(scopes_sent[:MAXIMUM_CHALLENGE_SCOPES]), **parameters}
    if refusal.status == 401 and parameters:
        return {"scope": " ".join(_first_scopes(request, policy)), **parameters}
    return parameters


def _first_scopes(request: AccessRequest, policy: Policy) -> tuple[str, ...]:
    """Returns the scopes for a client that has no valid token yet."""
    standalone = "standalone" in policy.launches
    if request.type is None or not request.letters or not standalone or policy.supported_scopes:
        return base_scopes(policy)
    reads = set(request.letters) <= set("rs")
    letters = ("rs" if reads else request.letters) if "v2" in policy.scope_versions else "read" if reads else "write"
    return ("launch/patient", f"patient/{request.type}.{letters}")
