"""Searching in words, `_text` and `_content` (R4, 3.1.1.4.9): what of a resource is text for people, and what is asked of it.

Words are found by their beginnings, without capitals and accents. `_content` is what the parameters of the type keep of
displays, texts and names anyway, and beside that only what none of them keeps: so most resources cost nothing more.
Not looked into: contained resources, references' displays, identifiers, units, data of attachments.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeAlias

from sickbay.fhir.elements import Child, children
from sickbay.fhir.search.expressions import routes
from sickbay.fhir.search.parameters import TEXT, parameters
from sickbay.fhir.search.query import Filter, WordsValue
from sickbay.fhir.search.text import fold
from sickbay.kernel.memoize import memoize, memoized

WORDS = frozenset({"_text", "_content", "section-text"})
"""The parameters that are searched so."""
LENGTH, MOST = 120, 500
"""Characters of a piece, since an index row has no more; pieces of one resource, some 60,000 characters."""
ALTERNATIVES, ASKED, DEPTH = 20, 60, 20
"""Of one search: its alternatives, its words, its brackets in each other."""
_TEXTS = frozenset({"string", "markdown"})
_CODED = frozenset({"CodeableConcept", "Coding"})
_SILENT = frozenset(
    {
        "Age",
        "ContactPoint",
        "Count",
        "Distance",
        "Duration",
        "Identifier",
        "Meta",
        "Money",
        "Narrative",
        "Quantity",
        "Reference",
        "Resource",
        "SampledData",
        "Signature",
    }
)
_UNWORDED = frozenset({"id", "version"})
_HIDDEN = re.compile(r"[^\w (/\-\[]\w")
_TAG = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"\w+")
_PARTS = re.compile(r"[()]|[^\s()]+")


def pieces(text: str) -> tuple[str, ...]:
    """Its words, folded, one space between them, in pieces that fit."""
    return _few(text) if len(text) <= LENGTH else tuple(_pieces(text))


@memoized(16_384)
def _few(text: str) -> tuple[str, ...]:
    """Most texts are displays of codes, and come again and again."""
    return tuple(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    held, length = list[str](), 0
    for word in _words(text):
        if held and length + len(word) + 1 > LENGTH:
            yield " ".join(held)
            held, length = [], 0
        held.append(word[:LENGTH])
        length += len(word) + 1
    if held:
        yield " ".join(held)


def _words(text: str) -> list[str]:
    if not text.isascii():
        text = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return _WORD.findall(text.casefold())


def narrative(value: Any) -> list[str]:
    """The pieces of a Narrative."""
    div = value.get("div") if isinstance(value, dict) else None
    return list(islice(_pieces(html.unescape(_TAG.sub(" ", div))), MOST)) if isinstance(div, str) else []


def content(version: str, resource: dict[str, Any], kept: Iterable[tuple[int, str, str]]) -> list[str]:
    """The pieces of all other text. kept: (number, text folded, text as it is written) of what the index has already."""
    plan, silent = _outermost(version, resource["resourceType"])
    texts = [raw for _, folded, raw in kept if len(raw) > LENGTH or not _legible(folded)]
    lost = len(texts)
    for key in resource:
        if key not in silent:
            if key in plan:
                _gather(texts, version, plan[key], resource[key])
            elif key[:1] == "_":
                _gather(texts, version, "Element", resource[key])
    if not texts:
        return []
    there = {folded for _, folded, _ in kept}
    found = [piece for at, text in enumerate(texts) if at < lost or fold(text) not in there for piece in pieces(text)]
    return found[:MOST]


@memoize(16_384)
def _legible(text: str) -> bool:
    """Whether all its words are found: before each is a space, or a sign that a search takes for one."""
    return _HIDDEN.search(text) is None


Plan: TypeAlias = Mapping[str, str]
"""Key -> the path of what stands there; "" where it is text. What holds none is left out."""


def _gather(texts: list[str], version: str, path: str, value: Any) -> None:
    for one in value if isinstance(value, list) else (value,):
        if not path:
            if isinstance(one, str):
                texts.append(one)
        elif isinstance(one, dict):
            plan = _plan(version, path)
            for key, held in one.items():
                if key in plan:
                    _gather(texts, version, plan[key], held)
                elif key[:1] == "_":
                    _gather(texts, version, "Element", held)


@cache
def _plan(version: str, path: str) -> Plan:
    held = {key: listed[0] for key, listed in children(version, path).items() if key not in _UNWORDED}
    return {key: "" if one.type in _TEXTS else one.path for key, one in held.items() if _speaks(version, one)}


@cache
def _outermost(version: str, type: str) -> tuple[Plan, frozenset[str]]:
    """The same of the resource, without what a search parameter keeps; and the keys of all that is not looked into."""
    kept = {
        (route.first, route.type)
        for one in parameters(version, type).values()
        if one.kind == "string" or (one.kind == "token" and not one.held)
        for route in routes(version, type, one.expression)
        if not route.steps and (one.kind == "string" or route.type in _CODED)
    }
    listed, own = children(version, type), {"contained", "text"}
    plan = _plan(version, type)
    found = {key: path for key, path in plan.items() if key not in own and (key, listed[key][0].type) not in kept}
    return found, frozenset({"resourceType", *listed} - found.keys())


def _speaks(version: str, one: Child, above: frozenset[str] = frozenset()) -> bool:
    """Whether text may stand there, aside from extensions of what has none."""
    if one.type in _TEXTS or one.type == "Extension":
        return one.type in _TEXTS or not above
    if one.type in _SILENT or one.type[0].islower() or one.path in above:
        return False
    held = (each for key, listed in children(version, one.path).items() for each in listed if key not in _UNWORDED)
    return any(_speaks(version, each, above | {one.path}) for each in held)


@cache
def numbers(version: str, type: str) -> tuple[int, ...]:
    """Under which numbers the index has the words of a type: those that `_content` looks into."""
    held = parameters(version, type).values()
    plain = [one.number for one in held if one.kind == "string" or one.code in WORDS]
    beside = [one.number + TEXT for one in held if one.kind == "token" and not one.held]
    return (*plain, *beside)


def count(one: Filter) -> int:
    """How many words a filter asks for, at whatever end of a chain."""
    if one.chain is not None:
        return count(one.chain[1])
    if one.either:
        return sum(map(count, one.either))
    return sum(len(value.words) for value in one.values if isinstance(value, WordsValue))


class TooMuch(ValueError):
    """More words than one search may have."""


def asked(texts: Sequence[str]) -> tuple[WordsValue, ...] | str:
    """The alternatives of all texts, of each every word; or the text that can't be read. Raises TooMuch."""
    found: list[WordsValue] = []
    for text in texts:
        several = _read(text)
        if several is None:
            return text
        found += several
    if len(found) > ALTERNATIVES or sum(len(one.words) for one in found) > ASKED:
        raise TooMuch
    return tuple(found)


def _read(text: str) -> tuple[WordsValue, ...] | None:
    """`(bone OR liver) AND metastases`."""
    tokens = _PARTS.findall(text)
    if len(tokens) > 4 * ASKED:
        raise TooMuch
    if not tokens or '"' in text or "NOT" in tokens or tokens.count("(") > DEPTH:
        return None
    found = _either(tokens)
    if found is None or tokens or not found or not all(found):
        return None
    return tuple(WordsValue(tuple(dict.fromkeys(words))) for words in found)


def _either(tokens: list[str]) -> list[list[str]] | None:
    found: list[list[str]] = []
    while True:
        part = _all(tokens)
        if part is None:
            return None
        found += part
        if not tokens or tokens[0].upper() != "OR":
            return found
        tokens.pop(0)


def _all(tokens: list[str]) -> list[list[str]] | None:
    found = _unit(tokens)
    while found is not None and tokens and tokens[0] != ")" and tokens[0].upper() != "OR":
        if tokens[0].upper() == "AND":
            tokens.pop(0)
        more = _unit(tokens)
        if more is None:
            return None
        if len(found) * len(more) > ALTERNATIVES:
            raise TooMuch
        found = [[*one, *other] for one in found for other in more]
    return found


def _unit(tokens: list[str]) -> list[list[str]] | None:
    if not tokens or tokens[0] == ")" or tokens[0].upper() in ("AND", "OR"):
        return None
    token = tokens.pop(0)
    if token != "(":
        return [_words(token)]
    found = _either(tokens)
    return found if found is not None and tokens and tokens.pop(0) == ")" else None
