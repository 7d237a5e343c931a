"""Which of the scopes asked for can't be granted at all (RFC 6749 3.3, SMART 2.2 Scopes): the same wherever scopes are asked.

Each function gives one refusal for all scopes that have its fault, or None.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import Any

from sickbay.authorization.authorize.parameters import base_here, misjoined
from sickbay.authorization.models import Policy, Server
from sickbay.authorization.refusals import scope as refusals
from sickbay.authorization.resource_types import ALL_TYPES, nearest
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import Refusal, RefusalType
from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import spelling
from sickbay.protocol.scopes import ResourceScope


def refusal(kind: RefusalType, wrong: Sequence[str], corrected: list[str] | None = None, **more: Any) -> Refusal | None:
    """A refusal over these scopes; `corrected` has the right one for each, in the same order."""
    facts = {"received": list(wrong), "expected": corrected, "scopes": list(wrong), "corrected": corrected or []}
    return kind.with_facts(facts | more) if wrong else None


def separated_wrongly(text: str) -> Refusal | None:
    facts = {"received": text, "expected": " ".join(spelling(text).tokens)}
    return next((kind.with_facts(facts) for kind in misjoined(text)), None)


def wrong_case(tokens: Sequence[str]) -> Refusal | None:
    wrong = [(token, right) for token in tokens if (right := scopes.recased(token, ALL_TYPES))]
    return refusal(refusals.SCOPE_WRONG_CASE, [one for one, _ in wrong], [right for _, right in wrong])


def wrong_order(tokens: Sequence[str]) -> Refusal | None:
    wrong = [(token, right) for token in tokens if (right := scopes.reordered(token))]
    return refusal(refusals.SCOPE_V2_ORDER, [one for one, _ in wrong], [right for _, right in wrong])


CLAIMS = frozenset({"email", "phone", "address"})
"""Scopes of OpenID Connect for claims that an EHR doesn't have. Libraries send them by default, and a scope that a server
doesn't support should be ignored (OpenID Connect Core 3.1.2.1, 5.4): they are left out, not refused.
"""


def malformed(tokens: Sequence[str], ignored: Collection[str] = ()) -> Refusal | None:
    """`ignored`: scopes that are left out instead, next to one that is not."""
    ignored = () if set(tokens) <= set(ignored) else ignored
    wrong = [
        token
        for token in tokens
        if token not in ignored
        and not scopes.parse(token)
        and not scopes.recased(token, ALL_TYPES)
        and not scopes.reordered(token)
    ]
    return refusal(refusals.SCOPE_MALFORMED, wrong, likely=[_likely(one) if at < FEW else "" for at, one in enumerate(wrong)])


def unenforceable(asked: Sequence[ResourceScope]) -> Refusal | None:
    wrong = [scope.text for scope in asked if not scope.enforceable]
    return refusal(refusals.SCOPE_MALFORMED, wrong, likely=[one.partition("?")[0] for one in wrong])


def of_another_version(asked: Sequence[ResourceScope], policy: Policy, smart_version: int) -> Refusal | None:
    app, other = ("v1", "v2") if smart_version == 1 else ("v2", "v1")
    if other in policy.scope_versions and policy.mixed_scope_versions:
        return None
    wrong = [scope for scope in asked if scope.version == other]
    corrected = [scopes.in_version(scope, app) for scope in wrong]
    return refusal(refusals.SCOPE_V1_ON_V2_APP, [one.text for one in wrong], corrected, app_version=app, sent_version=other)


def of_the_system(asked: Sequence[ResourceScope]) -> Refusal | None:
    """In a flow of a person."""
    wrong = [one.text for one in asked if one.level == "system"]
    return refusal(refusals.SCOPE_SYSTEM_IN_USER_FLOW, wrong, [one.replace("system/", "user/", 1) for one in wrong])


def wildcards(asked: Sequence[ResourceScope], policy: Policy) -> Refusal | None:
    wrong = [] if policy.wildcard_scopes else [scope.text for scope in asked if scope.wildcard]
    return refusal(refusals.SCOPE_WILDCARD_NOT_ALLOWED, wrong)


def nowhere(asked: Sequence[ResourceScope], types: Sequence[str]) -> list[ResourceScope]:
    """Those of a type that is not among these; none if the types are not known."""
    return [one for one in asked if types and not one.wildcard and one.type not in types]


def of_unknown_types(asked: Sequence[ResourceScope], types: tuple[str, ...], versions: Sequence[str]) -> Refusal | None:
    wrong = nowhere(asked, types)
    near = [nearest(one.type[:LONGEST], types) if at < FEW else None for at, one in enumerate(wrong)]
    corrected = [one.text.replace(f"/{one.type}.", f"/{name}.") if name else "" for one, name in zip(wrong, near, strict=True)]
    texts = [one.text for one in wrong]
    return refusal(refusals.SCOPE_RESOURCE_NOT_IN_VERSION, texts, corrected, version=", ".join(versions))


def types_of(bases: Sequence[str], server: Server) -> tuple[str, ...]:
    """The types of these bases; () where one is unknown."""
    known = [server.resource_types.get(one, ()) for one in bases]
    return known[0] if len(known) == 1 else tuple(chain.from_iterable(known)) if all(known) else ()


def bases_of(server: Server, resource: str, fhir: str) -> tuple[str, ...]:
    """The FHIR bases that a token would be for: the one that a resource indicator names, else those of this version."""
    named = base_here(resource, server) if resource else None
    if named:
        return (named,)
    number = VERSIONS[fhir].number if fhir in VERSIONS else ""
    return tuple(one for one, version in server.fhir_versions.items() if version == number) or server.fhir_bases


def mixed(asked: Sequence[scopes.Scope]) -> Refusal | None:
    """A token is either for a person, or for a service without one: no flow gives both (SMART 2.2, Backend Services)."""
    others = [one.text for one in asked if not isinstance(one, ResourceScope) or one.level != "system"]
    system = [one.text for one in asked if one.text not in others]
    return refusal(refusals.SCOPE_LEVELS_MIXED, system, others=others) if others else None


def spelt_wrongly(tokens: Sequence[str]) -> Refusal | None:
    """The first fault in how scopes are spelt."""
    return wrong_case(tokens) or wrong_order(tokens) or malformed(tokens) or unenforceable(resources(tokens))


def misspelt(text: str) -> tuple[str, ...]:
    """Of a list of scopes that isn't requested but configured: what is wrong, all of it if they are not separated by spaces."""
    if separated_wrongly(text):
        return (text,)
    found = spelt_wrongly(spelling(text).tokens)
    return tuple(found.facts["scopes"]) if found else ()


def resources(tokens: Sequence[str]) -> tuple[ResourceScope, ...]:
    return tuple(one for one in scopes.parse_all(tuple(tokens)) if isinstance(one, ResourceScope))


FEW, LONGEST = 20, 200
"""Wrong scopes for which a correction is suggested, and characters of a scope that is compared with others."""
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
_OTHERWISE = {"refresh_token": "offline_access", **dict.fromkeys(CLAIMS, "fhirUser")}
"""Scopes of others, and SMART's for the same wish."""


def _near(token: str) -> str:
    """The scope that it resembles: of those without a resource, or with another word behind the dot."""
    if len(token) > LONGEST:
        return ""
    head, dot, access = token.rpartition(".")
    close = [f"{head}.{one}" for one in get_close_matches(access, ("read", "write", "rs", "cruds"), 1, 0.5)] if dot else []
    close += get_close_matches(token, _WORDS, 1, 0.8)
    return _OTHERWISE.get(token) or next(filter(scopes.parse, close), "")
