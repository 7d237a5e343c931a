"""How the scopes of a parameter are spelt: read as they were meant, with all that stood between or around them wrongly.

RFC 6749 3.3 knows the space alone. Scopes come joined by commas, plus signs or semicolons, as a JSON array, in quotation
marks, or with characters that nobody sees; whoever reads them so must refuse what was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sickbay.kernel.memoize import memoize
from sickbay.protocol.scopes import MANY, MOST, Scope, parse, parse_all, recased, reordered

_SCOPE = r"(?:patient|user|system)/|(?:launch|openid|fhirUser|profile|online_access|offline_access)(?![\w|])"
"""Where a scope begins."""
_JOINED = re.compile(rf"[,+](?={_SCOPE})")
_BLANKS = re.compile(r"[ \t\r\n]+")
"""A no-break space separates nothing: it makes a scope malformed, or is an odd separator."""
_BLANK = r"[\u00a0\u2000-\u200a\u3000]"
_ODD = rf"(?:[;|&]|{_BLANK})"
_UNSEEN = r"[\u00ad\u200b-\u200f\u2060\ufeff]"
_QUOTES = r"[\"'`\u00ab\u00bb\u2018-\u201f]"
_BEFORE_A_SCOPE = re.compile(rf"(?:[;|&]|(?<!{_BLANK}){_BLANK})\s*+(?=$|{_SCOPE})", re.I)
"""Where there are filters, which may have such characters of their own."""
_ANYWHERE = re.compile(rf"{_ODD}\s*")
_QUOTED = re.compile(rf"(?<![^\s,;|&+]){_QUOTES}++|(?<!{_QUOTES}){_QUOTES}++(?![^\s,;|&+])")
_ARRAY = re.compile(r"\s*([\[({])(.*)[\])}]\s*", re.S)
_NAME = re.compile(r"^\s*scopes?\s*[=:]\s*", re.I)


class Spelling(NamedTuple):
    """How a scope parameter is spelt: its tokens however they are separated, and what was wrong between and around them."""

    tokens: tuple[str, ...]
    commas: bool = False
    pluses: bool = False
    tabs: bool = False
    """Or a line break: RFC 6749 3.3 knows the space alone."""
    separators: str = ""
    """The other characters that stood between scopes, each once."""
    array: str = ""
    """The bracket by which a list began."""
    stray: str = ""
    """Quotation marks and characters that nobody sees, each once."""
    name: str = ""
    """The parameter's own name at the beginning of its value."""


@memoize(4096)
def spelling(text: str) -> Spelling:
    """Split at blanks, and at commas and plus signs outside of a ?filter, or where a scope begins behind them.

    Where that leaves what is no scope, it is read without what may stand around it, if more of it can be read then.
    What is longer than anybody writes it is one token, and no scope.
    """
    if len(text) > MOST or sum(map(text.count, ", +\t\r\n;|&")) > MANY:
        return Spelling((text,))
    plain = _plain(text)
    readable = [_is_readable(one) for one in plain.tokens]
    if all(readable):
        return plain
    bare = _bared(text)
    again = [_is_readable(one) for one in bare.tokens]
    return bare if again.count(False) < readable.count(False) or again.count(True) > readable.count(True) else plain


@memoize(4096)
def registered(text: str) -> tuple[Scope, ...]:
    """The scopes of a registration, however they are separated."""
    return parse_all(spelling(text).tokens)


def _is_readable(token: str) -> bool:
    return bool(parse(token) or recased(token) or reordered(token))


def _plain(text: str) -> Spelling:
    tokens: list[str] = []
    found = ""
    for piece in _BLANKS.split(text):
        parts, marks = _apart(piece)
        tokens += parts
        found += marks
    read = tuple(dict.fromkeys(token for token in tokens if token))
    return Spelling(read, "," in found, "+" in found, re.search(r"[\t\r\n]", text) is not None)


def _apart(piece: str | None) -> tuple[list[str], str]:
    parts: list[str] = []
    marks = ""
    while piece is not None:
        head, question, filters = piece.partition("?")
        found = re.split(r"[,+]", head)
        marks += "".join(mark for mark in head if mark in ",+")
        joint = _JOINED.search(filters)
        found[-1] += question + (filters[: joint.start()] if joint else filters)
        parts += found
        marks += joint.group() if joint else ""
        piece = filters[joint.end() :] if joint else None
    return parts, marks


def _bared(text: str) -> Spelling:
    """The quotation marks of a list are part of it, and so are its commas."""
    unseen = re.findall(_UNSEEN, text)
    text = re.sub(_UNSEEN, "", re.sub(rf"{_UNSEEN}++(?={_SCOPE})", " ", text))
    name = _NAME.match(text)
    text = _NAME.sub("", text, count=1)
    array = _ARRAY.fullmatch(text)
    text = array[2] if array else text
    quotes = "" if array else "".join(_QUOTED.findall(text))
    text = _QUOTED.sub("", text)
    joints = _BEFORE_A_SCOPE if "?" in text else _ANYWHERE
    read = _plain(joints.sub(" ", text))
    return read._replace(
        commas=read.commas and not array,
        separators=_each(found[0] for found in joints.findall(text)),
        array=array[1] if array else "",
        stray=_each([*unseen, *quotes]),
        name=name[0].strip() if name else "",
    )


def _each(found: Iterable[str]) -> str:
    return "".join(dict.fromkeys(found))
