"""Checks of the scopes of a token that an operator creates for a script: they can't exceed what this tenant's flows grant. They
may exceed what this app can get. `list_warnings` says so.
"""

from __future__ import annotations

from typing import TypeAlias

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.refusals import scope as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.authorization.scopes.permitted import permits_scope
from sickbay.kernel.checks import Check, Refusal
from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import read_spelling
from sickbay.protocol.scopes import ResourceScope

ScriptCheck: TypeAlias = Check[TokenRequest, TokenContext]


def _requested_tokens(request: TokenRequest) -> tuple[str, ...]:
    return read_spelling(request.parameters.get("scope") or "").tokens


def _requested_resource_scopes(request: TokenRequest) -> tuple[ResourceScope, ...]:
    return requested_scopes.parse_resource_scopes(_requested_tokens(request))


@check()
def scope_is_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if _requested_tokens(request):
        return None
    registered = context.client.scope if isinstance(context.client, Client) else None
    return refusals.SCOPE_MISSING(received=None, registered=registered)


@check(after=(scope_is_sent,))
def scopes_are_separated_by_spaces(request: TokenRequest, context: TokenContext) -> Refusal | None:
    scope = request.parameters.get("scope") or ""
    return requested_scopes.refuse_separators(scope, extra_spaces=isinstance(context.server, Server))


@check(after=(scope_is_sent,))
def scopes_are_spelled_correctly(request: TokenRequest, context: TokenContext) -> Refusal | None:
    return requested_scopes.find_spelling_refusal(_requested_tokens(request))


@check(requires=("server", "client"), after=(scope_is_sent,))
def server_supports_the_scopes(request: TokenRequest, context: TokenContext) -> Refusal | None:
    server, client, requested = context.server, context.client, _requested_resource_scopes(request)
    assert isinstance(server, Server)
    assert isinstance(client, Client)
    bases = requested_scopes.bases_of(server, "", client.fhir)
    versions = sorted({server.fhir_versions.get(base, "") for base in bases})
    return (
        requested_scopes.refuse_another_version(requested, server.policy, client.smart_version)
        or requested_scopes.refuse_wildcards(requested, server.policy)
        or requested_scopes.refuse_unknown_types(requested, requested_scopes.types_of(bases, server), versions)
    )


@check(after=(scope_is_sent,))
def scope_levels_are_not_mixed(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Client credentials grant only system/ scopes: not launch, openid or offline_access either."""
    return requested_scopes.refuse_mixed_levels(scopes.parse_scopes(_requested_tokens(request)))


CHECKS: tuple[ScriptCheck, ...] = (
    scope_is_sent,
    scopes_are_separated_by_spaces,
    scopes_are_spelled_correctly,
    server_supports_the_scopes,
    scope_levels_are_not_mixed,
)


def list_warnings(client: Client, scope: str, patient: str | None, user: str | None) -> list[str]:
    """Explains why the app itself couldn't get this token, or why the token shows no data. Such scripts fail elsewhere."""
    requested = read_spelling(scope).tokens
    has_system_scopes = any(resource.level == "system" for resource in requested_scopes.parse_resource_scopes(requested))
    needed = "client_credentials" if has_system_scopes else "authorization_code"
    warnings = []
    if needed not in client.grant_types:
        warnings.append(f"Only apps with the grant type {needed} get these scopes, and this app doesn't have it.")
    elif unregistered := [text for text in requested if not permits_scope(client.scope, text)]:
        warnings.append(f"This app isn't registered for {' '.join(unregistered)}, so a token that it requests won't have it.")
    if patient is None and any(text.startswith("patient/") for text in requested):
        warnings.append("patient/ scopes show no data without a patient.")
    if user is None and any(text.startswith("user/") for text in requested):
        warnings.append("user/ scopes show no patient's data without a user.")
    return warnings
