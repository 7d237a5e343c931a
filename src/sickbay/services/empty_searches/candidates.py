"""Suggests values that may find something instead of one that doesn't: each kind of parameter has its own likely mistakes.

A candidate is only a guess. `examine` shows one only if a search with it finds something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final, Literal, NamedTuple, TypeAlias

import orjson

from sickbay.fhir.search import codes as search_codes
from sickbay.fhir.search import full_text
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.parameters import CASELESS_VERSIONS, TEXT, add_offset, find, known_types
from sickbay.fhir.search.query import DateValue, QuantityValue, Query, Value
from sickbay.fhir.search.text import fold, split, unescape
from sickbay.kernel.similar_names import WORD_CHARACTERS, find_closest, find_closest_url
from sickbay.services.empty_searches import texts
from sickbay.services.empty_searches.criteria import Criterion
from sickbay.storage.probe import Occurrence, Probe
from sickbay.storage.terms import decode_sortable, encode_sortable

Reason: TypeAlias = Literal[
    "modifier",
    "period",
    "system",
    "unit",
    "spelling",
    "display",
    "beginning",
    "part",
    "reference",
    "identifier",
    "near",
    "present",
    "frequent",
]
"""The reason why a candidate may be the intended value. near: the nearest date or number. frequent: just a value that occurs.
present: anything that has a value."""
FREQUENT_VALUES: Final = 5
"""Maximum number of values that are tried only because resources have them."""
TRIED_TYPES: Final = 6
"""Maximum number of reference types that are tried with the id that was sent, most frequent first."""
SAMPLED_BODIES: Final = 3
START_LETTERS: Final = (3, 2, 1)
"""Numbers of first letters that similar texts share. The largest is tried first, so that few texts are compared."""
SHORTEST_WORD: Final = 3
SIMILAR_CODE: Final = 0.85
"""Minimum similarity of a misspelled code. `male` and `female` are less similar."""
_DIGIT: Final = re.compile(r"\d")
_SEPARATOR: Final = re.compile("[/:]")
"""Matches the separator before the id in a reference or a URN."""
NEGATING: Final = frozenset(("not", "not-in"))


class CandidateValue(NamedTuple):
    """A name and a value to search for. also: a second value of the same parameter, for a period."""

    name: str
    text: str
    reason: Reason
    also: str = ""


class Search(NamedTuple):
    """The scope in which candidates are searched. among: the search whose matches have values that fit the other criteria.

    occurring: the values of the parameter among these matches, most frequent first.
    """

    probe: Probe
    query: Query
    base: str
    criterion: Criterion
    among: Query
    occurring: Sequence[Occurrence]

    @property
    def sent(self) -> str:
        """The first of the values that were sent."""
        return next((part for part in split(self.criterion.text) if part), "")


def list_candidates(search: Search) -> Iterator[CandidateValue]:
    """Yield candidates, the most likely mistake first."""
    criterion = search.criterion
    if criterion.modifier == "missing":
        yield CandidateValue(criterion.name, "false" if criterion.text == "true" else "true", "modifier")
        return
    if criterion.modifier in ("in", "not-in"):
        for occurrence in search.occurring[:FREQUENT_VALUES]:
            yield CandidateValue(criterion.bare_name, texts.format_token(occurrence.system, occurrence.value), "modifier")
        return
    if criterion.modifier:
        yield CandidateValue(criterion.bare_name, criterion.text, "modifier")
    yield from _OF_KIND[criterion.parameter.kind](search)
    yield from _list_by_words(search)


def _token_candidates(search: Search) -> Iterator[CandidateValue]:
    name, parameter, sent = search.criterion.name, search.criterion.parameter, search.sent
    parts = [unescape(part) for part in split(sent, "|")]
    system, code = "|".join(parts[:-1]), parts[-1]
    has_system = len(parts) > 1
    if code and search.criterion.modifier not in NEGATING:
        known = search.probe.systems_of(parameter, code.lower() if search.query.version in CASELESS_VERSIONS else code)
        yield from (
            CandidateValue(name, _format_token(other, code), "system") for other in known if has_system and other != system
        )
        spelled = dict.fromkeys((code.lower(), code.upper(), code.capitalize()))
        for spelling in spelled:
            if spelling != code:
                systems = search.probe.systems_of(parameter, spelling)
                yield from (
                    CandidateValue(name, _format_token(other, spelling) if has_system else spelling, "spelling")
                    for other in systems
                )
    if code not in search_codes.list_searchable_codes(search.query.version, parameter) and (found := _find_near(search, code)):
        yield CandidateValue(
            name, _format_token(found.system, found.value) if has_system else texts.escape(found.value), "spelling"
        )
    if code and parameter.kind == "token" and not search.criterion.modifier and not search.criterion.is_chained:
        yield CandidateValue(f"{name}:text", texts.escape(code), "display")
    for occurrence in search.occurring[:FREQUENT_VALUES]:
        full = has_system or not occurrence.value
        yield CandidateValue(
            name, _format_token(occurrence.system, occurrence.value) if full else texts.escape(occurrence.value), "frequent"
        )


def _format_token(system: str, code: str) -> str:
    return f"{texts.escape(system)}|{texts.escape(code)}"


def _find_near(search: Search, code: str) -> Occurrence | None:
    """Return an existing code that is spelled similarly, even if none of the first matches has it."""
    if not _is_word(code):
        return None
    return _find_similar(code, search.occurring) or _find_similar(code, search.probe.other_codes(search.criterion.parameter))


def _find_similar(code: str, occurring: Sequence[Occurrence]) -> Occurrence | None:
    near = _nearest_code(code, [found.value for found in occurring])
    return next((found for found in occurring if found.value == near), None)


def _is_word(code: str) -> bool:
    return SHORTEST_WORD <= len(code) <= WORD_CHARACTERS and not _DIGIT.search(code)


def _nearest_code(code: str, known: Sequence[str]) -> str | None:
    """Return a word that is spelled similarly, or begins with this one. Codes with digits aren't similar to each other."""
    lowered = {other.lower(): other for other in reversed(known) if other and not _DIGIT.search(other)}
    wanted = code.lower()
    begins = [other for other in lowered if other.startswith(wanted) or wanted.startswith(other)]
    near = min(begins, key=lambda other: (abs(len(other) - len(wanted)), other), default=None)
    near = near or find_closest(wanted, lowered, SIMILAR_CODE)
    return lowered[near] if near else None


def _string_candidates(search: Search) -> Iterator[CandidateValue]:
    name, parameter, sent = search.criterion.name, search.criterion.parameter, unescape(search.sent)
    if parameter.code in full_text.WORDS or search.criterion.modifier in ("text", "code-text"):
        yield from _word_candidates(search)
        return
    if not search.criterion.modifier and not search.criterion.is_chained:
        yield CandidateValue(f"{name}:contains", texts.escape(sent), "beginning")
    yield from (CandidateValue(name, texts.escape(word), "part") for word in reversed(sent.split()) if word != sent)
    folded = fold(sent)
    known = [found.value for found in search.occurring]
    for letters in START_LETTERS:
        if folded and (near := find_closest(folded, search.probe.texts_near(parameter, folded[:letters]))):
            yield CandidateValue(name, texts.escape(near), "spelling")
            break
    if folded and (near := find_closest(folded, known)):
        yield CandidateValue(name, texts.escape(near), "spelling")
    plain = search.criterion.bare_name if search.criterion.modifier == "exact" else name
    yield from (CandidateValue(plain, texts.escape(value), "frequent") for value in known[:FREQUENT_VALUES])


def _word_candidates(search: Search) -> Iterator[CandidateValue]:
    """Yields candidates for texts that match by words: the words of existing texts."""
    name = search.criterion.name
    words = [word for found in search.occurring for word in found.value.split() if word.isalnum()]
    sent = fold(unescape(search.sent))
    if near := find_closest(sent, dict.fromkeys(words)):
        yield CandidateValue(name, near, "spelling")
    yield from (CandidateValue(name, word, "frequent") for word in words[:FREQUENT_VALUES])


def _reference_candidates(search: Search) -> Iterator[CandidateValue]:
    criterion, sent = search.criterion, search.sent
    name = criterion.name
    bare = unescape(sent).partition("/_history/")[0].rstrip("/")
    id, targets = _SEPARATOR.split(bare)[-1], criterion.parameter.targets
    types = dict.fromkeys((*(found.system for found in search.occurring if found.system), *targets))
    yield from (CandidateValue(criterion.bare_name, f"{type}/{id}", "reference") for type in list(types)[:TRIED_TYPES])
    yield from (CandidateValue(name, sent.replace(id, other), "spelling") for other in (id.lower(), id.upper()) if other != id)
    if not criterion.is_chained:
        yield from (
            CandidateValue(chain, texts.escape(id), "identifier")
            for chain in _identifier_chains(search.query.version, criterion)
        )
    is_bare = "/" not in sent and len(targets) == 1
    for occurrence in search.occurring[:FREQUENT_VALUES]:
        text = occurrence.value if is_bare or not occurrence.system else f"{occurrence.system}/{occurrence.value}"
        yield CandidateValue(criterion.bare_name, text, "frequent")


def _identifier_chains(version: str, criterion: Criterion) -> list[str]:
    """Return the chains that search the targets by their identifiers."""
    name, targets = criterion.bare_name, criterion.parameter.targets
    able = [target for target in targets if target in known_types(version) and find(version, target, "identifier")]
    return [f"{name}.identifier"] if len(targets) == 1 else [f"{name}:{target}.identifier" for target in able[:4]]


def _uri_candidates(search: Search) -> Iterator[CandidateValue]:
    known = [found.value for found in search.occurring]
    near = find_closest_url(unescape(search.sent), known)
    if near and find_closest(unescape(search.sent).lower(), [near.lower()], longest=300):
        yield CandidateValue(search.criterion.name, texts.escape(near), "spelling")
    yield from (CandidateValue(search.criterion.name, texts.escape(uri), "frequent") for uri in known[:FREQUENT_VALUES])


def _date_candidates(search: Search) -> Iterator[CandidateValue]:
    criterion, value = search.criterion, _get_first_value(search.criterion)
    if not isinstance(value, DateValue):
        return
    plain = search.sent.removeprefix("eq")
    if value.prefix == "eq" and not criterion.is_chained:
        yield CandidateValue(criterion.name, f"ge{plain}", "period", f"le{plain}")
    extent = search.probe.extent(search.among, criterion.parameter, value.low)
    if extent is None:
        return
    if value.prefix in ("gt", "ge", "sa"):
        yield CandidateValue(criterion.name, f"ge{texts.format_day(extent.last)}", "near")
    elif value.prefix in ("lt", "le", "eb"):
        yield CandidateValue(criterion.name, f"le{texts.format_day(extent.first)}", "near")
    yield from (CandidateValue(criterion.name, text, "near") for text in texts.format_dates(*extent.nearest))
    yield CandidateValue(criterion.name, f"ge{texts.format_day(extent.first)}", "near")


def _number_candidates(search: Search) -> Iterator[CandidateValue]:
    criterion, value = search.criterion, _get_first_value(search.criterion)
    if not isinstance(value, QuantityValue):
        return
    amount, *unit = split(search.sent, "|")
    if unit:
        yield CandidateValue(criterion.name, amount, "unit")
    extent = search.probe.extent(search.among, criterion.parameter, encode_sortable(value.low))
    if extent is None:
        return
    first, last, near = (texts.format_number(decode_sortable(at)) for at in (extent.first, extent.last, extent.nearest[0]))
    units = "".join(f"|{part}" for part in unit)
    for ending in dict.fromkeys((units, "")):
        if value.prefix in ("gt", "ge", "sa"):
            yield CandidateValue(criterion.name, f"ge{last}{ending}", "near")
        elif value.prefix in ("lt", "le", "eb"):
            yield CandidateValue(criterion.name, f"le{first}{ending}", "near")
        yield CandidateValue(criterion.name, f"{near}{ending}", "near")


def _get_first_value(criterion: Criterion) -> Value | None:
    """Return the first of the values at the end of its chain."""
    if criterion.updated:
        return criterion.updated[0]
    last = criterion.filters[0] if criterion.filters else None
    while last is not None and last.leads:
        last = last.chain[1] if last.chain is not None else last.either[0]
    return last.values[0] if last is not None and last.values else None


def _list_by_resource(search: Search) -> Iterator[CandidateValue]:
    """Read the values from a few resources, for parameters whose index rows can't be written as values."""
    probe, parameter = search.probe, search.criterion.parameter
    write = texts.format_composites if parameter.kind == "composite" else texts.format_positions
    for body in chain(probe.bodies(search.among, SAMPLED_BODIES), probe.bodies_with(parameter, SAMPLED_BODIES)):
        entries = extract_entries(search.query.version, orjson.loads(body), search.base)
        yield from (
            CandidateValue(search.criterion.name, text, "frequent") for text in write(entries, parameter)[:FREQUENT_VALUES]
        )


def _list_by_words(search: Search) -> Iterator[CandidateValue]:
    """Find codes that are only texts, which `:text` searches, and finally anything that has a value."""
    criterion = search.criterion
    parameter = criterion.parameter
    if criterion.modifier or criterion.is_chained:
        return
    if parameter.kind == "token" and not search.occurring:
        in_words = search.probe.occurrences(search.among, add_offset(parameter, TEXT, "string")).values
        yield from (CandidateValue(f"{criterion.name}:text", texts.escape(found.value), "display") for found in in_words[:1])
    yield CandidateValue(f"{criterion.name}:missing", "false", "present")


_OF_KIND = {
    "token": _token_candidates,
    "string": _string_candidates,
    "reference": _reference_candidates,
    "uri": _uri_candidates,
    "date": _date_candidates,
    "number": _number_candidates,
    "quantity": _number_candidates,
    "composite": _list_by_resource,
    "special": _list_by_resource,
}
