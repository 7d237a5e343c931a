"""Parses SMART v1 and v2 scopes strictly (SMART App Launch 2.2, Scopes and Launch Context; RFC 6749 3.3)."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias
from urllib.parse import unquote

from msgspec import Struct

from sickbay.kernel.memoize import memoize
from sickbay.protocol.parameters import parse as parse_form

Level: TypeAlias = Literal["patient", "user", "system"]

LETTERS = "cruds"
MAXIMUM_SCOPE_CHARACTERS, MAXIMUM_SCOPE_SEPARATORS = 20_000, 1000
"""The maximum numbers of characters and of separators in a text that is split into scopes. They allow hundreds of scopes."""
ROUNDS = 4
"""The maximum number of times that a text is decoded. Without it, a long text could require many rounds."""
V1 = {"read": "rs", "write": "cud", "*": "cruds"}
PLAIN = ("openid", "fhirUser", "profile", "online_access", "offline_access")
_RESOURCE = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]+)\."
    r"(?P<access>(?:read|write|\*)(?!\?)|(?=[cruds])c?r?u?d?s?)(?:\?(?P<filter>.+))?"
)
"""Only SMART 2 has filters, so a v1 scope with one is a scope of neither version."""
_AT_COMMAS = re.compile(
    r"[ \t\r\n]+|"
    r"(?<![?=|])(?:,\s*)+(?=$|(?:patient|user|system)/|(?:launch|openid|fhirUser|profile|online_access|offline_access)(?![\w|]))"
)
_LAUNCH = re.compile(r"launch(?:/(?P<type>[a-z]+))?(?:\?role=(?P<role>(?:(?!&role=)\S)+))?")
"""A launch scope has at most one role."""


class ResourceScope(Struct, frozen=True):
    """A scope such as patient/Observation.rs?category=….

    letters: letters of `cruds`, in that order. version: the SMART version whose syntax the text uses.
    """

    text: str
    level: Level
    type: str
    letters: str
    version: Literal["v1", "v2"]
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def wildcard(self) -> bool:
        return self.type == "*"


class LaunchScope(Struct, frozen=True):
    """A scope such as launch (type None), launch/patient or launch/encounter, perhaps with a role."""

    text: str
    type: str | None = None
    role: str | None = None


class PlainScope(Struct, frozen=True):
    """One of openid, fhirUser, profile, online_access and offline_access."""

    text: str


Scope: TypeAlias = ResourceScope | LaunchScope | PlainScope


@memoize(4096)
def split(text: str) -> tuple[str, ...]:
    """Returns the tokens of a scope parameter in order, each once."""
    return split_at(text, " ")


@memoize(4096)
def split_at(text: str, separators: str) -> tuple[str, ...]:
    """Splits like `split`, for a server that accepts other separators too.

    If `separators` contains a comma, which some dialects accept, a comma inside a ?filter is a separator only before the
    beginning of another scope.
    """
    few = len(text) <= MAXIMUM_SCOPE_CHARACTERS and text.count(",") <= MAXIMUM_SCOPE_SEPARATORS
    pieces = _AT_COMMAS.split(text) if "," in separators and few else text.split(" ")
    return tuple(dict.fromkeys(piece for piece in pieces if piece))


def has_extra_spaces(text: str) -> bool:
    """Whether scopes aren't separated by exactly one space, or a space is at the beginning or end (RFC 6749 appendix A.4)."""
    return ("  " in text or text != text.strip(" ")) and not text.isspace()


def is_encoded_twice(text: str) -> bool:
    """Whether the decoded parameter still contains %2F or %20 outside of ?filters."""
    return "%" in text and any(re.search(r"%2F|%20", piece.partition("?")[0], re.I) for piece in text.split())


def decode_again(text: str) -> str:
    """Decodes the text until it no longer looks encoded, at most ROUNDS times."""
    for _ in range(ROUNDS):
        if not is_encoded_twice(text):
            break
        text = unquote(text)
    return text


def correct_case(token: str, types: tuple[str, ...] = ()) -> str | None:
    """Returns the token as a scope in the correct letter case; None if it already is a scope, or that isn't the problem."""
    return None if parse(token) else _correct_case(token, types)


@memoize(4096)
def _correct_case(token: str, types: tuple[str, ...]) -> str | None:
    head, question, rest = token.partition("?")
    plain = {name.lower(): name for name in PLAIN}.get(token.lower())
    if plain or _LAUNCH.fullmatch(head.lower() + question + rest):
        return plain or head.lower() + question + rest
    match = re.fullmatch(r"(patient|user|system)/([a-z]+|\*)\.([a-z]+|\*)", head, re.I)
    if not match:
        return None
    kind = {name.lower(): name for name in types}.get(match[2].lower(), match[2][:1].upper() + match[2][1:])
    scope = f"{match[1].lower()}/{kind}.{match[3].lower()}{question}{rest}"
    return scope if parse(scope) else None


@memoize(4096)
def reorder_letters(token: str) -> str | None:
    """Returns the scope with its v2 letters in the order `cruds`; None if a wrong order isn't the problem."""
    match = re.fullmatch(r"((?:patient|user|system)/(?:\*|[A-Z][A-Za-z]+)\.)([cruds]+)(\?.+)?", token)
    if not match or parse(token) or len(set(match[2])) < len(match[2]):
        return None
    return match[1] + "".join(sorted(match[2], key=LETTERS.index)) + (match[3] or "")


def convert_to_version(scope: ResourceScope, version: str) -> str:
    """Returns the scope in the syntax of "v1" or "v2"; unchanged if v1 has no word for its letters, or it has a filter."""
    if scope.version == version or scope.filters:
        return scope.text
    access = scope.letters if version == "v2" else {letters: word for word, letters in V1.items()}.get(scope.letters, "")
    return f"{scope.level}/{scope.type}.{access}" if access else scope.text


@memoize(4096)
def parse(text: str) -> Scope | None:
    """Parses a single scope; None if it isn't valid."""
    if text in PLAIN:
        return PlainScope(text)
    if match := _LAUNCH.fullmatch(text):
        return LaunchScope(text, match["type"], match["role"])
    match = _RESOURCE.fullmatch(text)
    return _parse_resource_scope(text, match) if match else None


def _parse_resource_scope(text: str, match: re.Match[str]) -> ResourceScope:
    access = match["access"]
    filters = parse_form(match["filter"] or "").pairs
    level: Level = match["level"]  # type: ignore[assignment]
    return ResourceScope(text, level, match["type"], V1.get(access, access), "v1" if access in V1 else "v2", filters)


def parse_scopes(tokens: tuple[str, ...]) -> tuple[Scope, ...]:
    """Returns the scopes among the tokens; other tokens are left out."""
    return tuple(scope for scope in map(parse, tokens) if scope)


@memoize(4096)
def list_resources(text: str) -> tuple[ResourceScope, ...]:
    """Returns the resource scopes of a granted scope string."""
    return tuple(scope for scope in parse_scopes(split(text)) if isinstance(scope, ResourceScope))


def is_included(granted: Scope, requested: Scope) -> bool:
    """Whether the scope `granted` includes `requested`. Every filter in `granted` must be in `requested` too."""
    if granted.text == requested.text:
        return True
    if isinstance(granted, ResourceScope) and isinstance(requested, ResourceScope):
        return (
            granted.level == requested.level
            and granted.type in ("*", requested.type)
            and set(requested.letters) <= set(granted.letters)
            and set(granted.filters) <= set(requested.filters)
        )
    if isinstance(granted, LaunchScope) and isinstance(requested, LaunchScope):
        return granted.type == requested.type
    return granted.text == requested.text


def is_covered(requested: Scope, granted: tuple[Scope, ...]) -> bool:
    """Whether `requested` is included in one of the scopes, or each of its letters in at least one of them."""
    if requested.text in [scope.text for scope in granted] or any(is_included(scope, requested) for scope in granted):
        return True
    if not isinstance(requested, ResourceScope):
        return False
    return all(any(is_included(scope, _add_letter(requested, letter)) for scope in granted) for letter in requested.letters)


def _add_letter(scope: ResourceScope, letter: str) -> ResourceScope:
    return ResourceScope(scope.text, scope.level, scope.type, letter, scope.version, scope.filters)


def intersect(first: ResourceScope, second: ResourceScope) -> ResourceScope | None:
    """Returns the access common to both scopes in the syntax of `first`, with filters in that of SMART 2; None if empty or not
    expressible.
    """
    letters = "".join(letter for letter in first.letters if letter in second.letters)
    types = {first.type, second.type} - {"*"}
    words = {letters_of_word: word for word, letters_of_word in V1.items()}
    access = letters if first.version == "v2" or second.filters else words.get(letters, "")
    if first.level != second.level or len(types) > 1 or not access or not _filters_agree(first, second):
        return None
    filters = dict.fromkeys(piece for scope in (first, second) for piece in scope.text.partition("?")[2].split("&") if piece)
    tail = f"?{'&'.join(filters)}" if filters else ""
    common = parse(f"{first.level}/{min(types, default='*')}.{access}{tail}")
    return common if isinstance(common, ResourceScope) else None


def _filters_agree(first: ResourceScope, second: ResourceScope) -> bool:
    """Whether their filters can both match. Two different values of one parameter exclude each other in most cases."""
    ours, others = set(first.filters), set(second.filters)
    names = {name for name, _ in ours} & {name for name, _ in others}
    return ours <= others or others <= ours or not names
