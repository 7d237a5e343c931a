"""The scopes of a client_credentials request (SMART 2.2, Backend Services): the checks of every request, and system/ only."""

from __future__ import annotations

from collections.abc import Callable

from sickbay.authorization import requested_scopes
from sickbay.authorization.authorize.granting import UNASKED
from sickbay.authorization.authorize.parameters import misjoined
from sickbay.authorization.client_authentication import TokenCheck, client_is_registered
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client, Policy, Server
from sickbay.authorization.refusals import scope as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.resource_types import ALL_TYPES
from sickbay.kernel.checks import Refusal, check
from sickbay.kernel.memoize import memoize
from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import spelling

_UNUSUAL = "unusual_scopes"
"""The attribute of `known` that says whether any of these checks can refuse."""


@memoize(512)
def _is_plain(text: str) -> bool:
    """Whether all of these are scopes of the system, well spelt, that can be enforced."""
    tokens = spelling(text).tokens
    return requested_scopes.spelt_wrongly(tokens) is None and len(_system(tokens)) == len(tokens)


def _scope_check(
    name: str, decide: Callable[[tuple[str, ...], TokenContext], Refusal | None], *, text_only: bool = False
) -> TokenCheck:
    """A check over the scopes asked for, however they are separated. Most requests have none that it could refuse."""

    def over(request: TokenRequest, known: TokenContext) -> Refusal | None:
        text = request.parameters.get("scope") or ""
        if text_only and _is_plain(text):
            return None
        return decide(spelling(text).tokens, known)

    over.__name__ = name
    return check(requires=("client",), after=(scope_is_sent, client_is_registered), inputs=_UNUSUAL)(over)


def _asked(request: TokenRequest) -> tuple[str, ...]:
    return spelling(request.parameters.get("scope") or "").tokens


@check(inputs=_UNUSUAL)
def scope_is_sent(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """SMART requires it. A lenient app gets a default instead, all that is registered (RFC 6749 3.3)."""
    if (request.parameters.get("scope") or "").strip() or _is_lenient(known):
        return None
    registered = known.client.scope if isinstance(known.client, Client) else None
    return refusals.BACKEND_SCOPE_MISSING(received=None, registered=registered)


@check(after=(scope_is_sent,), inputs=_UNUSUAL)
def scopes_are_separated_by_spaces(request: TokenRequest, known: TokenContext) -> Refusal | None:
    text = request.parameters.get("scope") or ""
    facts = {"received": text, "expected": " ".join(_asked(request))}
    return next((kind.with_facts(facts) for kind in misjoined(text)), None)


def offered(
    asked: tuple[str, ...], client: Client, policy: Policy, types: tuple[str, ...] = ()
) -> tuple[tuple[str, bool, str], ...]:
    """Of each scope asked, whether it is granted, and why not, or why it is there unasked. Where nothing is dropped, what is
    wrong was refused before. types: of the FHIR base that the token is for; () if they are not known.
    """
    held = scopes.parse_all(scopes.split(client.scope))
    rows = [(one, not (why := _why_not(one, held, client, policy, types)), why) for one in asked]
    if policy.grants_registered or not asked:
        more = [one for one in held if isinstance(one, scopes.ResourceScope) and one.level == "system"]
        more = more if asked else [one for one in more if not _why_not(one.text, held, client, policy, types)]
        rows += [(one.text, True, UNASKED) for one in more if one.text not in asked]
    return tuple(rows)


def _why_not(text: str, held: tuple[scopes.Scope, ...], client: Client, policy: Policy, types: tuple[str, ...]) -> str:
    scope = scopes.parse(text)
    if not isinstance(scope, scopes.ResourceScope) or scope.level != "system":
        return "isn't for backend services"
    if scope.wildcard and not policy.wildcard_scopes:
        return "is a wildcard, which this server doesn't grant"
    if requested_scopes.nowhere((scope,), types):
        return "names a resource type that doesn't exist in this FHIR version"
    if requested_scopes.of_another_version((scope,), policy, client.smart_version):
        return f"uses the syntax of SMART {scope.version}, but the app is registered for v{client.smart_version}"
    if not scope.enforceable:
        return "has a filter that this server can't enforce"
    return "" if scopes.covered(scope, held) else "isn't registered for this app"


def _is_lenient(known: TokenContext) -> bool:
    return isinstance(known.client, Client) and known.client.scope_mode == "lenient"


def _drops(known: TokenContext) -> Policy | None:
    """The policy of a server that leaves out in silence what it does not grant: to every app, or to a lenient one."""
    policy = known.server.policy if isinstance(known.server, Server) else None
    return policy if policy is not None and (policy.drop_unregistered_scopes or _is_lenient(known)) else None


def _not_system(asked: tuple[str, ...], known: TokenContext) -> Refusal | None:
    parsed = {one: scope for one in asked if (scope := scopes.parse(_recased(one)))}
    wrong = [one for one, scope in parsed.items() if not isinstance(scope, scopes.ResourceScope) or scope.level != "system"]
    policy = _drops(known)
    if policy and (policy.mixed_levels or len(wrong) == len(asked)):
        return None
    return refusals.BACKEND_SCOPE_NOT_SYSTEM(scopes=wrong, received=asked) if wrong else None


def _recased(token: str) -> str:
    """One fault must not hide another: a scope in the wrong case or order is still of its level."""
    return scopes.recased(token, ALL_TYPES) or scopes.reordered(token) or token


def _spelt(
    decide: Callable[[tuple[str, ...]], Refusal | None],
) -> Callable[[tuple[str, ...], TokenContext], Refusal | None]:
    """The same check as for an authorization request; a server that drops what it does not grant refuses nothing."""
    return lambda asked, known: None if _drops(known) else decide(asked)


def _another_version(asked: tuple[str, ...], known: TokenContext) -> Refusal | None:
    policy = known.server.policy if isinstance(known.server, Server) else Policy()
    version = known.client.smart_version if isinstance(known.client, Client) else 2
    return None if _drops(known) else requested_scopes.of_another_version(_system(asked), policy, version)


def _wildcard(asked: tuple[str, ...], known: TokenContext) -> Refusal | None:
    policy = known.server.policy if isinstance(known.server, Server) else Policy()
    return None if _drops(known) else requested_scopes.wildcards(_system(asked), policy)


def _unenforceable(asked: tuple[str, ...], known: TokenContext) -> Refusal | None:
    return None if _drops(known) else requested_scopes.unenforceable(_system(asked))


@check(requires=("client", "server"), after=(scope_is_sent, client_is_registered), inputs=_UNUSUAL)
def scope_types_exist_in_the_fhir_version(request: TokenRequest, known: TokenContext) -> Refusal | None:
    if _drops(known):
        return None
    bases = bases_of(request, known)
    assert isinstance(known.server, Server)
    types = requested_scopes.types_of(bases, known.server)
    versions = sorted({known.server.fhir_versions.get(one, "") for one in bases})
    return requested_scopes.of_unknown_types(_system(_asked(request)), types, versions)


def bases_of(request: TokenRequest, known: TokenContext) -> tuple[str, ...]:
    """The FHIR bases that the token would be for."""
    assert isinstance(known.server, Server)
    fhir = known.client.fhir if isinstance(known.client, Client) else ""
    return requested_scopes.bases_of(known.server, request.parameters.get("resource") or "", fhir)


def _system(asked: tuple[str, ...]) -> tuple[scopes.ResourceScope, ...]:
    """Those that could be a service's; others are another fault."""
    return tuple(one for one in requested_scopes.resources(tuple(map(_recased, asked))) if one.level == "system")


def _not_registered(asked: tuple[str, ...], known: TokenContext) -> Refusal | None:
    wrong = [] if _drops(known) else _unregistered(asked, known)
    registered = known.client.scope if isinstance(known.client, Client) else ""
    facts = {"received": wrong, "expected": None, "scopes": wrong, "corrected": [], "registered": registered}
    return refusals.SCOPE_NOT_REGISTERED.with_facts(facts) if wrong else None


@check(requires=("client",), after=(scope_is_sent, client_is_registered), inputs=_UNUSUAL)
def some_scope_is_granted(request: TokenRequest, known: TokenContext) -> Refusal | None:
    asked, policy = _asked(request), _drops(known)
    if policy and isinstance(known.client, Client) and isinstance(known.server, Server):
        types = requested_scopes.types_of(bases_of(request, known), known.server)
        left = sum(granted for _, granted, _ in offered(asked, known.client, policy, types))
    else:
        left = len(asked) - len(_unregistered(asked, known)) or not asked
    if left:
        return None
    registered = known.client.scope if isinstance(known.client, Client) else ""
    return refusals.BACKEND_EMPTY_SCOPES(received=asked, registered=registered)


def _unregistered(asked: tuple[str, ...], known: TokenContext) -> list[str]:
    """System scopes that the registration does not cover, as none does whose filter says nothing; others are another fault."""
    held = scopes.parse_all(scopes.split(known.client.scope)) if isinstance(known.client, Client) else ()
    parsed = {one: scopes.parse(one) for one in asked}
    system = {
        one: scope for one, scope in parsed.items() if isinstance(scope, scopes.ResourceScope) and scope.level == "system"
    }
    wrong = {one: scope for one, scope in system.items() if scope.enforceable and not scopes.covered(scope, held)}
    elsewhere = requested_scopes.nowhere(tuple(wrong.values()), _types(known)) if wrong else []
    return [one for one, scope in wrong.items() if scope not in elsewhere]


def _types(known: TokenContext) -> tuple[str, ...]:
    """All types of the hospital: one that is not among them is another fault."""
    return requested_scopes.types_of(known.server.fhir_bases, known.server) if isinstance(known.server, Server) else ()


CHECKS: tuple[TokenCheck, ...] = (
    scope_is_sent,
    scopes_are_separated_by_spaces,
    _scope_check("scopes_are_in_the_right_case", _spelt(requested_scopes.wrong_case), text_only=True),
    _scope_check("scope_letters_are_in_order", _spelt(requested_scopes.wrong_order), text_only=True),
    _scope_check("scopes_are_well_formed", _spelt(requested_scopes.malformed), text_only=True),
    _scope_check("scope_filters_are_plain", _unenforceable, text_only=True),
    _scope_check("scopes_are_of_the_system", _not_system, text_only=True),
    _scope_check("scopes_are_of_the_version_the_app_speaks", _another_version),
    _scope_check("wildcard_scopes_are_allowed", _wildcard),
    scope_types_exist_in_the_fhir_version,
    _scope_check("scopes_are_registered", _not_registered),
    some_scope_is_granted,
)
"""For client_credentials."""
