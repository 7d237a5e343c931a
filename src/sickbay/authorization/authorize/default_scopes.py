"""The scopes of an authorization request that names none (RFC 6749 3.3).

MCP clients leave out `scope` if neither the challenge nor the metadata of the MCP server names scopes (MCP 2026-07-28, Scope
Selection Strategy). The scopes of a registered resource are its default. A FHIR base has none, because SMART requires `scope`.
"""

from __future__ import annotations

from collections.abc import Iterable

from sickbay.authorization.authorize.parameters import registered_resource, scope_of
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes.granting import is_still_granted
from sickbay.authorization.scopes.permitted import permits_scope
from sickbay.protocol import scopes

PICKER = "launch/patient"
NEVER_DEFAULT = frozenset(("launch", "offline_access", "online_access"))
"""`launch` needs a launch, and access while the user is away has to be requested."""


def default_scopes(request: AuthorizeRequest, client: Client, server: Server) -> tuple[str, ...]:
    """Returns what the resource lists and the app may have, or () if `scope` was sent or there is no default.

    Scopes for one patient come with `launch/patient`, because without it there is no patient.
    """
    resource = None if scope_of(request).strip() else registered_resource(request, server)
    if resource is None:
        return ()
    listed = " ".join(resource.scopes)
    narrower = (text for text in scopes.split(client.scope) if isinstance(scopes.parse(text), scopes.ResourceScope))
    candidates = (*resource.scopes, *(text for text in narrower if permits_scope(listed, text)))
    granted = [
        text for text in dict.fromkeys(candidates) if text not in NEVER_DEFAULT and is_still_granted(text, client, server)
    ]
    return _add_picker(granted, has_picker=is_still_granted(PICKER, client, server))


def _add_picker(granted: Iterable[str], *, has_picker: bool) -> tuple[str, ...]:
    of_patient = [text for text in granted if text.startswith("patient/")]
    if of_patient and has_picker:
        return tuple(dict.fromkeys((PICKER, *granted)))
    return tuple([text for text in granted if text not in of_patient])


def add_default_scopes(request: AuthorizeRequest, client: Client, server: Server) -> AuthorizeRequest:
    """Returns the request as if it had named the default scopes; the same one if it has none."""
    added = default_scopes(request, client, server)
    if not added:
        return request
    parameters = request.parameters.replace([("scope", " ".join(added))])
    return AuthorizeRequest(parameters, request.url, request.method)
