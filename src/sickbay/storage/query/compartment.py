"""Searches a whole compartment in one range: all references to its owner by parameters that define membership.

Searching type by type would take about sixty searches, most of them without results.
"""

from __future__ import annotations

from sickbay.fhir.search.query import Query, Within
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.access_path import AccessPath
from sickbay.storage.query.cache import PlanResults
from sickbay.storage.query.conditions import FALSE, join_with_and, match_any
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.keyset import Find, sort_keys
from sickbay.storage.query.search import SearchPlan, row_conditions
from sickbay.storage.query.visibility import group_by_visibility

_COMMON_SORT_PARAMETERS = ("_id", "_lastUpdated")
"""Sort parameters that mean the same for every type."""


def group_parts(
    scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility
) -> tuple[list[SearchPlan], list[Query]]:
    """Return plans for the parts that only ask for membership, one for each set of types with the same visibility, and the
    other parts.
    """
    if query.within is None or not query.parts or any(part.parameter not in _COMMON_SORT_PARAMETERS for part in query.sort):
        return [], list(query.parts)
    plain = {part.type: part for part in query.parts if _asks_nothing_more(part, query)}
    nid = scope.names.nid(scope.space, query.within.type, query.within.id) if plain else -1
    plans = [
        plan_of_types
        for types in group_by_visibility(visibility, "s", plain)
        if (plan_of_types := _plan_types(scope, find, space, [plain[type] for type in types], nid, visibility))
    ]
    return plans, [part for part in query.parts if part.type not in plain]


def _asks_nothing_more(part: Query, query: Query) -> bool:
    same = _patient_of(part.within) == _patient_of(query.within) and part.updated == query.parts[0].updated
    return same and not part.filters and part.ids is None


def _patient_of(within: Within | None) -> tuple[str, str] | None:
    return (within.type, within.id) if within else None


def _plan_types(
    scope: Scope, find: Find, space: ResourceSpace, parts: list[Query], holder: int, visibility: Visibility
) -> SearchPlan | None:
    """Plan a search of several types. A parameter's number implies its type, so types aren't checked separately."""
    numbers = sorted({number for part in parts if part.within for number in part.within.parameters})
    by = match_any("+f.parameter", numbers)  # "+": read the range of the target once instead of searching it for each number
    visible = scope.visible(parts[0].type, "s", "d.nid", None)
    if by is FALSE or visible is FALSE:
        return None
    table = f"(SELECT DISTINCT f.nid FROM shown_reference f WHERE f.target = ? AND {by.text}) d"
    source = AccessPath(table, "TRUE", (holder, *by.binds), "d.nid", ())
    updated = row_conditions(parts[0], source)
    keys = sort_keys(find, parts[0], source)
    return SearchPlan(
        source, join_with_and([*updated, visible]), keys, bool(updated), parts[0], space, visibility, PlanResults()
    )
