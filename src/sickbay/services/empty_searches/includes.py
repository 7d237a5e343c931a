"""Finds out why an include added nothing, using only what the token may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from sickbay.fhir.search.parameters import find
from sickbay.fhir.search.query import Include, Query
from sickbay.fhir.visibility import Visibility
from sickbay.services.empty_searches.examine import Answer, Cause, find_position
from sickbay.storage.probe import Occurrence, Probe, TooCostly

ADDS_NOTHING: Final = "fhir-include-adds-nothing"
LEADS_NOWHERE: Final = "fhir-include-leads-nowhere"
EXPLAINED_INCLUDES: Final = 3
"""Maximum number of includes of a search that are examined. The first one with a cause is shown."""
FORMS: Final = ("_include", "_revinclude")


def examine_includes(probe: Probe, query: Query, visibility: Visibility) -> Answer:
    """Explain a search on one type that found something but included nothing. query: with the ids of the matches."""
    position = find_position(probe)
    causes = tuple(_causes_of_include(probe, query, visibility)) if query.type else ()
    return Answer(causes[:1], position=position)


def _causes_of_include(probe: Probe, query: Query, visibility: Visibility) -> Iterator[Cause]:
    sent = [pair for pair in query.applied if pair[0].partition(":")[0] in FORMS]
    for (name, text), include in list(zip(sent, query.includes, strict=False))[:EXPLAINED_INCLUDES]:
        try:
            cause = (_explain_reverse if include.reverse else _cause_of_include)(probe, query, visibility, include)
        except TooCostly:
            cause = None
        if cause is not None:
            id, facts = cause
            yield id, {"type": query.type, "parameter": name, "received": text} | facts


def _explain_reverse(probe: Probe, query: Query, visibility: Visibility, include: Include) -> tuple[str, dict[str, Any]] | None:
    if include.target not in (None, query.type) and not include.iterate:
        return ADDS_NOTHING, {"cause": "source"}
    if include.source != "*" and not visibility.of(include.source, "rs"):
        return ADDS_NOTHING, {"cause": "scope"}
    parameter = find(query.version, include.source, include.parameter) if include.source != "*" else None
    targets = parameter.targets if parameter is not None else ()
    if targets and query.type not in targets and "Resource" not in targets and not include.iterate:
        return ADDS_NOTHING, {"cause": "targets", "targets": list(targets), "from": f"{include.source}:{include.parameter}"}
    return ADDS_NOTHING, {"cause": "unreferenced"}


def _cause_of_include(
    probe: Probe, query: Query, visibility: Visibility, include: Include
) -> tuple[str, dict[str, Any]] | None:
    if include.source not in ("*", query.type):
        return None if include.iterate else (ADDS_NOTHING, {"cause": "source"})
    parameter = find(query.version, query.type, include.parameter)
    if parameter is None:
        return ADDS_NOTHING, {"cause": ""}
    occurring = [found for found in probe.occurrences(_keep_filters(query), parameter).values if found.system]
    if not occurring:
        return ADDS_NOTHING, {"cause": "absent"}
    meant = [found for found in occurring if include.target in (None, found.system)]
    if not meant:
        return LEADS_NOWHERE, {"cause": "types", "occurring": _group_by_type(occurring)}
    if not any(visibility.of(found.system, "rs") for found in meant):
        return ADDS_NOTHING, {"cause": "scope"}
    if _references_exist(probe, query.version, meant):
        return None  # they are matches too, and a page contains each resource only once
    return LEADS_NOWHERE, {
        "cause": "absent",
        "occurring": [[f"{found.system}/{found.value}", found.matches] for found in meant[:3]],
    }


def _keep_filters(query: Query) -> Query:
    return replace(query, includes=(), sort=(), cursor=None, summary=None, elements=(), remembered=False)


def _references_exist(probe: Probe, version: str, occurring: Sequence[Occurrence]) -> bool:
    by_type: dict[str, list[str]] = {}
    for found in occurring:
        by_type.setdefault(found.system, []).append(found.value)
    return any(probe.count(Query(version, type, ids=tuple(ids), whole=False)) for type, ids in by_type.items())


def _group_by_type(occurring: Sequence[Occurrence]) -> list[list[Any]]:
    counts: dict[str, int] = {}
    for found in occurring:
        counts[found.system] = counts.get(found.system, 0) + found.matches
    return [[type, count] for type, count in counts.items()]
