"""Recognises requests whose scopes no check can refuse, which is nearly every request.

For these, `unusual_scopes` of the context is False and the scope checks are not called one by one. A property test holds that
all of them would pass (tests/authorization/scopes/test_ordinary.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sickbay.authorization.authorize.parameters import find_base
from sickbay.authorization.models import Client, Policy, Server, TokenFamily
from sickbay.authorization.requests import AuthorizeRequest, TokenRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.fhir.visibility import is_enforceable
from sickbay.kernel.memoize import memoize
from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import parse_registered_scopes, read_spelling
from sickbay.protocol.scopes import LaunchScope, ResourceScope, Scope


class Demands(NamedTuple):
    """What well-formed, registered scopes still need from the server that grants them.

    types: resource types as in FHIR. contexts: types of launch/ scopes, in lower case.
    """

    versions: frozenset[str]
    wildcard: bool
    types: tuple[str, ...]
    contexts: tuple[str, ...]


def is_ordinary_authorize(request: AuthorizeRequest, client: Client, server: Server) -> bool:
    """Whether an authorization request asks for scopes that the server can grant as requested."""
    text = request.parameters.get("scope") or ""
    demands = _authorize_demands(text, client.scope)
    if demands is None or request.as_sent("scope") != text or not _is_allowed(demands, server.policy, client):
        return False
    named = find_base(request, server)
    types = requested_scopes.types_of((named,) if named else server.fhir_bases, server)
    exists_there = bool(types) and not demands.contexts
    return _have_known_types(demands, types) and (exists_there or _exist_somewhere(demands, server))


def is_ordinary_service(request: TokenRequest, client: Client, server: Server) -> bool:
    """Whether the scopes of a client_credentials request are granted as requested."""
    demands = _service_demands(request.parameters.get("scope") or "", client.scope)
    if demands is None or not _is_allowed(demands, server.policy, client):
        return False
    bases = requested_scopes.bases_of(server, request.parameters.get("resource") or "", client.fhir)
    return _have_known_types(demands, requested_scopes.types_of(bases, server))


def _have_known_types(demands: Demands, types: Collection[str]) -> bool:
    return not types or not [name for name in demands.types if name not in types]


def is_ordinary_refresh(request: TokenRequest, client: Client, server: Server, family: TokenFamily) -> bool:
    """Whether a refresh requests scopes that the grant names literally, and all of the grant is still registered."""
    demands = _grant_demands(family.scope, client.scope)
    if demands is None or not _is_allowed(demands, server.policy, client):
        return False
    text = request.parameters.get("scope")
    return _exist_somewhere(demands, server) and (not text or _is_part(text, family.scope))


def _is_allowed(demands: Demands, policy: Policy, client: Client) -> bool:
    other = policy.scope_versions if policy.mixed_scope_versions else ()
    versions = demands.versions <= {f"v{client.smart_version}", *other}
    return versions and (policy.wildcard_scopes or not demands.wildcard)


def _exist_somewhere(demands: Demands, server: Server) -> bool:
    """Whether each type exists in the FHIR version of at least one base."""
    known = [types for types in server.resource_types.values() if types]
    if not known or not (demands.types or demands.contexts):
        return True
    lower = {name.lower() for types in known for name in types} if demands.contexts else set()
    missing = [name for name in demands.types if not [types for types in known if name in types]]
    return not missing and lower.issuperset(demands.contexts)


@memoize(512)
def _authorize_demands(text: str, registration: str) -> Demands | None:
    """Returns None if a scope is a system scope, is misspelt or isn't registered, or has a filter with unusual characters."""
    tokens = read_spelling(text).tokens
    parsed = scopes.parse_scopes(tokens)
    system = any(isinstance(scope, ResourceScope) and scope.level == "system" for scope in parsed)
    if not text.strip() or "," in text or "%" in text or requested_scopes.find_wrong_separators(text) or system:
        return None
    demands = _read_demands(tokens, parsed, parse_registered_scopes(registration))
    wildcards = any(scope.wildcard for scope in scopes.list_resources(registration))
    return demands if demands is None or wildcards or not demands.wildcard else None


@memoize(512)
def _service_demands(text: str, registration: str) -> Demands | None:
    """Returns None if a scope isn't a system scope, is misspelt or isn't registered."""
    tokens = read_spelling(text).tokens
    parsed = scopes.parse_scopes(tokens)
    system = all(isinstance(scope, ResourceScope) and scope.level == "system" for scope in parsed)
    if not text.strip() or requested_scopes.find_wrong_separators(text) or not system:
        return None
    return _read_demands(tokens, parsed, scopes.parse_scopes(scopes.split(registration)))


@memoize(512)
def _grant_demands(text: str, registration: str) -> Demands | None:
    """Returns None if a scope of the grant is no longer registered."""
    tokens = scopes.split(text)
    parsed = scopes.parse_scopes(tokens)
    if any(isinstance(scope, ResourceScope) and scope.level == "system" for scope in parsed):
        return None
    return _read_demands(tokens, parsed, parse_registered_scopes(registration))


@memoize(512)
def _is_part(text: str, granted: str) -> bool:
    return not requested_scopes.find_wrong_separators(text) and set(scopes.split(granted)).issuperset(
        {*read_spelling(text).tokens, *scopes.split(text)}
    )


def _read_demands(tokens: tuple[str, ...], requested: tuple[Scope, ...], allowed: tuple[Scope, ...]) -> Demands | None:
    if not tokens or len(requested) < len(tokens):
        return None
    if not all(is_enforceable(scope) and scopes.is_covered(scope, allowed) for scope in requested):
        return None
    resources = [scope for scope in requested if isinstance(scope, ResourceScope)]
    contexts = [scope.type for scope in requested if isinstance(scope, LaunchScope) and scope.type]
    types = [scope.type for scope in resources if not scope.wildcard]
    wildcard = any(scope.wildcard for scope in resources)
    return Demands(
        frozenset(scope.version for scope in resources), wildcard, _drop_duplicates(types), _drop_duplicates(contexts)
    )


def _drop_duplicates(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
