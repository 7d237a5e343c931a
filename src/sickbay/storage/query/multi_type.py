"""Searches several types at once: the plans of all types in one statement, in one order (R4, 3.1.1.5.6)."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.compartment import group_parts
from sickbay.storage.query.conditions import TRUE
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.keyset import Find, Position, condition_after, cut_page, hash_sight, open_cursor, seal_cursor
from sickbay.storage.query.search import COUNTED, Matches, SearchPlan, hash_query, plan_search
from sickbay.storage.query.statement import Bind, Run, Statement
from sickbay.storage.query.visibility import COLUMNS, WIDTH


class SearchPlans(NamedTuple):
    """The plans of a search of several types, one for each type or group of types that may have matches."""

    plans: tuple[SearchPlan, ...]
    query: Query
    space: ResourceSpace
    visibility: Visibility


def make_plans(scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility) -> SearchPlans | None:
    """Plan the search. None means that nothing can match. Types with no stored resources are left out."""
    type_plans, parts = group_parts(scope, find, space, query, visibility)
    stored_types = scope.names.find_known_texts([part.type for part in parts])
    single_plans = (plan_search(scope, find, space, part, visibility) for part in parts if part.type in stored_types)
    type_plans += [type_plan for type_plan in single_plans if type_plan is not None]
    return SearchPlans(tuple(type_plans), query, space, visibility) if type_plans else None


def load_multi_type_page(run: Run, key: bytes, search: SearchPlans) -> Matches:
    """Return one page, continuing after the last key of the previous one. Each row ends with its type number. Raises
    BadCursor.
    """
    query, sight = search.query, hash_sight(search.visibility)
    position = open_cursor(key, query.cursor, hash_query(search.space, query), sight) if query.cursor is not None else None
    rows = run(_page_statement(search, position))
    rows, more = cut_page(rows, query.count)
    seen = (position.seen if position else 0) + len(rows)
    total = _count_matches(run, search, position, None if more else seen)
    if not more:
        return Matches(rows, None, total)
    last = (*rows[-1][-1 - len(_sort_columns(search)) : -1], rows[-1][0])
    return Matches(rows, seal_cursor(key, Position(hash_query(search.space, query), last, seen, total, sight)), total)


def _sort_columns(search: SearchPlans) -> list[tuple[str, bool]]:
    """Return the columns to sort by, each with whether it is descending. Without _sort, results are in the order of nids."""
    return [(f"k{index}", sort.descending) for index, sort in enumerate(search.query.sort)]


def _page_statement(search: SearchPlans, at: Position | None) -> Statement:
    """Sort only keys and nids first, so that no body goes through the sorter."""
    names = _sort_columns(search)
    texts: list[str] = []
    binds: list[Bind] = []
    for part in search.plans:
        keys = [f"{key.text} AS {name}" for key, (name, _) in zip(part.keys, names, strict=False)]
        table = part.source.join() if part.needs_row or names else part.source.text
        texts.append(f"SELECT {', '.join((f'{part.source.nid} AS n', *keys))} {table} AND {part.where.text}")
        binds += [bind for key, _ in zip(part.keys, names, strict=False) for bind in key.binds]
        binds += (*part.source.binds, *part.where.binds)
    after = condition_after((*names, ("n", False)), at.last) if at else TRUE
    by = ", ".join(f"{name}{' DESC' if down else ''}" for name, down in (*names, ("n", False)))
    page_of_nids = f"SELECT * FROM ({' UNION ALL '.join(texts)}) w WHERE {after.text} ORDER BY {by} LIMIT ?"
    columns = ", ".join((COLUMNS, *(name for name, _ in names), "r.type"))
    text = f"SELECT {columns} FROM ({page_of_nids}) x CROSS JOIN resource r ON r.nid = n ORDER BY {by}"
    return Statement(text, (*binds, *after.binds, search.query.count + 1), WIDTH - 1)


def build_count(search: SearchPlans, limit: int | None = None) -> Statement:
    """Count the matches, up to `limit` if there is one."""
    texts: list[str] = []
    binds: list[Bind] = []
    for part in search.plans:
        text = part.source.join() if part.needs_row else part.source.text
        texts.append(f"SELECT 1 {text} AND {part.where.text}")
        binds += (*part.source.binds, *part.where.binds)
    matches = f"({' UNION ALL '.join(texts)}) w"
    if limit is None:
        return Statement(f"SELECT count(*) FROM {matches}", tuple(binds))
    return Statement(f"SELECT count(*) FROM (SELECT 1 FROM {matches} LIMIT ?) x", (*binds, limit))


def _count_matches(run: Run, search: SearchPlans, at: Position | None, free: int | None) -> int | None:
    if free is not None or search.query.total == "none":
        return free
    if at is not None and search.query.total != "accurate":
        return at.total
    exact = search.query.total == "accurate"
    count: int = run(build_count(search) if exact else build_count(search, COUNTED + 1))[0][0]
    return count if exact or count <= COUNTED else None
