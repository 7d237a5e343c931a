"""Finds requested scopes that can never be granted (RFC 6749 3.3, SMART 2.2 Scopes), for every endpoint that accepts scopes.

Each function returns one refusal for all scopes with its fault, or None.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any

from sickbay.authorization.bases import find_own_base
from sickbay.authorization.models import Policy, Server
from sickbay.authorization.refusals import scope as refusals
from sickbay.authorization.scopes.resource_types import ALL_TYPES, find_nearest
from sickbay.fhir.versions import VERSIONS
from sickbay.fhir.visibility import is_enforceable
from sickbay.kernel.checks import Refusal, RefusalType
from sickbay.kernel.memoize import memoize
from sickbay.kernel.similar_names import find_closest
from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import read_spelling
from sickbay.protocol.scopes import ResourceScope


def make_refusal(kind: RefusalType, wrong: Sequence[str], corrected: list[str] | None = None, **more: Any) -> Refusal | None:
    """Returns a refusal of these scopes. `corrected` has the right scope for each, in the same order."""
    facts = {"received": list(wrong), "expected": corrected, "scopes": list(wrong), "corrected": corrected or []}
    return kind.with_facts(facts | more) if wrong else None


def tokens_of(text: str) -> tuple[str, ...]:
    """Returns the scopes that were meant, whatever separates them and however often they were encoded."""
    return read_spelling(scopes.decode_again(text)).tokens


@memoize(4096)
def find_wrong_separators(text: str) -> tuple[RefusalType, ...]:
    """Returns the refusals for anything between or around scopes other than a single space (RFC 6749 3.3, appendix A.4).

    Keycloak and node-oidc-provider refuse extra spaces too. They are reported only if nothing else is wrong: a list that was
    written over several lines has some as well.
    """
    scope_text = read_spelling(text)
    problems = {
        refusals.SCOPE_COMMA_SEPARATED: scope_text.commas,
        refusals.SCOPE_PLUS_LITERAL: scope_text.pluses,
        refusals.SCOPE_TAB_SEPARATED: scope_text.tabs,
        refusals.SCOPE_SEPARATOR_WRONG: bool(scope_text.separators),
        refusals.SCOPE_HAS_STRAY_CHARACTERS: bool(scope_text.array or scope_text.stray or scope_text.name),
    }
    extra_spaces = (refusals.SCOPE_HAS_STRAY_CHARACTERS,) if scopes.has_extra_spaces(text) else ()
    return tuple(refusal for refusal, present in problems.items() if present) or extra_spaces


def remove_extra_spaces(text: str) -> str:
    return " ".join(filter(None, text.split(" ")))


def refuse_separators(text: str, *, extra_spaces: bool = True) -> Refusal | None:
    """Refuses a text that isn't a list of scopes: encoded twice, or with wrong characters between or around the scopes.

    extra_spaces: whether to refuse them too.
    """
    text = text if extra_spaces else remove_extra_spaces(text)
    if scopes.is_encoded_twice(text):
        return refusals.SCOPE_DOUBLE_ENCODED(received=text, expected=scopes.decode_again(text))
    facts = {"received": text, "expected": " ".join(read_spelling(text).tokens)}
    return next((kind.with_facts(facts) for kind in find_wrong_separators(text)), None)


def wrong_case(tokens: Sequence[str]) -> Refusal | None:
    miscased = [(token, corrected) for token in tokens if (corrected := scopes.correct_case(token, ALL_TYPES))]
    return make_refusal(refusals.SCOPE_WRONG_CASE, [token for token, _ in miscased], [corrected for _, corrected in miscased])


def wrong_order(tokens: Sequence[str]) -> Refusal | None:
    misordered = [(token, corrected) for token in tokens if (corrected := scopes.reorder_letters(token))]
    return make_refusal(refusals.SCOPE_V2_ORDER, [token for token, _ in misordered], [corrected for _, corrected in misordered])


CLAIMS = frozenset({"email", "phone", "address"})
"""OpenID Connect scopes for claims that an EHR doesn't have. Libraries send them by default, and a server should ignore scopes
that it doesn't support (OpenID Connect Core 3.1.2.1, 5.4), so they are left out instead of refused.
"""


def list_ignored_scopes(tokens: Sequence[str], server: object) -> frozenset[str]:
    """Scopes that don't make a request malformed: OpenID Connect's claims, and at an unknown server those of other services.

    Such a server may define scopes of its own, as OpenEMR does with `api:fhir` (RFC 6749 3.3).
    """
    return CLAIMS if isinstance(server, Server) else CLAIMS.union(filter(_OF_OTHER_SERVICES.fullmatch, tokens))


_OF_OTHER_SERVICES = re.compile(r"(?!(?:patient|user|system)s?:)[a-z][\w-]{0,60}:[\w:.-]{1,200}")


def refuse_malformed_scopes(tokens: Sequence[str], ignored: Collection[str] = (), smart_version: int = 2) -> Refusal | None:
    """`ignored`: scopes that are left out instead if any other scope is requested. smart_version: of the app, if known."""
    ignored = () if set(tokens) <= set(ignored) else ignored
    malformed_scopes = [
        token
        for token in tokens
        if token not in ignored
        and not scopes.parse(token)
        and not scopes.correct_case(token, ALL_TYPES)
        and not scopes.reorder_letters(token)
    ]
    return make_refusal(
        refusals.SCOPE_MALFORMED,
        malformed_scopes,
        likely=[
            _guess_meaning(token, smart_version) if index < CORRECTED_SCOPES else ""
            for index, token in enumerate(malformed_scopes)
        ],
    )


def refuse_unenforceable_filters(requested: Sequence[ResourceScope]) -> Refusal | None:
    filtered = [scope.text for scope in requested if not is_enforceable(scope)]
    return make_refusal(refusals.SCOPE_FILTER_UNSUPPORTED, filtered, [text.partition("?")[0] for text in filtered])


def refuse_another_version(requested: Sequence[ResourceScope], policy: Policy, smart_version: int) -> Refusal | None:
    app, other = ("v1", "v2") if smart_version == 1 else ("v2", "v1")
    if other in policy.scope_versions and policy.mixed_scope_versions:
        return None
    in_other_version = [scope for scope in requested if scope.version == other]
    corrected = [scopes.convert_to_version(scope, app) for scope in in_other_version]
    return make_refusal(
        refusals.SCOPE_V1_ON_V2_APP, [scope.text for scope in in_other_version], corrected, app_version=app, sent_version=other
    )


def refuse_system_scopes(requested: Sequence[ResourceScope]) -> Refusal | None:
    """Refuses system scopes in a user's flow."""
    system_scopes = [scope.text for scope in requested if scope.level == "system"]
    return make_refusal(
        refusals.SCOPE_SYSTEM_IN_USER_FLOW, system_scopes, [text.replace("system/", "user/", 1) for text in system_scopes]
    )


def refuse_wildcards(requested: Sequence[ResourceScope], policy: Policy) -> Refusal | None:
    wildcard_scopes = [] if policy.wildcard_scopes else [scope.text for scope in requested if scope.wildcard]
    return make_refusal(refusals.SCOPE_WILDCARD_NOT_ALLOWED, wildcard_scopes)


def scopes_of_missing_types(requested: Sequence[ResourceScope], types: Sequence[str]) -> list[ResourceScope]:
    """Returns the scopes of types that aren't among these; none if the types aren't known."""
    return [scope for scope in requested if types and not scope.wildcard and scope.type not in types]


def refuse_unknown_types(requested: Sequence[ResourceScope], types: tuple[str, ...], versions: Sequence[str]) -> Refusal | None:
    unknown = scopes_of_missing_types(requested, types)
    near = [
        find_nearest(scope.type[:MAXIMUM_COMPARED_CHARACTERS], types) if index < CORRECTED_SCOPES else None
        for index, scope in enumerate(unknown)
    ]
    corrected = [
        scope.text.replace(f"/{scope.type}.", f"/{name}.") if name else "" for scope, name in zip(unknown, near, strict=True)
    ]
    texts = [scope.text for scope in unknown]
    return make_refusal(refusals.SCOPE_RESOURCE_NOT_IN_VERSION, texts, corrected, version=", ".join(versions))


def types_of(bases: Sequence[str], server: Server) -> tuple[str, ...]:
    """Returns the types of these bases; () if those of a base aren't known."""
    known = [server.resource_types.get(base, ()) for base in bases]
    return known[0] if len(known) == 1 else tuple(chain.from_iterable(known)) if all(known) else ()


def bases_of(server: Server, resource: str, fhir: str) -> tuple[str, ...]:
    """Returns the FHIR bases that a token would be for: the resource indicator's, or all of the app's FHIR version."""
    named = find_own_base(resource, server) if resource else None
    if named:
        return (named,)
    number = VERSIONS[fhir].number if fhir in VERSIONS else ""
    return tuple(base for base, version in server.fhir_versions.items() if version == number) or server.fhir_bases


def refuse_mixed_levels(requested: Sequence[scopes.Scope]) -> Refusal | None:
    """A token is either for a user or for a backend service: no flow gives both (SMART 2.2, Backend Services)."""
    others = [scope.text for scope in requested if not isinstance(scope, ResourceScope) or scope.level != "system"]
    system = [scope.text for scope in requested if scope.text not in others]
    return make_refusal(refusals.SCOPE_LEVELS_MIXED, system, others=others) if others else None


def find_spelling_refusal(tokens: Sequence[str]) -> Refusal | None:
    """Returns the refusal of the first spelling fault."""
    return (
        wrong_case(tokens)
        or wrong_order(tokens)
        or refuse_malformed_scopes(tokens)
        or refuse_unenforceable_filters(parse_resource_scopes(tokens))
    )


def list_misspelt(text: str) -> tuple[str, ...]:
    """Returns the wrong scopes of a configured list; the whole text if they aren't separated by spaces."""
    if refuse_separators(text, extra_spaces=False):
        return (text,)
    refused = find_spelling_refusal(read_spelling(text).tokens)
    return tuple(refused.facts["scopes"]) if refused else ()


def parse_resource_scopes(tokens: Sequence[str]) -> tuple[ResourceScope, ...]:
    return tuple(scope for scope in scopes.parse_scopes(tuple(tokens)) if isinstance(scope, ResourceScope))


CORRECTED_SCOPES, MAXIMUM_COMPARED_CHARACTERS = 20, 200
"""Maximum number of scopes that get a suggestion, and maximum length in characters of a scope to compare."""
LAUNCHES = ("patient/launch", "encounter/launch")
"""Context scopes in the wrong word order."""


def _guess_meaning(token: str, smart_version: int) -> str:
    """Returns what a malformed scope most likely meant, or "": dots instead of slashes, .search instead of .s, a URI instead of
    its scope, a filter that SMART 1 doesn't have, or a typo.
    """
    if isinstance(bare := scopes.parse(token.partition("?")[0]), ResourceScope) and bare.version == "v1":
        return bare.text if smart_version == 1 else scopes.convert_to_version(bare, "v2") + token[len(bare.text) :]
    head, question, filters = token.removeprefix("http://smarthealthit.org/fhir/scopes/").partition("?")
    token = head.translate(_SLASHES).replace("..", ".") + question + filters
    token = token.strip(".,:/") if scopes.parse(token.strip(".,:/")) else token
    candidate = token.replace(".", "/", 1) if token.split(".")[0] in ("patient", "user", "system") else token
    for word, letters in ((".search", ".s"), (".view", ".rs"), (".all", ".cruds"), (".readwrite", ".cruds")):
        candidate = candidate.replace(word, letters)
    candidate = candidate if "." in candidate or "/" not in candidate or candidate.startswith(LAUNCHES) else f"{candidate}.rs"
    swapped = dict(zip(LAUNCHES, ("launch/patient", "launch/encounter"), strict=True)).get(candidate, candidate)
    return swapped if scopes.parse(swapped) else _most_similar(token)


_SLASHES = str.maketrans("\\:\uff0f\u2044\u2215", "/////")
"""Characters typed instead of a slash."""
_WORDS = (*scopes.PLAIN, "launch", "launch/patient", "launch/encounter")
_EQUIVALENTS = {"refresh_token": "offline_access", **dict.fromkeys(CLAIMS, "fhirUser")}
"""Scopes of other specifications, and SMART's scope for the same purpose."""


def _most_similar(token: str) -> str:
    """Returns the most similar scope: one without a resource, or the same with another suffix after the dot."""
    if len(token) > MAXIMUM_COMPARED_CHARACTERS:
        return ""
    head, dot, access = token.rpartition(".")
    suffix, word = (
        find_closest(access, ("read", "write", "rs", "cruds"), 0.5) if dot else None,
        find_closest(token, _WORDS, 0.8),
    )
    close = [*([f"{head}.{suffix}"] if suffix else ()), *([word] if word else ())]
    return _EQUIVALENTS.get(token) or next(filter(scopes.parse, close), "")
