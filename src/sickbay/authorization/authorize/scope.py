"""Checks of scope (RFC 6749 3.3, SMART 2.2 Scopes): well formed, registered, and with the context that it needs."""

from __future__ import annotations

from sickbay.authorization.authorize.client import client_is_registered
from sickbay.authorization.authorize.default_scopes import default_scopes
from sickbay.authorization.authorize.parameters import (
    asks_launch,
    asks_patient,
    correct_scopes,
    find_base,
    read_scopes,
    registered_resource,
    requested_resources,
    resource_facts,
    scope_of,
    split_scope,
)
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import UNKNOWN_SERVER, Client, Server
from sickbay.authorization.refusals import scope as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.kernel.checks import Refusal, RefusalType
from sickbay.protocol import scope_spelling, scopes
from sickbay.protocol.scopes import ResourceScope

UNUSUAL = "unusual_scopes"
"""The attribute of `context` that says whether these checks can refuse the request. All of them read only the scopes, the
registration and the server.
"""


@check(inputs=UNUSUAL)
def scope_is_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """A registered resource can have default scopes instead (RFC 6749 3.3)."""
    if (request.parameters.get("scope") or "").strip() or not context.smart:
        return None
    client, server = context.client, context.server
    registered = client.scope if isinstance(client, Client) else None
    facts: dict[str, object] = {"received": None, "registered": registered}
    if isinstance(server, Server) and (resource := registered_resource(request, server)):
        if isinstance(client, Client) and default_scopes(request, client, server):
            return None
        facts |= {"resource": resource.url, "supported": list(resource.scopes)}
    return refusals.SCOPE_MISSING.with_facts(facts)


@check(after=(scope_is_sent,), inputs=UNUSUAL)
def scope_is_encoded_once(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    wire = request.as_sent("scope") or ""
    if not scopes.is_encoded_twice(wire):
        return None
    return refusals.SCOPE_DOUBLE_ENCODED(received=wire, expected=scopes.decode_again(wire))


@check(after=(scope_is_sent,), inputs=UNUSUAL)
def scopes_are_separated_without_commas(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    return _refuse_wrong_separators(request, refusals.SCOPE_COMMA_SEPARATED) if context.smart else None


@check(after=(scope_is_sent,), inputs=UNUSUAL)
def scopes_are_separated_without_plus_signs(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    return _refuse_wrong_separators(request, refusals.SCOPE_PLUS_LITERAL)


@check(after=(scope_is_sent,), inputs=UNUSUAL)
def scopes_are_separated_without_tabs(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    return _refuse_wrong_separators(request, refusals.SCOPE_TAB_SEPARATED)


@check(after=(scope_is_sent,), inputs=UNUSUAL)
def scopes_are_separated_by_spaces(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    return _refuse_wrong_separators(request, refusals.SCOPE_SEPARATOR_WRONG) if context.smart else None


@check(after=(scope_is_sent,), inputs=UNUSUAL)
def scopes_have_no_quotes_or_brackets(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """Scopes must not be a JSON list or quoted, and must have no invisible characters or extra spaces.

    Several servers refuse extra spaces, others ignore them: an unknown server may do so.
    """
    text = scope_of(request) if isinstance(context.server, Server) else requested_scopes.remove_extra_spaces(scope_of(request))
    is_refused = refusals.SCOPE_HAS_STRAY_CHARACTERS in requested_scopes.find_wrong_separators(text)
    return _refuse_wrong_separators(request, refusals.SCOPE_HAS_STRAY_CHARACTERS) if is_refused else None


def _refuse_wrong_separators(request: AuthorizeRequest, kind: RefusalType) -> Refusal | None:
    text = scope_of(request)
    if kind not in requested_scopes.find_wrong_separators(text):
        return None
    return kind(received=text, expected=" ".join(split_scope(request)))


@check(after=(scope_is_sent,), inputs=UNUSUAL)
def scopes_are_in_the_right_case(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    return requested_scopes.wrong_case(split_scope(request)) if context.smart else None


@check(after=(scope_is_sent,), inputs=UNUSUAL)
def scope_letters_are_in_order(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    return requested_scopes.wrong_order(split_scope(request)) if context.smart else None


@check(after=(scope_is_sent,), inputs=UNUSUAL)
def scopes_are_well_formed(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    version = context.client.smart_version if isinstance(context.client, Client) else 2
    tokens = split_scope(request)
    ignored = requested_scopes.list_ignored_scopes(tokens, context.server)
    return requested_scopes.refuse_malformed_scopes(tokens, ignored, version) if context.smart else None


@check(requires=("server",), after=(scope_is_sent,), inputs=UNUSUAL)
def scope_filters_are_plain(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """A filter that can't be enforced isn't granted."""
    return requested_scopes.refuse_unenforceable_filters(requested_resources(request))


@check(requires=("server",), after=(scope_is_sent, client_is_registered), inputs=UNUSUAL)
def scopes_have_the_smart_version_of_the_app(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    policy = (context.server or UNKNOWN_SERVER).policy
    version = context.client.smart_version if isinstance(context.client, Client) else 2
    return requested_scopes.refuse_another_version(requested_resources(request), policy, version)


@check(requires=("server",), after=(scope_is_sent,), inputs=UNUSUAL)
def wildcard_scopes_are_allowed(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    return requested_scopes.make_refusal(
        refusals.SCOPE_WILDCARD_NOT_ALLOWED, [scope.text for scope in _refused_wildcards(request, context)]
    )


def _refused_wildcards(request: AuthorizeRequest, context: AuthorizeContext) -> list[ResourceScope]:
    """Returns the requested wildcard scopes that the server or the registration doesn't allow."""
    policy = (context.server or UNKNOWN_SERVER).policy
    registered = scopes.list_resources(context.client.scope) if isinstance(context.client, Client) else None
    allowed = policy.wildcard_scopes and (registered is None or any(scope.wildcard for scope in registered))
    return [] if allowed else [scope for scope in requested_resources(request) if scope.wildcard]


@check(after=(scope_is_sent, client_is_registered), inputs=UNUSUAL)
def scopes_are_registered(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """Doesn't refuse an unregistered offline_access: it is left out of the grant, and the response says so."""
    registered = context.client.scope if isinstance(context.client, Client) else ""
    allowed = scope_spelling.parse_registered_scopes(registered)
    unregistered = [
        scope.text for scope in read_scopes(request) if not scopes.is_covered(scope, allowed) and not _is_system(scope)
    ]
    if not unregistered:
        return None
    refused_elsewhere = {
        scope.text for scope in (*_refused_wildcards(request, context), *_scopes_of_unknown_types(request, context))
    } | {"offline_access"}
    unregistered = [text for text in unregistered if text not in refused_elsewhere]
    return requested_scopes.make_refusal(refusals.SCOPE_NOT_REGISTERED, unregistered, registered=registered)


@check(requires=("server",), after=(scope_is_sent,), inputs=UNUSUAL)
def scope_types_exist_in_the_fhir_version(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    assert isinstance(context.server, Server)
    if not _scopes_of_unknown_types(request, context):
        return None
    versions = sorted(
        {context.server.fhir_versions.get(base_url, "") for base_url in _requested_bases(request, context.server)}
    )
    return requested_scopes.refuse_unknown_types(
        requested_resources(request), _types_of_bases(request, context.server), versions
    )


def _scopes_of_unknown_types(request: AuthorizeRequest, context: AuthorizeContext) -> list[ResourceScope]:
    """Returns scopes for types that don't exist in this FHIR version, so no app can register them."""
    types = _types_of_bases(request, context.server) if isinstance(context.server, Server) else ()
    return requested_scopes.scopes_of_missing_types(requested_resources(request), types)


def _requested_bases(request: AuthorizeRequest, server: Server) -> tuple[str, ...]:
    """Returns the requested base, or all bases if none is requested."""
    named = find_base(request, server)
    return (named,) if named else server.fhir_bases


def _types_of_bases(request: AuthorizeRequest, server: Server) -> tuple[str, ...]:
    return requested_scopes.types_of(_requested_bases(request, server), server)


def _is_system(scope: object) -> bool:
    return isinstance(scope, ResourceScope) and scope.level == "system"


@check(after=(scope_is_sent,), inputs=UNUSUAL)
def no_system_scope_is_requested(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    return requested_scopes.refuse_system_scopes(requested_resources(request))


def _is_own_patient(context: AuthorizeContext) -> bool:
    """Whether this is a patient app at a server that takes the signed-in user as the patient."""
    server, client = context.server, context.client
    allowed = isinstance(server, Server) and server.policy.own_patient_is_context
    return allowed and isinstance(client, Client) and client.type == "patient"


@check(after=(scope_is_sent,))
def patient_scopes_have_a_patient(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    patient_scopes = [scope.text for scope in requested_resources(request) if scope.level == "patient"]
    code = request.parameters.get("launch")
    is_bound = asks_patient(request) or (asks_launch(request) and code) or not context.smart
    if not patient_scopes or is_bound or _is_own_patient(context):
        return None
    facts = {
        "received": list(correct_scopes(request)),
        "scopes": patient_scopes,
        "launch": code,
        "note": "launch with a launch code",
        **resource_facts(request),
    }
    return refusals.SCOPE_PATIENT_WITHOUT_CONTEXT.with_facts(facts)
