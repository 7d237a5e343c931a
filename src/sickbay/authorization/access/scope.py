"""Checks of the scopes of an access token: whether they permit what a FHIR request asks for (SMART 2.2, Scopes)."""

from __future__ import annotations

from sickbay.authorization.access.bearer import issued_token, refuse_unusable_token, token_is_known
from sickbay.authorization.access.step_up import describe_history
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken
from sickbay.authorization.refusals import access as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.search.routes import SEARCHES, SEVERAL, chosen_types
from sickbay.fhir.visibility import filters_of
from sickbay.kernel.checks import Refusal
from sickbay.kernel.memoize import memoize
from sickbay.protocol import scopes
from sickbay.protocol.scopes import ResourceScope


@check(requires=("token",), after=(token_is_known,))
def patient_scopes_have_a_patient(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Fails closed: without a patient there is no compartment to limit a patient/ scope to."""
    token = issued_token(context)
    if token.patient or "patient" not in _levels_of_scope(token.scope):
        return None
    return refuse_unusable_token("no patient", held=token.scope)


@check(requires=("token",), after=(token_is_known,))
def scopes_are_not_mixed(request: AccessRequest, context: AccessContext) -> Refusal | None:
    levels = _levels_of_scope(issued_token(context).scope)
    if "system" not in levels or len(levels) == 1:
        return None
    return refuse_insufficient_scope(request, issued_token(context), request.type, request.letters, mixed=True)


@check(requires=("token",), after=(token_is_known,))
def scope_covers_the_request(request: AccessRequest, context: AccessContext) -> Refusal | None:
    token = context.token
    assert isinstance(token, AccessToken)
    if request.type is None and request.interaction in SEVERAL:
        return _covers_several(request, token, context)
    if not request.letters or grants_letters(token.scope, request.type, request.letters):
        return None
    return _refuse_scope(request, context, request.type, request.letters)


def _covers_several(request: AccessRequest, token: AccessToken, context: AccessContext) -> Refusal | None:
    """A search across types needs a scope for each type in `_type`. Without `_type` it needs a wildcard, at any level."""
    uncovered = [
        resource_type
        for resource_type in chosen_types(context.version, request.parameters.pairs) or ("*",)
        if not grants_letters(token.scope, resource_type, request.letters)
    ]
    return _refuse_scope(request, context, uncovered[0], request.letters) if uncovered else None


@check(requires=("token",), after=(token_is_known,), applies_to=(*SEARCHES, "operation"))
def scope_covers_all_types_involved(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Chains, `_has` and includes read other types: without this check, they could reveal values that can't be searched."""
    if not request.involved:
        return None
    token = issued_token(context)
    for types in (alternatives.split("|") for alternatives in request.involved if alternatives != "*"):
        if not any(grants_letters(token.scope, resource_type, "s") for resource_type in types):
            uncovered = "Patient" if "Patient" in types else types[0]
            return _refuse_scope(request, context, uncovered, "s", by="chain or include")
    return None


@memoize(4096)
def grants_letters(scope: str, type: str | None, letters: str) -> bool:
    """Whether the scopes for the type grant every letter. A request without a type (whole system) needs system/*."""
    usable = _list_usable_scopes(scope)
    matching = [
        resource_scope
        for resource_scope in usable
        if (resource_scope.type in ("*", type) if type else resource_scope.level == "system" and resource_scope.wildcard)
    ]
    granted = "".join([resource_scope.letters for resource_scope in matching])
    return not set(letters).difference(granted)


@memoize(4096)
def _levels_of_scope(scope: str) -> frozenset[str]:
    return frozenset(resource_scope.level for resource_scope in scopes.list_resources(scope))


@memoize(4096)
def _list_usable_scopes(scope: str) -> tuple[ResourceScope, ...]:
    """Returns the scopes whose filters are understood."""
    return tuple(resource_scope for resource_scope in scopes.list_resources(scope) if filters_of(resource_scope) is not None)


def _refuse_scope(request: AccessRequest, context: AccessContext, type: str | None, letters: str, **more: object) -> Refusal:
    token = issued_token(context)
    history = describe_history(token, needed_scope(token, type, letters), context.earlier) if context.earlier else {}
    return refuse_insufficient_scope(request, token, type, letters, **more, **history)


def refuse_insufficient_scope(
    request: AccessRequest, token: AccessToken, type: str | None, letters: str, **more: object
) -> Refusal:
    granted = scopes.list_resources(token.scope)
    of_type = "".join(
        resource_scope.letters for resource_scope in _list_usable_scopes(token.scope) if resource_scope.type in ("*", type)
    )
    facts = {
        "type": "the whole server" if type in (None, "*") else type,
        "interaction": request.interaction,
        "letters": letters,
        "needed": needed_scope(token, type, letters),
        "held": tuple(resource_scope.text for resource_scope in granted),
        "held_letters": "".join(sorted(set(of_type) - set(letters))) if type else "",
        **more,
    }
    return refusals.FHIR_INSUFFICIENT_SCOPE.with_facts(facts)


def needed_scope(token: AccessToken, type: str | None, letters: str) -> str:
    """Returns the scope to request, in the level and syntax of the granted ones."""
    granted = scopes.list_resources(token.scope)
    level = "patient" if token.patient else "user" if token.user else granted[0].level if granted else "patient"
    if granted and all(resource_scope.version == "v1" for resource_scope in granted):
        return f"{level}/{type or '*'}.{'read' if set(letters) <= set('rs') else 'write'}"
    return f"{level if type else 'system'}/{type or '*'}.{'rs' if set(letters) <= set('rs') else letters}"


def list_operation_scopes(request: AccessRequest, token: AccessToken, version: str) -> tuple[str, ...]:
    """Returns all scopes that the request needs, whether the token has them or not.

    A client that requests one missing scope after the other would send the user through several authorizations.
    """
    types: list[str | None] = [request.type]
    if request.type is None and request.interaction in SEVERAL:
        types = [*(chosen_types(version, request.parameters.pairs) or ("*",))]
    needed = [needed_scope(token, type, request.letters) for type in types if request.letters]
    for alternatives in request.involved:
        if alternatives != "*":
            names = alternatives.split("|")
            needed.append(needed_scope(token, "Patient" if "Patient" in names else names[0], "s"))
    return tuple(dict.fromkeys(needed))
