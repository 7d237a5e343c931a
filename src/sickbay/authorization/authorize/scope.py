"""Checks of scope (RFC 6749 3.3, SMART 2.2 Scopes): spelt as the grammar says, registered, and with the context it needs."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import chain
from typing import Any

from sickbay.authorization.authorize.client import client_is_registered
from sickbay.authorization.authorize.reading import (
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
from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.resource_types import ALL_TYPES, nearest
from sickbay.authorization.values import Client, Policy, Server
from sickbay.kernel.refusal import Refusal, check
from sickbay.protocol import scope_spelling, scopes
from sickbay.protocol.scopes import ResourceScope


def _refusal(name: str, wrong: list[str], corrected: list[str] | None = None, **more: Any) -> Refusal | None:
    """A refusal over these scopes; `corrected` stands beside them in the same order."""
    facts = {"received": wrong, "expected": corrected, "scopes": wrong, "corrected": corrected or []}
    return Refusal(name, "invalid_scope", facts | more) if wrong else None


@check()
def scope_is_sent(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    if (request.parameters.get("scope") or "").strip():
        return None
    registered = known.client.scope if isinstance(known.client, Client) else None
    return Refusal("scope-missing", "invalid_scope", {"received": None, "registered": registered})


@check(after=(scope_is_sent,))
def scope_is_encoded_once(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    wire = request.wire("scope") or ""
    if not scopes.is_encoded_twice(wire):
        return None
    return Refusal("scope-double-encoded", "invalid_scope", {"received": wire, "expected": scopes.decoded_again(wire)})


@check(after=(scope_is_sent,))
def scopes_are_separated_without_commas(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    return _separators(request, "scope-comma-separated")


@check(after=(scope_is_sent,))
def scopes_are_separated_without_plus_signs(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    return _separators(request, "scope-plus-literal")


@check(after=(scope_is_sent,))
def scopes_are_separated_without_tabs(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    return _separators(request, "scope-tab-separated")


@check(after=(scope_is_sent,))
def scopes_are_separated_by_spaces(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    return _separators(request, "scope-separator-wrong")


@check(after=(scope_is_sent,))
def scopes_stand_bare(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    """In no list, no quotation marks, and without what nobody sees."""
    return _separators(request, "scope-has-stray-characters")


def _separators(request: AuthorizeRequest, name: str) -> Refusal | None:
    text = scope_of(request)
    if name not in misjoined(text):
        return None
    return Refusal(name, "invalid_scope", {"received": text, "expected": " ".join(tokens(request))})


@check(after=(scope_is_sent,))
def scopes_are_in_the_right_case(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    wrong = [(token, right) for token in tokens(request) if (right := scopes.recased(token, ALL_TYPES))]
    return _refusal("scope-wrong-case", [one for one, _ in wrong], [right for _, right in wrong])


@check(after=(scope_is_sent,))
def scope_letters_are_in_order(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    wrong = [(token, right) for token in tokens(request) if (right := scopes.reordered(token))]
    return _refusal("scope-v2-order", [one for one, _ in wrong], [right for _, right in wrong])


@check(after=(scope_is_sent,))
def scopes_are_well_formed(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    wrong = [
        token
        for token in tokens(request)
        if not scopes.parse(token) and not scopes.recased(token, ALL_TYPES) and not scopes.reordered(token)
    ]
    return _refusal("scope-malformed", wrong, likely=[_likely(one) if at < FEW else "" for at, one in enumerate(wrong)])


FEW, LONGEST = 20, 200
"""Wrong scopes of which it is told what was meant, and characters of one that may resemble another."""
LAUNCHES = ("patient/launch", "encounter/launch")
"""Context scopes as they stand when they are read aloud."""


def _likely(token: str) -> str:
    """What a malformed scope most likely meant: dots for slashes, .search for .s, a URI for its scope, a slip of the pen; ""
    for none.
    """
    head, question, filters = token.removeprefix("http://smarthealthit.org/fhir/scopes/").partition("?")
    token = head.translate(_SLASHES).replace("..", ".") + question + filters
    token = token.strip(".,:/") if scopes.parse(token.strip(".,:/")) else token
    tried = token.replace(".", "/", 1) if token.split(".")[0] in ("patient", "user", "system") else token
    for word, letters in ((".search", ".s"), (".view", ".rs"), (".all", ".cruds"), (".readwrite", ".cruds")):
        tried = tried.replace(word, letters)
    tried = tried if "." in tried or "/" not in tried or tried.startswith(LAUNCHES) else f"{tried}.rs"
    swapped = dict(zip(LAUNCHES, ("launch/patient", "launch/encounter"), strict=True)).get(tried, tried)
    return swapped if scopes.parse(swapped) else _near(token)


_SLASHES = str.maketrans("\\:\uff0f\u2044\u2215", "/////")
"""What is typed where a slash belongs."""
_WORDS = (*scopes.PLAIN, "launch", "launch/patient", "launch/encounter")
_OTHERWISE = {"refresh_token": "offline_access", "email": "fhirUser", "address": "fhirUser", "phone": "fhirUser"}
"""Scopes of others, and SMART's for the same wish."""


def _near(token: str) -> str:
    """The scope that it resembles: of those without a resource, or with another word behind the dot."""
    if len(token) > LONGEST:
        return ""
    head, dot, access = token.rpartition(".")
    close = (
        [f"{head}.{one}" for one in get_close_matches(access, ("read", "write", "rs", "cruds"), 1, 0.5)] if dot else []
    )
    close += get_close_matches(token, _WORDS, 1, 0.8)
    return _OTHERWISE.get(token) or next(filter(scopes.parse, close), "")


@check(after=(scope_is_sent,))
def scope_filters_are_plain(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    """What cannot be enforced is not granted."""
    wrong = [scope.text for scope in asked_resources(request) if not scope.enforceable]
    return _refusal("scope-malformed", wrong, likely=[one.partition("?")[0] for one in wrong])


@check(needs=("server",), after=(scope_is_sent, client_is_registered))
def scopes_are_of_the_version_the_app_speaks(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    policy = known.server.policy if isinstance(known.server, Server) else Policy()
    old = isinstance(known.client, Client) and known.client.smart_version == 1
    app, other = ("v1", "v2") if old else ("v2", "v1")
    if other in policy.scope_versions and policy.mixed_scope_versions:
        return None
    wrong = [scope for scope in asked_resources(request) if scope.version == other]
    corrected = [scopes.in_version(scope, app) for scope in wrong]
    return _refusal("scope-v1-on-v2-app", [one.text for one in wrong], corrected, app_version=app, sent_version=other)


@check(needs=("server",), after=(scope_is_sent,))
def wildcard_scopes_are_allowed(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    return _refusal("scope-wildcard-not-allowed", [one.text for one in _wildcards(request, known)])


def _wildcards(request: AuthorizeRequest, known: AuthorizeKnown) -> list[ResourceScope]:
    """Wildcards asked that server or registration rule out."""
    policy = known.server.policy if isinstance(known.server, Server) else Policy()
    held = scopes.resources(known.client.scope) if isinstance(known.client, Client) else None
    allowed = policy.wildcard_scopes and (held is None or any(one.wildcard for one in held))
    return [] if allowed else [one for one in asked_resources(request) if one.wildcard]


@check(after=(scope_is_sent, client_is_registered))
def scopes_are_registered(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    """offline_access is not among them: where it is not registered it is left out, and the app is told."""
    registered = known.client.scope if isinstance(known.client, Client) else ""
    held = scope_spelling.registered(registered)
    wrong = [one.text for one in asked(request) if not scopes.covered(one, held) and not _is_system(one)]
    if not wrong:
        return None
    beyond = {one.text for one in (*_wildcards(request, known), *_nowhere(request, known))} | {"offline_access"}
    wrong = [one for one in wrong if one not in beyond]
    return _refusal("scope-not-registered", wrong, registered=registered)


@check(needs=("server",), after=(scope_is_sent,))
def scope_types_exist_in_the_fhir_version(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    assert isinstance(known.server, Server)
    types, wrong = _types(request, known.server), _nowhere(request, known)
    if not wrong:
        return None
    near = [nearest(one.type[:LONGEST], types) if at < FEW else None for at, one in enumerate(wrong)]
    corrected = [
        one.text.replace(f"/{one.type}.", f"/{name}.") if name else "" for one, name in zip(wrong, near, strict=True)
    ]
    versions = sorted({known.server.fhir_versions.get(one, "") for one in _bases(request, known.server)})
    return _refusal(
        "scope-resource-not-in-version", [one.text for one in wrong], corrected, version=", ".join(versions)
    )


def _nowhere(request: AuthorizeRequest, known: AuthorizeKnown) -> list[ResourceScope]:
    """Of types that FHIR does not have in this version: nobody can register them."""
    types = _types(request, known.server) if isinstance(known.server, Server) else ()
    return [one for one in asked_resources(request) if types and not one.wildcard and one.type not in types]


def _bases(request: AuthorizeRequest, server: Server) -> tuple[str, ...]:
    """The one that is asked for, or all where none is."""
    named = base(request, server)
    return (named,) if named else server.fhir_bases


def _types(request: AuthorizeRequest, server: Server) -> tuple[str, ...]:
    """The types of these bases; () where one is unknown."""
    known = [server.resource_types.get(one, ()) for one in _bases(request, server)]
    return known[0] if len(known) == 1 else tuple(chain.from_iterable(known)) if all(known) else ()


def _is_system(scope: object) -> bool:
    return isinstance(scope, ResourceScope) and scope.level == "system"


@check(after=(scope_is_sent,))
def no_system_scope_is_asked(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    wrong = [one for one in asked_resources(request) if one.level == "system"]
    corrected = [one.text.replace("system/", "user/", 1) for one in wrong]
    return _refusal("scope-system-in-user-flow", [one.text for one in wrong], corrected)


def _is_own_patient(known: AuthorizeKnown) -> bool:
    """A patient app, where the hospital takes the person who signs in for the patient."""
    server, client = known.server, known.client
    allowed = isinstance(server, Server) and server.policy.own_patient_is_context
    return allowed and isinstance(client, Client) and client.type == "patient"


@check(after=(scope_is_sent,))
def patient_scopes_have_a_patient(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    wanting = [one.text for one in asked_resources(request) if one.level == "patient"]
    code = request.parameters.get("launch")
    if not wanting or asks_patient(request) or (asks_launch(request) and code) or _is_own_patient(known):
        return None
    facts = {"received": list(meant(request)), "scopes": wanting, "launch": code, "note": "launch with a launch code"}
    return Refusal("scope-patient-without-context", "access_denied", facts)
