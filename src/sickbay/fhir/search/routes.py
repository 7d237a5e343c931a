"""A search by its address: of one type, of a compartment, of the whole server."""

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
"""Those that may have no type of their own."""


def search_of(
    version: str, found: Route, pairs: Sequence[tuple[str, str]], *, base: str, strict: bool = False
) -> Query | tuple[RequestError, ...] | None:
    """The search, or every fault in it; None where it is none. pairs, base, strict: as `search.parse` has them."""
    if found.interaction not in SEARCHES:
        return None
    held = compartment_types(version, found.compartment[0]) if found.compartment else {}
    if found.type is not None:
        query = parse(version, found.type, pairs, base=base, strict=strict)
    else:
        types = sorted(held) if found.compartment else resource_types(version)
        query = parse_several(version, types, pairs, base=base, strict=strict)
    if not isinstance(query, Query):
        return query
    if wrong := subset.faults(query):
        return wrong
    if found.compartment is None:
        return query
    parts = tuple(replace(one, within=_within(version, one.type, *found.compartment)) for one in query.parts)
    return replace(query, parts=parts, within=_within(version, found.type or "", *found.compartment))


def _within(version: str, type: str, holder: str, id: str) -> Within:
    """Of a type that is no compartment, or is not in it, nothing is."""
    codes = compartment_types(version, holder).get(type, ())
    numbers = tuple(one.number for code in codes if (one := find(version, type, code)) is not None)
    return Within(holder, id, numbers)


def strictly(policy: bool, prefer: str) -> bool:
    """`Prefer: handling` decides where it is said, else the tenant's policy (R4, 3.1.0.1.2)."""
    asked = handling(prefer)
    return policy if asked is None else asked == "strict"


def searched_types(version: str, interaction: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The types whose resources a search may find; empty where it is none, or of a compartment."""
    if interaction == "search-type" and type is not None:
        return (type,)
    if interaction != "search-system":
        return ()
    return chosen(version, pairs) or resource_types(version)
