"""Checks of the scopes of a client_credentials request (SMART 2.2, Backend Services): well formed, and system/ only."""

from __future__ import annotations

from collections.abc import Callable

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import UNKNOWN_SERVER, Client, Policy, Server
from sickbay.authorization.refusals import scope as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.authorization.scopes.granting import UNASKED
from sickbay.authorization.scopes.resource_types import ALL_TYPES
from sickbay.authorization.token.client_authentication import TokenCheck, client_is_registered
from sickbay.fhir.visibility import is_enforceable
from sickbay.kernel.checks import Refusal
from sickbay.kernel.memoize import memoize
from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import read_spelling

_UNUSUAL = "unusual_scopes"
"""The attribute of `context` that says whether any of these checks can refuse the request."""


@memoize(512)
def _is_plain(text: str) -> bool:
    """Whether all scopes are well-formed, enforceable system scopes."""
    tokens = read_spelling(text).tokens
    return requested_scopes.find_spelling_refusal(tokens) is None and len(_system_scopes(tokens)) == len(tokens)


def _wrap_check(
    name: str, decide: Callable[[tuple[str, ...], TokenContext], Refusal | None], *, text_only: bool = False
) -> TokenCheck:
    """Makes a check of the requested scopes, however they are separated. For most requests it has nothing to refuse."""

    def over(request: TokenRequest, context: TokenContext) -> Refusal | None:
        text = request.parameters.get("scope") or ""
        if text_only and _is_plain(text):
            return None
        return decide(requested_scopes.tokens_of(text), context)

    over.__name__ = name
    return check(requires=("client",), after=(scope_is_sent, client_is_registered), inputs=_UNUSUAL)(over)


def _requested_scopes(request: TokenRequest) -> tuple[str, ...]:
    return requested_scopes.tokens_of(request.parameters.get("scope") or "")


@check(inputs=_UNUSUAL)
def scope_is_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """SMART requires a scope. A lenient app gets all its registered scopes instead (RFC 6749 3.3)."""
    if (request.parameters.get("scope") or "").strip() or _is_lenient(context) or not context.smart:
        return None
    registered = context.client.scope if isinstance(context.client, Client) else None
    return refusals.BACKEND_SCOPE_MISSING(received=None, registered=registered)


@check(after=(scope_is_sent,), inputs=_UNUSUAL)
def scopes_are_separated_by_spaces(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if not context.smart:
        return None
    scope = request.parameters.get("scope") or ""
    return requested_scopes.refuse_separators(scope, extra_spaces=refuses_extra_spaces(context))


def negotiate(
    requested: tuple[str, ...], client: Client, policy: Policy, types: tuple[str, ...] = ()
) -> tuple[tuple[str, bool, str], ...]:
    """Returns each requested scope, whether it is granted, and why it isn't or why it was added. If the server drops nothing,
    wrong scopes were refused before. types: those of the FHIR base that the token is for; () if they aren't known.
    """
    registered = scopes.parse_scopes(scopes.split(client.scope))
    rows = [(text, not (reason := _reason_for_loss(text, registered, client, policy, types)), reason) for text in requested]
    if policy.grants_registered or not requested:
        extra = [scope for scope in registered if isinstance(scope, scopes.ResourceScope) and scope.level == "system"]
        extra = (
            extra
            if requested
            else [scope for scope in extra if not _reason_for_loss(scope.text, registered, client, policy, types)]
        )
        rows += [(scope.text, True, UNASKED) for scope in extra if scope.text not in requested]
    return tuple(rows)


def _reason_for_loss(
    text: str, registered: tuple[scopes.Scope, ...], client: Client, policy: Policy, types: tuple[str, ...]
) -> str:
    scope = scopes.parse(text)
    if not isinstance(scope, scopes.ResourceScope) or scope.level != "system":
        return "isn't for backend services"
    if scope.wildcard and not policy.wildcard_scopes:
        return "is a wildcard, which this server doesn't grant"
    if requested_scopes.scopes_of_missing_types((scope,), types):
        return "names a resource type that doesn't exist in this FHIR version"
    if requested_scopes.refuse_another_version((scope,), policy, client.smart_version):
        return f"uses the syntax of SMART {scope.version}, but the app is registered for v{client.smart_version}"
    if not is_enforceable(scope):
        return "has a filter that this server can't enforce"
    return "" if scopes.is_covered(scope, registered) else "isn't registered for this app"


def _is_lenient(context: TokenContext) -> bool:
    return isinstance(context.client, Client) and context.client.scope_mode == "lenient"


def dropping_policy(context: TokenContext) -> Policy | None:
    """Returns the policy of a server that silently leaves out what it doesn't grant: for every app, or for this lenient one."""
    policy = context.server.policy if isinstance(context.server, Server) else None
    return policy if policy is not None and (policy.drop_unregistered_scopes or _is_lenient(context)) else None


def refuses_extra_spaces(context: TokenContext) -> bool:
    """Whether the server refuses scopes with more than one space between them. An unknown server may ignore extra spaces."""
    return isinstance(context.server, Server) and dropping_policy(context) is None


def not_of_the_system(requested: tuple[str, ...], context: TokenContext) -> Refusal | None:
    """Refuses scopes that are well formed but need a user. Other checks refuse malformed scopes."""
    parsed = {text: scope for text in requested if (scope := scopes.parse(_correct_case(text)))}
    others = [text for text, scope in parsed.items() if not isinstance(scope, scopes.ResourceScope) or scope.level != "system"]
    policy = dropping_policy(context)
    if policy and (policy.mixed_levels or len(others) == len(requested)):
        return None
    return refusals.BACKEND_SCOPE_NOT_SYSTEM(scopes=others, received=requested) if others else None


def _correct_case(token: str) -> str:
    """Corrects case and letter order, so that the level of a misspelt scope is still recognised."""
    return scopes.correct_case(token, ALL_TYPES) or scopes.reorder_letters(token) or token


def _skip_if_scopes_are_dropped(
    decide: Callable[[tuple[str, ...]], Refusal | None],
) -> Callable[[tuple[str, ...], TokenContext], Refusal | None]:
    """Wraps a check of the authorization request. A server that drops what it doesn't grant refuses nothing."""
    return lambda requested, context: None if dropping_policy(context) else decide(requested)


def _refuse_another_version(requested: tuple[str, ...], context: TokenContext) -> Refusal | None:
    policy = (context.server or UNKNOWN_SERVER).policy
    version = context.client.smart_version if isinstance(context.client, Client) else 2
    return (
        None
        if dropping_policy(context)
        else requested_scopes.refuse_another_version(_system_scopes(requested), policy, version)
    )


def _refuse_wildcards(requested: tuple[str, ...], context: TokenContext) -> Refusal | None:
    policy = (context.server or UNKNOWN_SERVER).policy
    return None if dropping_policy(context) else requested_scopes.refuse_wildcards(_system_scopes(requested), policy)


def _refuse_unenforceable_filters(requested: tuple[str, ...], context: TokenContext) -> Refusal | None:
    """Doesn't refuse the filters of an unknown server's scopes: it may support them."""
    strict = isinstance(context.server, Server) and not dropping_policy(context)
    return requested_scopes.refuse_unenforceable_filters(_system_scopes(requested)) if strict else None


@check(requires=("client", "server"), after=(scope_is_sent, client_is_registered), inputs=_UNUSUAL)
def scope_types_exist_in_the_fhir_version(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if dropping_policy(context):
        return None
    bases = bases_of(request, context)
    assert isinstance(context.server, Server)
    types = requested_scopes.types_of(bases, context.server)
    versions = sorted({context.server.fhir_versions.get(base, "") for base in bases})
    return requested_scopes.refuse_unknown_types(_system_scopes(_requested_scopes(request)), types, versions)


def bases_of(request: TokenRequest, context: TokenContext) -> tuple[str, ...]:
    """Returns the FHIR bases that the token would be for."""
    assert isinstance(context.server, Server)
    fhir = context.client.fhir if isinstance(context.client, Client) else ""
    return requested_scopes.bases_of(context.server, request.parameters.get("resource") or "", fhir)


def _system_scopes(requested: tuple[str, ...]) -> tuple[scopes.ResourceScope, ...]:
    """Returns the system scopes. Another check refuses all other scopes."""
    return tuple(
        scope
        for scope in requested_scopes.parse_resource_scopes(tuple(map(_correct_case, requested)))
        if scope.level == "system"
    )


def _refuse_unregistered_scopes(requested: tuple[str, ...], context: TokenContext) -> Refusal | None:
    unregistered = [] if dropping_policy(context) else _list_unregistered_scopes(requested, context)
    registered = context.client.scope if isinstance(context.client, Client) else ""
    facts = {"received": unregistered, "expected": None, "scopes": unregistered, "corrected": [], "registered": registered}
    return refusals.SCOPE_NOT_REGISTERED.with_facts(facts) if unregistered else None


@check(requires=("client",), after=(scope_is_sent, client_is_registered), inputs=_UNUSUAL)
def at_least_one_scope_can_be_granted(request: TokenRequest, context: TokenContext) -> Refusal | None:
    requested, policy = _requested_scopes(request), dropping_policy(context)
    if policy and isinstance(context.client, Client) and isinstance(context.server, Server):
        types = requested_scopes.types_of(bases_of(request, context), context.server)
        remaining = sum(granted for _, granted, _ in negotiate(requested, context.client, policy, types))
    else:
        remaining = len(requested) - len(_list_unregistered_scopes(requested, context)) or not requested
    if remaining:
        return None
    registered = context.client.scope if isinstance(context.client, Client) else ""
    return refusals.BACKEND_EMPTY_SCOPES(received=requested, registered=registered)


def _list_unregistered_scopes(requested: tuple[str, ...], context: TokenContext) -> list[str]:
    """Returns the system scopes that the registration doesn't cover. Other checks refuse scopes without a working filter."""
    registered = scopes.parse_scopes(scopes.split(context.client.scope)) if isinstance(context.client, Client) else ()
    parsed = {text: scopes.parse(text) for text in requested}
    system = {
        text: scope for text, scope in parsed.items() if isinstance(scope, scopes.ResourceScope) and scope.level == "system"
    }
    uncovered = {
        text: scope for text, scope in system.items() if is_enforceable(scope) and not scopes.is_covered(scope, registered)
    }
    unknown_types = (
        requested_scopes.scopes_of_missing_types(tuple(uncovered.values()), _types_of_tenant(context)) if uncovered else []
    )
    return [text for text, scope in uncovered.items() if scope not in unknown_types]


def _types_of_tenant(context: TokenContext) -> tuple[str, ...]:
    """Returns all types of the tenant; another check refuses scopes for other types."""
    return requested_scopes.types_of(context.server.fhir_bases, context.server) if isinstance(context.server, Server) else ()


CHECKS: tuple[TokenCheck, ...] = (
    scope_is_sent,
    scopes_are_separated_by_spaces,
    _wrap_check("scopes_are_in_the_right_case", _skip_if_scopes_are_dropped(requested_scopes.wrong_case), text_only=True),
    _wrap_check("scope_letters_are_in_order", _skip_if_scopes_are_dropped(requested_scopes.wrong_order), text_only=True),
    _wrap_check(
        "scopes_are_well_formed", _skip_if_scopes_are_dropped(requested_scopes.refuse_malformed_scopes), text_only=True
    ),
    _wrap_check("scope_filters_are_plain", _refuse_unenforceable_filters, text_only=True),
    _wrap_check("scopes_are_system_scopes", not_of_the_system, text_only=True),
    _wrap_check("scopes_have_the_smart_version_of_the_app", _refuse_another_version),
    _wrap_check("wildcard_scopes_are_allowed", _refuse_wildcards),
    scope_types_exist_in_the_fhir_version,
    _wrap_check("scopes_are_registered", _refuse_unregistered_scopes),
    at_least_one_scope_can_be_granted,
)
"""Checks for client_credentials."""
