"""Checks of scope (RFC 6749 3.3, SMART 2.2 Scopes): spelt as the grammar says, registered, and with the context it needs."""

from __future__ import annotations

from sickbay.authorization import requested_scopes
from sickbay.authorization.authorize.client import client_is_registered
from sickbay.authorization.authorize.parameters import (
    asked,
    asked_resources,
    asks_launch,
    asks_patient,
    base,
    meant,
    misjoined,
    scope_of,
    tokens,
)
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Policy, Server
from sickbay.authorization.refusals import scope as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.kernel.checks import Refusal, RefusalType, check
from sickbay.protocol import scope_spelling, scopes
from sickbay.protocol.scopes import ResourceScope


@check()
def scope_is_sent(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    if (request.parameters.get("scope") or "").strip():
        return None
    registered = known.client.scope if isinstance(known.client, Client) else None
    return refusals.SCOPE_MISSING(received=None, registered=registered)


@check(after=(scope_is_sent,))
def scope_is_encoded_once(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    wire = request.wire("scope") or ""
    if not scopes.is_encoded_twice(wire):
        return None
    return refusals.SCOPE_DOUBLE_ENCODED(received=wire, expected=scopes.decoded_again(wire))


@check(after=(scope_is_sent,))
def scopes_are_separated_without_commas(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    return _separators(request, refusals.SCOPE_COMMA_SEPARATED)


@check(after=(scope_is_sent,))
def scopes_are_separated_without_plus_signs(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    return _separators(request, refusals.SCOPE_PLUS_LITERAL)


@check(after=(scope_is_sent,))
def scopes_are_separated_without_tabs(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    return _separators(request, refusals.SCOPE_TAB_SEPARATED)


@check(after=(scope_is_sent,))
def scopes_are_separated_by_spaces(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    return _separators(request, refusals.SCOPE_SEPARATOR_WRONG)


@check(after=(scope_is_sent,))
def scopes_stand_bare(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    """In no list, no quotation marks, and without what nobody sees."""
    return _separators(request, refusals.SCOPE_HAS_STRAY_CHARACTERS)


def _separators(request: AuthorizeRequest, kind: RefusalType) -> Refusal | None:
    text = scope_of(request)
    if kind not in misjoined(text):
        return None
    return kind(received=text, expected=" ".join(tokens(request)))


@check(after=(scope_is_sent,))
def scopes_are_in_the_right_case(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    return requested_scopes.wrong_case(tokens(request))


@check(after=(scope_is_sent,))
def scope_letters_are_in_order(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    return requested_scopes.wrong_order(tokens(request))


@check(after=(scope_is_sent,))
def scopes_are_well_formed(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    return requested_scopes.malformed(tokens(request), requested_scopes.CLAIMS)


@check(after=(scope_is_sent,))
def scope_filters_are_plain(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    """What cannot be enforced is not granted."""
    return requested_scopes.unenforceable(asked_resources(request))


@check(requires=("server",), after=(scope_is_sent, client_is_registered))
def scopes_are_of_the_version_the_app_speaks(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    policy = known.server.policy if isinstance(known.server, Server) else Policy()
    version = known.client.smart_version if isinstance(known.client, Client) else 2
    return requested_scopes.of_another_version(asked_resources(request), policy, version)


@check(requires=("server",), after=(scope_is_sent,))
def wildcard_scopes_are_allowed(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    return requested_scopes.refusal(refusals.SCOPE_WILDCARD_NOT_ALLOWED, [one.text for one in _wildcards(request, known)])


def _wildcards(request: AuthorizeRequest, known: AuthorizeContext) -> list[ResourceScope]:
    """Wildcards asked that server or registration rule out."""
    policy = known.server.policy if isinstance(known.server, Server) else Policy()
    held = scopes.resources(known.client.scope) if isinstance(known.client, Client) else None
    allowed = policy.wildcard_scopes and (held is None or any(one.wildcard for one in held))
    return [] if allowed else [one for one in asked_resources(request) if one.wildcard]


@check(after=(scope_is_sent, client_is_registered))
def scopes_are_registered(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    """offline_access is not among them: where it is not registered it is left out, and the app is told."""
    registered = known.client.scope if isinstance(known.client, Client) else ""
    held = scope_spelling.registered(registered)
    wrong = [one.text for one in asked(request) if not scopes.covered(one, held) and not _is_system(one)]
    if not wrong:
        return None
    beyond = {one.text for one in (*_wildcards(request, known), *_nowhere(request, known))} | {"offline_access"}
    wrong = [one for one in wrong if one not in beyond]
    return requested_scopes.refusal(refusals.SCOPE_NOT_REGISTERED, wrong, registered=registered)


@check(requires=("server",), after=(scope_is_sent,))
def scope_types_exist_in_the_fhir_version(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    assert isinstance(known.server, Server)
    if not _nowhere(request, known):
        return None
    versions = sorted({known.server.fhir_versions.get(one, "") for one in _bases(request, known.server)})
    return requested_scopes.of_unknown_types(asked_resources(request), _types(request, known.server), versions)


def _nowhere(request: AuthorizeRequest, known: AuthorizeContext) -> list[ResourceScope]:
    """Of types that FHIR does not have in this version: nobody can register them."""
    types = _types(request, known.server) if isinstance(known.server, Server) else ()
    return requested_scopes.nowhere(asked_resources(request), types)


def _bases(request: AuthorizeRequest, server: Server) -> tuple[str, ...]:
    """The one that is asked for, or all where none is."""
    named = base(request, server)
    return (named,) if named else server.fhir_bases


def _types(request: AuthorizeRequest, server: Server) -> tuple[str, ...]:
    return requested_scopes.types_of(_bases(request, server), server)


def _is_system(scope: object) -> bool:
    return isinstance(scope, ResourceScope) and scope.level == "system"


@check(after=(scope_is_sent,))
def no_system_scope_is_asked(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    return requested_scopes.of_the_system(asked_resources(request))


def _is_own_patient(known: AuthorizeContext) -> bool:
    """A patient app, where the hospital takes the person who signs in for the patient."""
    server, client = known.server, known.client
    allowed = isinstance(server, Server) and server.policy.own_patient_is_context
    return allowed and isinstance(client, Client) and client.type == "patient"


@check(after=(scope_is_sent,))
def patient_scopes_have_a_patient(request: AuthorizeRequest, known: AuthorizeContext) -> Refusal | None:
    wanting = [one.text for one in asked_resources(request) if one.level == "patient"]
    code = request.parameters.get("launch")
    if not wanting or asks_patient(request) or (asks_launch(request) and code) or _is_own_patient(known):
        return None
    facts = {"received": list(meant(request)), "scopes": wanting, "launch": code, "note": "launch with a launch code"}
    return refusals.SCOPE_PATIENT_WITHOUT_CONTEXT.with_facts(facts)
