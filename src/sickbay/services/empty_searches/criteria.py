"""Splits a search into its criteria, one for each parameter that selects resources, and combines some of them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sickbay.fhir.search import parser
from sickbay.fhir.search.parameters import SearchParameter, find
from sickbay.fhir.search.query import DateValue, Filter, Query

COMPANIONS = {"near": "near-distance"}
"""A parameter whose value is read together with another parameter's (STU3 and older)."""


class Criterion(NamedTuple):
    """One parameter of a search, as it was sent, and what it selects.

    type and parameter: where its value is searched, which is at the end of a chain. The parameter's number is that of the index
    rows that a modifier searches.
    """

    name: str
    text: str
    filters: tuple[Filter, ...]
    ids: tuple[str, ...] | None
    updated: tuple[DateValue, ...]
    type: str
    parameter: SearchParameter

    @property
    def modifier(self) -> str:
        """The modifier; "" if there is none, or if the parameter is a chain or `_has`."""
        return "" if self.is_chained else self.name.partition(":")[2]

    @property
    def is_chained(self) -> bool:
        return any(filter.leads for filter in self.filters)

    @property
    def bare_name(self) -> str:
        """The name without a modifier."""
        return self.name if self.is_chained else self.name.partition(":")[0]


def criteria_of(query: Query, base: str) -> tuple[Criterion, ...]:
    """Return the criteria of a search on one type, in the order in which they were sent."""
    found = (make_criterion(query, base, name, text) for name, text in query.applied)
    return tuple(each for each in found if each is not None)


def make_criterion(query: Query, base: str, name: str, text: str) -> Criterion | None:
    """Read one parameter of a search. None if it can't be read, or doesn't select resources."""
    companion = COMPANIONS.get(name)
    pairs = [(name, text), *(pair for pair in query.applied if pair[0] == companion)]
    parsed = parser.parse(query.version, query.type, pairs, base=base, suggestions=0)
    if not isinstance(parsed, Query) or not parsed.narrows or parsed.ignored:
        return None
    type, parameter = _find_compared_parameter(parsed, query)
    return Criterion(name, text, parsed.filters, parsed.ids, parsed.updated, type, parameter)


def _find_compared_parameter(parsed: Query, query: Query) -> tuple[str, SearchParameter]:
    """Return the type and the parameter whose values the criterion compares."""
    if not parsed.filters:
        own = find(query.version, query.type, "_id" if parsed.ids is not None else "_lastUpdated")
        assert own is not None
        return query.type, own
    type, last = query.type, parsed.filters[0]
    while last.leads:
        if last.chain is None:
            last = last.either[0]
        else:
            type, last = last.chain
    return type, last.parameter


def search_for(query: Query, criteria: Iterable[Criterion]) -> Query:
    """Return the search with only these criteria, in the compartment of the original one, if it has one."""
    chosen = tuple(criteria)
    named = [each.ids for each in chosen if each.ids is not None]
    ids = tuple(id for id in named[0] if all(id in others for others in named)) if named else None
    filters = tuple(filter for each in chosen for filter in each.filters)
    updated = tuple(date for each in chosen for date in each.updated)
    return Query(query.version, query.type, filters, ids, updated, within=query.within, whole=False)


def search_for_type(query: Query, type: str) -> Query:
    """Return the search for all resources of a type; those of the compartment, if it is the type of the search."""
    return search_for(query, ()) if type == query.type else Query(query.version, type, whole=False)


def leave_out(criteria: Sequence[Criterion], left_out: Criterion) -> tuple[Criterion, ...]:
    return tuple(each for each in criteria if each is not left_out)
