"""Finds out which parameter empties a search, and a value that would find something. Every statement is checked on the data
that the token can see, so hidden records never change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

import orjson
from msgspec.structs import replace

from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.query import Filter, Query, ReferenceValue
from sickbay.fhir.search.text import fold, unescape
from sickbay.fhir.visibility import Visibility
from sickbay.services.empty_searches import texts
from sickbay.services.empty_searches.candidates import CandidateValue, Search, list_candidates
from sickbay.services.empty_searches.criteria import (
    Criterion,
    criteria_of,
    leave_out,
    make_criterion,
    search_for,
    search_for_type,
)
from sickbay.storage.probe import Occurrence, Occurrences, Probe, TooCostly

TRIED_CANDIDATES: Final = 24
"""Maximum number of candidate values that are tried."""
LISTED_VALUES: Final = 6
"""Maximum number of occurring values that the page lists."""
EXPLAINED_PARAMETERS: Final = 3
"""Maximum number of parameters that get their own finding."""
LISTED_KINDS: Final = frozenset(("token", "string", "reference", "uri"))
"""Kinds of parameters whose values can be listed."""
ON_ITS_OWN, WITHOUT_EMPTY = " on its own", " without the other parameters that find nothing"
"""Suffixes for suggestions that don't simply replace the sent value."""
NOTHING: Final = "fhir-search-empty"
TYPE, PATIENT, TOGETHER = "fhir-search-type-without-data", "fhir-search-patient-outside-token", "fhir-search-values-apart"
VALUE, SYSTEM, NAME = "fhir-search-value-absent", "fhir-search-code-other-system", "fhir-search-name-absent"
DATE, REFERENCE, MODIFIER = "fhir-search-date-outside-data", "fhir-search-reference-absent", "fhir-search-modifier-meaning"
_BY_REASON: Final = {
    "modifier": MODIFIER,
    "period": MODIFIER,
    "beginning": MODIFIER,
    "system": SYSTEM,
    "unit": SYSTEM,
    "display": MODIFIER,
}
_BY_KIND: Final = {"string": NAME, "date": DATE, "reference": REFERENCE}

Cause: TypeAlias = tuple[str, Mapping[str, Any]]
"""The id of a rule and its facts."""


class Proven(NamedTuple):
    """A candidate that finds something together with the other parameters. finds: the number; None if not known."""

    candidate: CandidateValue
    finds: int | None


class Suggested(NamedTuple):
    """A value to send instead, and the values that occur among the matches of `others`. proven: None if nothing was found."""

    proven: Proven | None
    occurring: Occurrences
    others: tuple[Criterion, ...]


class Answer(NamedTuple):
    """The reason why a search is empty. found: the search finds something now. position: of the data when it was examined; None
    if there was no time to ask.
    """

    causes: tuple[Cause, ...] = ()
    found: int = 0
    position: int | None = None


def examine_empty_search(probe: Probe, query: Query, base: str, visibility: Visibility) -> Answer:
    """Explain a search on one type that found nothing. The explanation is shorter if the answers would cost too much."""
    position = find_position(probe)
    try:
        found = probe.count(query)
    except TooCostly:
        found = 0
    if found:
        return Answer(found=found, position=position)
    criteria = criteria_of(query, base) if query.type else ()
    examination = _Examination(probe, query, base, visibility, criteria)
    return examination.answer()._replace(position=position)


def find_position(probe: Probe) -> int | None:
    try:
        return probe.position()
    except TooCostly:
        return None


class _Examination:
    """One examination. Each count is queried once; it is None if the query would cost too much."""

    def __init__(self, probe: Probe, query: Query, base: str, visibility: Visibility, criteria: tuple[Criterion, ...]) -> None:
        self._probe, self._query, self._base, self._visibility = probe, query, base, visibility
        self._criteria = criteria
        self._counts: dict[Query, int | None] = {}

    def answer(self) -> Answer:
        if not self._query.type:
            return Answer()
        if outside := self._explain_outside_token():
            return Answer((outside,))
        total = self._count_matches(())
        if total == 0:
            everything = self._visibility.allows_all(self._query.type, "s")
            return Answer(((TYPE, {"type": self._query.type, "everything": everything}),))
        counts = {each: self._count_alone(each) for each in self._criteria}
        empty = [each for each in self._criteria if counts[each] == 0]
        return self._explain_values(empty, counts) if empty else self._explain_combination(counts)

    def _explain_values(self, empty: Sequence[Criterion], counts: Mapping[Criterion, int | None]) -> Answer:
        """Explain parameters that find nothing even without the others."""
        others = tuple(each for each in self._criteria if each not in empty)
        return Answer(tuple(self._explain_value(each, others, counts) for each in empty[:EXPLAINED_PARAMETERS]))

    def _explain_value(self, empty: Criterion, others: tuple[Criterion, ...], counts: Mapping[Criterion, int | None]) -> Cause:
        suggested = self._suggest_value(empty, others)
        is_only = len(others) + 1 == len(self._criteria)
        condition = "" if is_only else WITHOUT_EMPTY
        if suggested.proven is None and others:  # nothing fits the others, but the value itself can still be wrong
            suggested = self._suggest_value(empty, ())
            condition = ON_ITS_OWN
        exists, proven = self._target_exists(empty), suggested.proven
        facts = self._facts_about(empty, counts, suggested) | {
            "without": self._count_matches(leave_out(self._criteria, empty)),
            "condition": condition,
            "level": "info" if exists or _is_range(empty) else "warning",
            "exists": exists,
        }
        return _rule_for(empty, proven), facts | _suggestion_facts(proven) | ({"instead": []} if condition else {})

    def _explain_combination(self, counts: Mapping[Criterion, int | None]) -> Answer:
        """Explain parameters that each find something, but not the same resources."""
        is_combined = len(self._criteria) > 1 or self._query.within is not None
        rest = {each: self._count_matches(leave_out(self._criteria, each)) for each in self._criteria} if is_combined else {}
        able = sorted((each for each in rest if self._has_match(leave_out(self._criteria, each))), key=_is_reference)
        if not able:
            return Answer(((NOTHING, self._general_facts(counts)),))
        tried: list[dict[str, Any]] = []
        for each in able:
            suggested = self._suggest_value(each, leave_out(self._criteria, each))
            proven = suggested.proven
            facts = self._facts_about(each, counts, suggested) | {
                "without": rest[each],
                "level": "info",
                **_suggestion_facts(proven),
            }
            if proven is not None:
                return Answer(((MODIFIER if proven.candidate.reason == "period" else TOGETHER, facts),))
            tried.append(facts)
        return Answer(((TOGETHER, tried[0]),))

    def _general_facts(self, counts: Mapping[Criterion, int | None]) -> dict[str, Any]:
        names = [each.name for each in self._criteria]
        return {"type": self._query.type, "names": names, "alone": _list_counts(counts)}

    def _facts_about(self, about: Criterion, counts: Mapping[Criterion, int | None], suggested: Suggested) -> dict[str, Any]:
        values = _list_values(about, suggested.occurring.values)
        return {
            "type": self._query.type,
            "parameter": about.name,
            "received": about.text,
            "alone": _list_counts(counts) if len(counts) > 1 else [],
            "occurring": [
                [text, self._count_value(about, value, suggested)] for text, value in list(values.items())[:LISTED_VALUES]
            ],
            "more": len(values) > LISTED_VALUES,
            "partial": not suggested.occurring.is_complete,
            "unused": _classify_unused_value(about, suggested),
            "range": self._range_of_dates(about),
        }

    def _count_value(self, about: Criterion, value: Occurrence, suggested: Suggested) -> int | None:
        """Return how many matches have a value. Counts again if only some of the matches were read."""
        if suggested.occurring.is_complete:
            return value.matches
        if about.is_chained or about.parameter.kind == "string":
            return None
        read = make_criterion(self._query, self._base, about.bare_name, _format_value(about, value, texts.escape))
        return self._count_matches((*suggested.others, read)) if read is not None else None

    def _range_of_dates(self, about: Criterion) -> list[str]:
        """Return the first and the last day of a date, among everything that the token may see."""
        if about.parameter.kind != "date" or about.modifier == "missing":
            return []
        try:
            extent = self._probe.extent(search_for_type(self._query, about.type), about.parameter, 0)
        except TooCostly:
            return []
        return [texts.format_day(extent.first), texts.format_day(extent.last)] if extent and extent.is_complete else []

    def _suggest_value(self, about: Criterion, others: tuple[Criterion, ...]) -> Suggested:
        """Return the first candidate with matches, and the values that occur among the matches of the other parameters."""
        among = search_for_type(self._query, about.type) if about.is_chained else search_for(self._query, others)
        occurring = self._occurring_values(about, among)
        search = Search(self._probe, self._query, self._base, about, among, occurring.values)
        try:
            return Suggested(next(self._prove_candidates(search, others), None), occurring, others)
        except TooCostly:
            return Suggested(None, occurring, others)

    def _occurring_values(self, about: Criterion, among: Query) -> Occurrences:
        if about.parameter.kind not in LISTED_KINDS:
            return Occurrences([], is_complete=False)
        for query in (among, search_for_type(self._query, about.type)):
            try:
                return self._probe.occurrences(query, about.parameter)
            except TooCostly:
                continue
        return Occurrences([], is_complete=False)

    def _prove_candidates(self, search: Search, others: tuple[Criterion, ...]) -> Iterator[Proven]:
        """Yield the candidates with which the search finds something."""
        tried = dict.fromkeys(islice(list_candidates(search), TRIED_CANDIDATES))
        for candidate in tried:
            if (candidate.name, candidate.text) == (search.criterion.name, search.criterion.text):
                continue
            texts_of = (candidate.text, candidate.also) if candidate.also else (candidate.text,)
            read = [make_criterion(self._query, self._base, candidate.name, text) for text in texts_of]
            tried_with = (*others, *(each for each in read if each is not None))
            if None not in read and self._has_match(tried_with):
                yield Proven(self._spell_as_stored(candidate, tried_with), self._count_matches(tried_with))

    def _spell_as_stored(self, candidate: CandidateValue, criteria: tuple[Criterion, ...]) -> CandidateValue:
        """Return a text as a resource spells it. The index has it in lower case and without accents."""
        if candidate.reason != "spelling" or criteria[-1].parameter.kind != "string" or criteria[-1].is_chained:
            return candidate
        folded = fold(unescape(candidate.text))
        for body in self._probe.bodies(search_for(self._query, criteria), 1):
            for number, text, raw in extract_entries(self._query.version, orjson.loads(body), self._base).strings:
                if number in criteria[-1].parameter.numbers and text == folded:
                    return candidate._replace(text=texts.escape(raw))
        return candidate

    def _count_matches(self, criteria: Sequence[Criterion]) -> int | None:
        query = search_for(self._query, criteria)
        if query not in self._counts:
            try:
                self._counts[query] = self._probe.count(query)
            except TooCostly:
                self._counts[query] = None
        return self._counts[query]

    def _has_match(self, criteria: Sequence[Criterion]) -> bool:
        try:
            return self._probe.has_match(search_for(self._query, criteria))
        except TooCostly:
            return False

    def _count_alone(self, criterion: Criterion) -> int | None:
        """Count what a parameter finds without the others, and outside the compartment of the search too."""
        if self._is_whole_search(criterion):
            return 0
        query = replace(search_for(self._query, (criterion,)), within=None)
        try:
            return self._probe.count(query)
        except TooCostly:
            return None

    def _is_whole_search(self, criterion: Criterion) -> bool:
        """Whether the search has no other condition, so that it is known to find nothing."""
        query = self._query
        conditions = criterion.filters, criterion.ids, criterion.updated
        return query.within is None and (query.filters, query.ids, query.updated) == conditions

    def _target_exists(self, criterion: Criterion) -> bool:
        """Whether a reference names a resource that the token may see. Then it is normal that nothing refers to it."""
        value = criterion.filters[0].values[0] if criterion.filters and len(criterion.filters[0].values) == 1 else None
        if criterion.is_chained or criterion.modifier or not isinstance(value, ReferenceValue) or value.url is not None:
            return False
        types = (value.type,) if value.type else criterion.parameter.targets
        queries = (Query(self._query.version, type, ids=(value.id,), whole=False) for type in types)
        try:
            return any(self._probe.count(query) for query in queries)
        except TooCostly:
            return False

    def _explain_outside_token(self) -> Cause | None:
        """Whether the search names a patient that the token doesn't cover. That depends on the token only."""
        sets = {clause.patients for clause in self._visibility.of(self._query.type, "s")}
        covered = frozenset[str]().union(*(patients or () for patients in sets))
        if None in sets or not covered:
            return None
        within = self._query.within
        for name, text, id in (*_patient_parameters(self._query.type, self._criteria), *_compartment_parameters(within)):
            if id not in covered:
                expected = next(iter(covered)) if len(covered) == 1 else ""
                return PATIENT, {
                    "type": self._query.type,
                    "parameter": name,
                    "received": text,
                    "expected": expected,
                    "level": "warning",
                }
        return None


def _patient_parameters(type: str, criteria: Sequence[Criterion]) -> Iterator[tuple[str, str, str]]:
    """Yield the parameters that name one patient, with its id."""
    for each in criteria:
        if type == "Patient" and each.ids is not None and len(each.ids) == 1:
            yield each.name, each.text, each.ids[0]
        for filter in each.filters:
            value = filter.values[0] if len(filter.values) == 1 and filter.modifier is None else None
            if isinstance(value, ReferenceValue) and value.url is None and _names_patient(filter, value):
                yield each.name, each.text, value.id


def _names_patient(filter: Filter, value: ReferenceValue) -> bool:
    return value.type == "Patient" or (value.type is None and filter.parameter.targets == ("Patient",))


def _compartment_parameters(within: Any) -> list[tuple[str, str, str]]:
    return [("Patient", within.id, within.id)] if within is not None and within.type == "Patient" else []


def _is_reference(criterion: Criterion) -> bool:
    """Whether the criterion is a reference, which is rarely the parameter to change."""
    return criterion.parameter.kind == "reference"


def _is_range(criterion: Criterion) -> bool:
    """Whether the criterion asks for a range or for a value's presence, so that finding nothing is normal."""
    return criterion.parameter.kind in ("date", "number", "quantity", "special") or criterion.modifier in (
        "missing",
        "not",
        "not-in",
    )


def _rule_for(about: Criterion, proven: Proven | None) -> str:
    reason = proven.candidate.reason if proven else "frequent"
    return _BY_REASON.get(reason) or _BY_KIND.get(about.parameter.kind, VALUE)


def _suggestion_facts(proven: Proven | None) -> dict[str, Any]:
    """Return the facts of a suggestion. instead: names and values to send, if they were probably meant."""
    if proven is None:
        return {"suggestion": "", "finds": 0, "reason": "", "instead": []}
    candidate = proven.candidate
    pairs = [[candidate.name, text] for text in (candidate.text, candidate.also) if text]
    is_guess = candidate.reason in ("frequent", "near", "present", "modifier")
    suggestion = "&".join(f"{name}={text}" for name, text in pairs)
    return {"suggestion": suggestion, "finds": proven.finds, "reason": candidate.reason, "instead": [] if is_guess else pairs}


def _list_counts(counts: Mapping[Criterion, int | None]) -> list[list[Any]]:
    """Name each parameter with its number. One that was sent several times has its value too."""
    names = [each.name for each in counts]
    return [[each.name if names.count(each.name) == 1 else f"{each.name}={each.text}", count] for each, count in counts.items()]


def _classify_unused_value(about: Criterion, suggested: Suggested) -> str:
    """Return what has no value that the parameter compares: what the "others" find, or what the "token" may see; else ""."""
    is_known = suggested.occurring.is_complete and not suggested.occurring.values
    if not is_known or about.is_chained or suggested.proven is not None:
        return ""
    return "others" if suggested.others else "token"


def _list_values(about: Criterion, occurring: Sequence[Occurrence]) -> dict[str, Occurrence]:
    """Return the existing values as they are written, unless they are many names or ids, which wouldn't help."""
    values: dict[str, Occurrence] = {}
    for found in occurring:
        text = _format_value(about, found, str)
        values[text] = max(found, values.get(text, found), key=lambda value: value.matches)
    is_short = len(values) <= LISTED_VALUES
    says_something = about.parameter.kind != "string" and any(value.matches > 1 for value in values.values())
    return values if is_short or says_something else {}


def _format_value(about: Criterion, found: Occurrence, write: Callable[[str], str]) -> str:
    """Return a value as the search would send it. write: writes each part of it."""
    if about.parameter.kind == "reference" and found.system:
        return f"{found.system}/{found.value}"
    with_system = "|" in about.text or not found.value
    parts = (found.system, found.value) if with_system and about.parameter.kind == "token" else (found.value,)
    return "|".join(map(write, parts))
