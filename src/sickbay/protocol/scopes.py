"""Scopes: the v1 and v2 grammars of SMART App Launch, strictly (2.2, Scopes and Launch Context; RFC 6749 3.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import unquote

from sickbay.kernel.memoize import memoize
from sickbay.protocol.parameters import parse as parse_form

Level: TypeAlias = Literal["patient", "user", "system"]

LETTERS = "cruds"
MOST, MANY = 20_000, 1000
"""Characters, and separators, of a text that is looked at for its scopes: hundreds of them. Nobody writes more."""
ROUNDS = 4
"""How often a text is decoded: each piece of a long one might ask for once more."""
V1 = {"read": "rs", "write": "cud", "*": "cruds"}
PLAIN = ("openid", "fhirUser", "profile", "online_access", "offline_access")
_RESOURCE = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]+)\."
    r"(?P<access>read|write|\*|(?=[cruds])c?r?u?d?s?)(?:\?(?P<filter>.+))?"
)
_AT_COMMAS = re.compile(
    r"[ \t\r\n]+|"
    r"(?<![?=|])(?:,\s*)+(?=$|(?:patient|user|system)/|(?:launch|openid|fhirUser|profile|online_access|offline_access)(?![\w|]))"
)
_LAUNCH = re.compile(r"launch(?:/(?P<type>[a-z]+))?(?:\?role=(?P<role>(?:(?!&role=)\S)+))?")
"""Of roles one at most."""


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """patient/Observation.rs?category=… : letters are of cruds, in that order; version is that of its spelling."""

    text: str
    level: Level
    type: str
    letters: str
    version: Literal["v1", "v2"]
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def wildcard(self) -> bool:
        return self.type == "*"

    @property
    def enforceable(self) -> bool:
        """Modifiers, chains, _has and _filter in a scope are experimental, and a filter without a value says nothing."""
        odd = ("", "_has", "_filter")
        return all(value and not set(":.") & set(name) and name not in odd for name, value in self.filters)


@dataclass(frozen=True, slots=True)
class LaunchScope:
    """launch (type None) or launch/patient, launch/encounter, launch/<lower case>; role where asked."""

    text: str
    type: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class PlainScope:
    """openid, fhirUser, profile, online_access, offline_access."""

    text: str


Scope: TypeAlias = ResourceScope | LaunchScope | PlainScope


@memoize(4096)
def split(text: str, separators: str = " ") -> tuple[str, ...]:
    """The tokens of a scope parameter, in order, each once. With a comma among the separators (a dialect's tolerance),
    a comma inside a ?filter separates nothing unless a scope begins behind it.
    """
    few = len(text) <= MOST and text.count(",") <= MANY
    pieces = _AT_COMMAS.split(text) if "," in separators and few else text.split(" ")
    return tuple(dict.fromkeys(piece for piece in pieces if piece))


def is_encoded_twice(text: str) -> bool:
    """%2F or %20 left in the decoded parameter, outside of ?filters."""
    return "%" in text and any(re.search(r"%2F|%20", piece.partition("?")[0], re.I) for piece in text.split())


def decoded_again(text: str) -> str:
    """Decoded until it no longer looks encoded, or has been decoded more often than anybody encodes."""
    for _ in range(ROUNDS):
        if not is_encoded_twice(text):
            break
        text = unquote(text)
    return text


def recased(token: str, types: tuple[str, ...] = ()) -> str | None:
    """The scope this token becomes by correcting letter case alone; None where it is one already, or is none then."""
    return None if parse(token) else _recased(token, types)


@memoize(4096)
def _recased(token: str, types: tuple[str, ...]) -> str | None:
    head, question, rest = token.partition("?")
    plain = {name.lower(): name for name in PLAIN}.get(token.lower())
    if plain or _LAUNCH.fullmatch(head.lower() + question + rest):
        return plain or head.lower() + question + rest
    match = re.fullmatch(r"(patient|user|system)/([a-z]+|\*)\.([a-z]+|\*)", head, re.I)
    if not match:
        return None
    kind = {one.lower(): one for one in types}.get(match[2].lower(), match[2][:1].upper() + match[2][1:])
    scope = f"{match[1].lower()}/{kind}.{match[3].lower()}{question}{rest}"
    return scope if parse(scope) else None


@memoize(4096)
def reordered(token: str) -> str | None:
    """The scope whose v2 letters stand in another order than c r u d s; None where that is not what is wrong."""
    match = re.fullmatch(r"((?:patient|user|system)/(?:\*|[A-Z][A-Za-z]+)\.)([cruds]+)(\?.+)?", token)
    if not match or parse(token) or len(set(match[2])) < len(match[2]):
        return None
    return match[1] + "".join(sorted(match[2], key=LETTERS.index)) + (match[3] or "")


def in_version(scope: ResourceScope, version: str) -> str:
    """The scope's text in the letters of "v1" or "v2"; unchanged where v1 has no word for it."""
    if scope.version == version:
        return scope.text
    access = scope.letters if version == "v2" else {of: word for word, of in V1.items()}.get(scope.letters, "")
    tail = scope.text.partition("?")
    return f"{scope.level}/{scope.type}.{access}{tail[1]}{tail[2]}" if access else scope.text


@memoize(4096)
def parse(text: str) -> Scope | None:
    """One scope, or None where it is none of the grammar's."""
    if text in PLAIN:
        return PlainScope(text)
    if match := _LAUNCH.fullmatch(text):
        return LaunchScope(text, match["type"], match["role"])
    match = _RESOURCE.fullmatch(text)
    return _resource(text, match) if match else None


def _resource(text: str, match: re.Match[str]) -> ResourceScope:
    access = match["access"]
    filters = parse_form(match["filter"] or "").pairs
    level: Level = match["level"]  # type: ignore[assignment]
    return ResourceScope(text, level, match["type"], V1.get(access, access), "v1" if access in V1 else "v2", filters)


def parse_all(tokens: tuple[str, ...]) -> tuple[Scope, ...]:
    """Those of the tokens that are scopes."""
    return tuple(scope for scope in map(parse, tokens) if scope)


@memoize(4096)
def resources(text: str) -> tuple[ResourceScope, ...]:
    """The resource scopes of a granted scope string."""
    return tuple(scope for scope in parse_all(split(text)) if isinstance(scope, ResourceScope))


def is_enforceable(scope: Scope) -> bool:
    """Whether a server can keep to this scope: see ResourceScope.enforceable."""
    return not isinstance(scope, ResourceScope) or scope.enforceable


def covers(held: Scope, asked: Scope) -> bool:
    """Whether whoever holds `held` holds `asked` too. A filter in `held` must stand in `asked` as well."""
    if held.text == asked.text:
        return True
    if isinstance(held, ResourceScope) and isinstance(asked, ResourceScope):
        return (
            held.level == asked.level
            and held.type in ("*", asked.type)
            and set(asked.letters) <= set(held.letters)
            and set(held.filters) <= set(asked.filters)
        )
    if isinstance(held, LaunchScope) and isinstance(asked, LaunchScope):
        return held.type == asked.type
    return held.text == asked.text


def covered(asked: Scope, held: tuple[Scope, ...]) -> bool:
    """Covered by one scope, or letter by letter by several of the same filters."""
    if any(covers(one, asked) for one in held):
        return True
    if not isinstance(asked, ResourceScope):
        return False
    return all(any(covers(one, _letter(asked, letter)) for one in held) for letter in asked.letters)


def _letter(scope: ResourceScope, letter: str) -> ResourceScope:
    return ResourceScope(scope.text, scope.level, scope.type, letter, scope.version, scope.filters)


def intersection(one: ResourceScope, other: ResourceScope) -> ResourceScope | None:
    """What both scopes permit, in the letters of `one`'s version; None if nothing, or if that version has no word for it."""
    letters = "".join(letter for letter in one.letters if letter in other.letters)
    types = {one.type, other.type} - {"*"}
    words = {of: word for word, of in V1.items()}
    access = letters if one.version == "v2" else words.get(letters, "")
    if one.level != other.level or len(types) > 1 or not access or not _agree(one, other):
        return None
    filters = dict.fromkeys(piece for scope in (one, other) for piece in scope.text.partition("?")[2].split("&") if piece)
    tail = f"?{'&'.join(filters)}" if filters else ""
    found = parse(f"{one.level}/{min(types, default='*')}.{access}{tail}")
    return found if isinstance(found, ResourceScope) else None


def _agree(one: ResourceScope, other: ResourceScope) -> bool:
    """Whether their filters don't contradict each other: two values of one parameter let nothing through, in most cases."""
    ours, theirs = set(one.filters), set(other.filters)
    names = {name for name, _ in ours} & {name for name, _ in theirs}
    return ours <= theirs or theirs <= ours or not names
