"""Parses a search according to its URL: on a type, in a compartment, or on the whole server."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from sickbay.fhir import subset
from sickbay.fhir.preconditions import handling
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Route
from sickbay.fhir.search import full_text
from sickbay.fhir.search.parameters import compartment_types, find, known_types, nearest_of, resource_types
from sickbay.fhir.search.parser import FILTERS, parse
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
    if (query.elements or query.summary) and (wrong := subset.faults(query)):
        return wrong
    if route.compartment is None:
        return query
    parts = tuple(replace(part, within=_within(version, part.type, *route.compartment)) for part in query.parts)
    return replace(query, parts=parts, within=_within(version, route.type or "", *route.compartment))


def parse_several(
    version: str, types: Sequence[str], pairs: Sequence[tuple[str, str]], *, base: str, strict: bool = False
) -> Query | tuple[RequestError, ...]:
    """Parses a search on several types (R4, 3.1.1.5.6) by their common parameters. types: those that `_type` selects from."""
    chosen, wrong = _types(version, types, pairs)
    remaining = [pair for pair in pairs if pair[0] != "_type"]
    parsed = {type: parse(version, type, remaining, base=base, strict=strict) for type in chosen}
    errors = {error: None for query in parsed.values() if isinstance(query, tuple) for error in query}
    if wrong or errors:
        return (*wrong, *errors)
    queries = [query for query in parsed.values() if isinstance(query, Query)]
    ignored = {name: near for query in reversed(queries) for name, near in query.ignored}
    known = [pair for pair in remaining if pair[0] not in ignored]
    parts = tuple(part for type in chosen if isinstance(part := parse(version, type, known, base=base), Query))
    if any(sum(filter.ends for filter in part.filters) * 4 > FILTERS for part in parts):
        return (RequestError("fhir-search-too-complex", "filters", "several types", f"at most {FILTERS // 4} filters"),)
    if any(sum(map(full_text.count, part.filters)) * 10 > full_text.ASKED for part in parts):
        return (RequestError("fhir-search-too-complex", "words", "several types", f"at most {full_text.ASKED // 10} words"),)
    whole = parts[0] if parts else Query(version, "")
    named_types = tuple(pair for pair in pairs if pair[0] == "_type")
    return replace(
        whole,
        type="",
        parts=parts,
        filters=(),
        ids=None,
        updated=(),
        applied=(*named_types, *whole.applied),
        ignored=tuple(ignored.items()),
        doubted=tuple({doubt: None for part in parts for doubt in part.doubted}),
    )


def _types(
    version: str, types: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], tuple[RequestError, ...]]:
    requested = [type for name, text in pairs if name == "_type" for type in text.split(",") if type]
    wrong = []
    for type in requested:
        if type not in known_types(version):
            expected = f"_type={nearest_of(type, resource_types(version)) or '<Type>,<Type>'}"
            wrong.append(RequestError("fhir-search-value-malformed", "_type", type, expected))
    return tuple(type for type in types if not requested or type in requested), tuple(wrong)


def _within(version: str, type: str, holder: str, id: str) -> Within:
    """Returns the compartment. It has no parameters, and so no resources, if the type isn't part of it."""
    codes = compartment_types(version, holder).get(type, ())
    numbers = tuple(parameter.number for code in codes if (parameter := find(version, type, code)) is not None)
    return Within(holder, id, numbers)


def strictly(policy: bool, prefer: str) -> bool:
    """Whether `Prefer: handling` or, without it, the tenant's policy requires strict handling (R4, 3.1.0.1.2)."""
    preference = handling(prefer) if prefer else None
    return policy if preference is None else preference == "strict"


def searched_types(version: str, interaction: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Returns the types that a search may find; empty if it isn't a search, or is in a compartment."""
    if interaction == "search-type" and type is not None:
        return (type,)
    if interaction != "search-system":
        return ()
    return chosen(version, pairs) or resource_types(version)
