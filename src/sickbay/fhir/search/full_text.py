"""Full-text search with `_text` and `_content` (R4, 3.1.1.4.9): extracts text from resources, and parses the searched words.

Words match by their beginning, ignoring case and accents. `_content` uses the displays, texts and names that the type's other
parameters already index, and adds only text that none of them indexes, so most resources need no extra rows. Contained
resources, displays of references, identifiers, units and attachment data aren't searched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeAlias

from sickbay.fhir.elements import Child, list_children
from sickbay.fhir.search.expressions import list_routes
from sickbay.fhir.search.parameters import TEXT, load_parameters
from sickbay.fhir.search.query import Filter, WordsValue
from sickbay.fhir.search.text import fold
from sickbay.kernel.memoize import cache_results
from sickbay.protocol.unicode import decode_html_escapes

WORDS = frozenset({"_text", "_content", "section-text"})
"""The parameters that use full-text search."""
PIECE_CHARACTERS, MAXIMUM_PIECES = 120, 500
"""Maximum characters in a piece, limited by an index row, and maximum pieces of a resource, about 60,000 characters."""
ALTERNATIVES, ASKED, DEPTH = 20, 60, 20
"""Limits for one search: its alternatives, its words, and the nesting of brackets."""
_TEXTS = frozenset({"string", "markdown"})
_CODED = frozenset({"CodeableConcept", "Coding"})
_WITHOUT_TEXT = frozenset(
    """
    Age ContactPoint Count Distance Duration Identifier Meta Money Narrative Quantity Reference Resource SampledData
    Signature
    """.split()
)
_UNWORDED = frozenset({"id", "version"})
_HIDDEN = re.compile(r"[^\w (/\-\[]\w")
_TAG = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"\w+")
_PARTS = re.compile(r"[()]|[^\s()]+")


def split_text(text: str) -> tuple[str, ...]:
    """Returns the folded words of a text, separated by single spaces, in pieces that fit into an index row."""
    return _cached_pieces(text) if len(text) <= PIECE_CHARACTERS else tuple(_folded_pieces(text))


@cache_results(16_384)
def _cached_pieces(text: str) -> tuple[str, ...]:
    """Returns cached pieces, because most texts are displays of codes and occur many times."""
    return tuple(_folded_pieces(text))


def _folded_pieces(text: str) -> Iterator[str]:
    words, length = list[str](), 0
    for word in _words_of_text(text):
        if words and length + len(word) + 1 > PIECE_CHARACTERS:
            yield " ".join(words)
            words, length = [], 0
        words.append(word[:PIECE_CHARACTERS])
        length += len(word) + 1
    if words:
        yield " ".join(words)


def _words_of_text(text: str) -> list[str]:
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return _WORD.findall(text.casefold())


def extract_narrative(value: Any) -> list[str]:
    """Returns the pieces of a Narrative."""
    div = value.get("div") if isinstance(value, dict) else None
    return list(islice(_folded_pieces(decode_html_escapes(_TAG.sub(" ", div))), MAXIMUM_PIECES)) if isinstance(div, str) else []


def extract_content(
    version: str, resource: dict[str, Any], unindexed: Iterable[str], indexed_texts: Iterable[tuple[int, str, str]]
) -> list[str]:
    """Returns the pieces of all other text.

    unindexed: keys that `indexed_elements` doesn't return. indexed_texts: (number, folded text, original text) that the index
    already has.
    """
    texts = [raw for _, folded, raw in indexed_texts if len(raw) > PIECE_CHARACTERS or not _is_searchable(folded)]
    incomplete, plan = len(texts), _plan_of_path(version, resource["resourceType"])
    for key in unindexed:
        if key in plan:
            _gather_texts(texts, version, plan[key], resource[key])
        elif key[:1] == "_":
            _gather_texts(texts, version, "Element", resource[key])
    if not texts:
        return []
    known = {folded for _, folded, _ in indexed_texts}
    new = [piece for at, text in enumerate(texts) if at < incomplete or fold(text) not in known for piece in split_text(text)]
    return new[:MAXIMUM_PIECES]


@cache_results(16_384)
def _is_searchable(text: str) -> bool:
    """Whether all its words can be found: each follows a space, or a character that a search treats as one."""
    return _HIDDEN.search(text) is None


Plan: TypeAlias = Mapping[str, str]
"""Key -> the path of the element; "" if it is text. Elements without text are omitted."""


def _gather_texts(texts: list[str], version: str, path: str, value: Any) -> None:
    for item in value if isinstance(value, list) else (value,):
        if not path:
            if isinstance(item, str):
                texts.append(item)
        elif isinstance(item, dict):
            plan = _plan_of_path(version, path)
            for key, member in item.items():
                if key in plan:
                    if isinstance(member, str) and not plan[key]:
                        texts.append(member)  # most are texts
                    else:
                        _gather_texts(texts, version, plan[key], member)
                elif key[:1] == "_":
                    _gather_texts(texts, version, "Element", member)


@cache
def _plan_of_path(version: str, path: str) -> Plan:
    first_children = {key: listed[0] for key, listed in list_children(version, path).items() if key not in _UNWORDED}
    return {
        key: "" if child.type in _TEXTS else child.path
        for key, child in first_children.items()
        if _may_contain_text(version, child)
    }


@cache
def indexed_elements(version: str, type: str) -> frozenset[str]:
    """Returns the elements of a resource that `_content` needs no rows for: they have no text, or a parameter indexes it."""
    covered = {
        (route.first, route.type)
        for parameter in load_parameters(version, type).values()
        if parameter.kind == "string" or (parameter.kind == "token" and not parameter.held)
        for route in list_routes(version, type, parameter.expression)
        if not route.steps and (parameter.kind == "string" or route.type in _CODED)
    }
    plan, elements = _plan_of_path(version, type), list_children(version, type)
    return frozenset(
        {"resourceType", "contained", "text"}
        | {key for key, listed in elements.items() if key not in plan or (key, listed[0].type) in covered}
    )


def _may_contain_text(version: str, child: Child, above: frozenset[str] = frozenset()) -> bool:
    """Whether the element may contain text, ignoring extensions of elements that have none."""
    if child.type in _TEXTS or child.type == "Extension":
        return child.type in _TEXTS or not above
    if child.type in _WITHOUT_TEXT or child.type[0].islower() or child.path in above:
        return False
    below = (
        grandchild
        for key, listed in list_children(version, child.path).items()
        for grandchild in listed
        if key not in _UNWORDED
    )
    return any(_may_contain_text(version, grandchild, above | {child.path}) for grandchild in below)


@cache
def list_parameter_numbers(version: str, type: str) -> tuple[int, ...]:
    """Returns the numbers of the parameters that `_content` searches for a type."""
    own = load_parameters(version, type).values()
    plain = [parameter.number for parameter in own if parameter.kind == "string" or parameter.code in WORDS]
    texts = [parameter.number + TEXT for parameter in own if parameter.kind == "token" and not parameter.held]
    return (*plain, *texts)


def count_words(filter: Filter) -> int:
    """Counts the words in a filter, at all ends of its chains."""
    if filter.chain is not None:
        return count_words(filter.chain[1])
    if filter.either:
        return sum(map(count_words, filter.either))
    return sum(len(value.words) for value in filter.values if isinstance(value, WordsValue))


class TooMuch(ValueError):
    """A search with too many words."""


def parse_words(texts: Sequence[str]) -> tuple[WordsValue, ...] | str:
    """Returns the alternatives in all texts, each with its words; or the text that is invalid. Raises TooMuch."""
    alternatives: list[WordsValue] = []
    for text in texts:
        parsed = _parse_expression(text)
        if parsed is None:
            return text
        alternatives += parsed
    if len(alternatives) > ALTERNATIVES or sum(len(alternative.words) for alternative in alternatives) > ASKED:
        raise TooMuch
    return tuple(alternatives)


def _parse_expression(text: str) -> tuple[WordsValue, ...] | None:
    """Parses an expression such as `(bone OR liver) AND metastases`."""
    tokens = _PARTS.findall(text)
    if len(tokens) > 4 * ASKED:
        raise TooMuch
    if not tokens or '"' in text or "NOT" in tokens or tokens.count("(") > DEPTH:
        return None
    alternatives = _parse_or(tokens)
    if alternatives is None or tokens or not alternatives or not all(alternatives):
        return None
    return tuple(WordsValue(tuple(dict.fromkeys(words))) for words in alternatives)


def _parse_or(tokens: list[str]) -> list[list[str]] | None:
    alternatives: list[list[str]] = []
    while True:
        part = _parse_and(tokens)
        if part is None:
            return None
        alternatives += part
        if not tokens or tokens[0].upper() != "OR":
            return alternatives
        tokens.pop(0)


def _parse_and(tokens: list[str]) -> list[list[str]] | None:
    alternatives = _parse_unit(tokens)
    while alternatives is not None and tokens and tokens[0] != ")" and tokens[0].upper() != "OR":
        if tokens[0].upper() == "AND":
            tokens.pop(0)
        more = _parse_unit(tokens)
        if more is None:
            return None
        if len(alternatives) * len(more) > ALTERNATIVES:
            raise TooMuch
        alternatives = [[*words, *other] for words in alternatives for other in more]
    return alternatives


def _parse_unit(tokens: list[str]) -> list[list[str]] | None:
    if not tokens or tokens[0] == ")" or tokens[0].upper() in ("AND", "OR"):
        return None
    token = tokens.pop(0)
    if token != "(":
        return [_words_of_text(token)]
    alternatives = _parse_or(tokens)
    return alternatives if alternatives is not None and tokens and tokens.pop(0) == ")" else None
