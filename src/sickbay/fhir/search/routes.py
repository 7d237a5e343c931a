"""Parses a search according to its URL: on a type, in a compartment, or on the whole server."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from sickbay.fhir import subset
from sickbay.fhir.preconditions import handling
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Route
from sickbay.fhir.search.parameters import compartment_types, find, resource_types
from sickbay.fhir.search.parser import parse, parse_several
from sickbay.fhir.search.query import Query, Within
from sickbay.fhir.search.types import chosen

SEARCHES = frozenset({"search-type", "search-system", "search-compartment"})
SEVERAL = frozenset({"search-system", "search-compartment"})
"""Interactions that may search several types."""


def search_of(
    version: str, route: Route, pairs: Sequence[tuple[str, str]], *, base: str, strict: bool = False
) -> Query | tuple[RequestError, ...] | None:
    """Returns the search, or all errors in it; None if it isn't a search. pairs, base, strict: as in `parser.parse`."""
    if route.interaction not in SEARCHES:
        return None
    compartment = compartment_types(version, route.compartment[0]) if route.compartment else {}
    if route.type is not None:
        query = parse(version, route.type, pairs, base=base, strict=strict)
    else:
        types = sorted(compartment) if route.compartment else resource_types(version)
        query = parse_several(version, types, pairs, base=base, strict=strict)
    if not isinstance(query, Query):
        return query
    if wrong := subset.faults(query):
        return wrong
    if route.compartment is None:
        return query
    parts = tuple(replace(part, within=_within(version, part.type, *route.compartment)) for part in query.parts)
    return replace(query, parts=parts, within=_within(version, route.type or "", *route.compartment))


def _within(version: str, type: str, holder: str, id: str) -> Within:
    """Returns the compartment. It has no parameters, and so no resources, if the type isn't part of it."""
    codes = compartment_types(version, holder).get(type, ())
    numbers = tuple(parameter.number for code in codes if (parameter := find(version, type, code)) is not None)
    return Within(holder, id, numbers)


def strictly(policy: bool, prefer: str) -> bool:
    """Whether `Prefer: handling` or, without it, the tenant's policy requires strict handling (R4, 3.1.0.1.2)."""
    preference = handling(prefer)
    return policy if preference is None else preference == "strict"


def searched_types(version: str, interaction: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Returns the types that a search may find; empty if it isn't a search, or is in a compartment."""
    if interaction == "search-type" and type is not None:
        return (type,)
    if interaction != "search-system":
        return ()
    return chosen(version, pairs) or resource_types(version)
