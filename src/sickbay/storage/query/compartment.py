"""A compartment whatever its types, in one range: what refers to its holder by a parameter that makes it a member.

Type by type it would be a search for each of some sixty types, of which most have nothing there.
"""

from __future__ import annotations

from sickbay.fhir.search.query import Query, Within
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.access_path import AccessPath
from sickbay.storage.query.cache import PlanResults
from sickbay.storage.query.filters import FALSE, Scope, both, one_of
from sickbay.storage.query.order import Find, order
from sickbay.storage.query.search import SearchPlan, own
from sickbay.storage.query.visible import alike

_OWN = ("_id", "_lastUpdated")
"""What is sorted by is the same for every type."""


def gathered(
    scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility
) -> tuple[list[SearchPlan], list[Query]]:
    """A plan for all parts of which the same is visible, if they ask for membership alone; and the parts that ask for more."""
    if query.within is None or not query.parts or any(one.parameter not in _OWN for one in query.sort):
        return [], list(query.parts)
    plain = {one.type: one for one in query.parts if _asks_nothing_more(one, query)}
    nid = scope.names.nid(scope.space, query.within.type, query.within.id) if plain else -1
    found = [
        made
        for types in alike(visibility, "s", plain)
        if (made := _plan(scope, find, space, [plain[type] for type in types], nid, visibility))
    ]
    return found, [one for one in query.parts if one.type not in plain]


def _asks_nothing_more(one: Query, query: Query) -> bool:
    same = _place(one.within) == _place(query.within) and one.updated == query.parts[0].updated
    return same and not one.filters and one.ids is None


def _place(within: Within | None) -> tuple[str, str] | None:
    return (within.type, within.id) if within else None


def _plan(
    scope: Scope, find: Find, space: ResourceSpace, parts: list[Query], holder: int, visibility: Visibility
) -> SearchPlan | None:
    """The number of a parameter says of which type it is, so that no type need be looked at."""
    numbers = sorted({number for one in parts if one.within for number in one.within.parameters})
    by = one_of("+f.parameter", numbers)  # "+": the target's range is read once, not looked into for each number
    held = scope.visible(parts[0].type, "s", "d.nid", None)
    if by is FALSE or held is FALSE:
        return None
    table = f"(SELECT DISTINCT f.nid FROM reference_index f WHERE f.target = ? AND {by.text}) d"
    source = AccessPath(table, "TRUE", (holder, *by.binds), "d.nid", ())
    updated = own(parts[0], source)
    keys = order(find, parts[0], source)
    return SearchPlan(source, both([*updated, held]), keys, bool(updated), parts[0], space, visibility, PlanResults())
