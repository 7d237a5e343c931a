"""Reads misspelt scopes as intended, and reports wrong separators between them and stray characters around them.

RFC 6749 3.3 allows only spaces as separators. Apps also send commas, plus signs or semicolons, JSON arrays, quotation marks
and invisible characters. Callers that accept such scopes must refuse the request with what is reported here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.memoize import memoize
from sickbay.protocol.scopes import (
    MAXIMUM_SCOPE_CHARACTERS,
    MAXIMUM_SCOPE_SEPARATORS,
    Scope,
    correct_case,
    parse,
    parse_scopes,
    reorder_letters,
)

_SCOPE = r"(?:patient|user|system)/|(?:launch|openid|fhirUser|profile|online_access|offline_access)(?![\w|])"
"""Matches the beginning of a scope."""
_SEPARATOR_BEFORE_SCOPE = compile_late(rf"[,+](?={_SCOPE})")
_BLANKS = compile_late(r"[ \t\r\n]+")
"""A no-break space isn't a separator here: it makes a scope malformed, or is reported as a wrong separator."""
_BLANK = r"[\u00a0\u2000-\u200a\u3000]"
_ODD = rf"(?:[;|&]|{_BLANK})"
_UNSEEN = r"[\u00ad\u200b-\u200f\u2060\ufeff]"
_INVISIBLE, _INVISIBLE_SEPARATOR = compile_late(_UNSEEN), compile_late(rf"{_UNSEEN}++(?={_SCOPE})")
_QUOTES = r"[\"'`\u00ab\u00bb\u2018-\u201f]"
_BEFORE_A_SCOPE = compile_late(rf"(?:[;|&]|(?<!{_BLANK}){_BLANK})\s*+(?=$|{_SCOPE})", re.I)
"""For texts with filters, which may contain such characters themselves."""
_ANYWHERE = compile_late(rf"{_ODD}\s*")
_QUOTED = compile_late(rf"(?<![^\s,;|&+]){_QUOTES}++|(?<!{_QUOTES}){_QUOTES}++(?![^\s,;|&+])")
_ARRAY = compile_late(r"\s*([\[({])(.*)[\])}]\s*", re.S)
_NAME = compile_late(r"^\s*scopes?\s*[=:]\s*", re.I)


class Spelling(NamedTuple):
    """The tokens of a scope parameter, whatever separates them, and what was wrong between and around them."""

    tokens: tuple[str, ...]
    commas: bool = False
    pluses: bool = False
    tabs: bool = False
    """Whether tabs or line breaks separate scopes. RFC 6749 3.3 allows only spaces."""
    separators: str = ""
    """The other characters between scopes, each once."""
    array: str = ""
    """The opening bracket, if the scopes are a list."""
    stray: str = ""
    """Quotation marks and invisible characters, each once."""
    name: str = ""
    """The name of the parameter, if the value starts with it."""


@memoize(4096)
def read_spelling(text: str) -> Spelling:
    """Splits the text at whitespace, and at commas and plus signs that are outside a ?filter or before another scope.

    If some tokens aren't scopes, stray characters are removed, provided that this makes more tokens readable. A text that
    is longer than MAXIMUM_SCOPE_CHARACTERS, or has more than MAXIMUM_SCOPE_SEPARATORS, is a single token that isn't a scope.
    """
    if len(text) > MAXIMUM_SCOPE_CHARACTERS or sum(map(text.count, ", +\t\r\n;|&")) > MAXIMUM_SCOPE_SEPARATORS:
        return Spelling((text,))
    plain = _split_text(text)
    readable = [_is_readable(token) for token in plain.tokens]
    if all(readable):
        return plain
    bare = _split_without_stray(text)
    again = [_is_readable(token) for token in bare.tokens]
    return bare if again.count(False) < readable.count(False) or again.count(True) > readable.count(True) else plain


@memoize(4096)
def parse_registered_scopes(text: str) -> tuple[Scope, ...]:
    """Returns the scopes of a registration, whatever separates them."""
    return parse_scopes(read_spelling(text).tokens)


def _is_readable(token: str) -> bool:
    return bool(parse(token) or correct_case(token) or reorder_letters(token))


def _split_text(text: str) -> Spelling:
    tokens: list[str] = []
    separators = ""
    for piece in _BLANKS.split(text):
        parts, marks = _split_piece(piece)
        tokens += parts
        separators += marks
    read = tuple(dict.fromkeys(token for token in tokens if token))
    return Spelling(read, "," in separators, "+" in separators, re.search(r"[\t\r\n]", text) is not None)


def _split_piece(piece: str | None) -> tuple[list[str], str]:
    parts: list[str] = []
    marks = ""
    while piece is not None:
        head, question, filters = piece.partition("?")
        scopes_in_head = re.split(r"[,+]", head)
        marks += "".join(mark for mark in head if mark in ",+")
        joint = _SEPARATOR_BEFORE_SCOPE.search(filters)
        scopes_in_head[-1] += question + (filters[: joint.start()] if joint else filters)
        parts += scopes_in_head
        marks += joint.group() if joint else ""
        piece = filters[joint.end() :] if joint else None
    return parts, marks


def _split_without_stray(text: str) -> Spelling:
    """Reads the text without stray characters. The quotation marks and commas of a list belong to the list."""
    unseen = _INVISIBLE.findall(text)
    text = _INVISIBLE.sub("", _INVISIBLE_SEPARATOR.sub(" ", text))
    name = _NAME.match(text)
    text = _NAME.sub("", text, count=1)
    array = _ARRAY.fullmatch(text)
    text = array[2] if array else text
    quotes = "" if array else "".join(_QUOTED.findall(text))
    text = _QUOTED.sub("", text)
    joints = _BEFORE_A_SCOPE if "?" in text else _ANYWHERE
    read = _split_text(joints.sub(" ", text))
    return read._replace(
        commas=read.commas and not array,
        separators=_drop_duplicates(joint[0] for joint in joints.findall(text)),
        array=array[1] if array else "",
        stray=_drop_duplicates([*unseen, *quotes]),
        name=name[0].strip() if name else "",
    )


def _drop_duplicates(characters: Iterable[str]) -> str:
    return "".join(dict.fromkeys(characters))
