"""Searching several types at once: the plans of each, in one statement, in one order (R4, 3.1.1.5.6)."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.cursor import Position, opened, seal, sight_of
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.compartment import gathered
from sickbay.storage.query.filters import TRUE, Scope
from sickbay.storage.query.order import Find, beyond
from sickbay.storage.query.row_reader import COLUMNS, WIDTH
from sickbay.storage.query.search import COUNTED, Matches, SearchPlan, fingerprint, plan
from sickbay.storage.query.statement import Bind, Run, Statement, paged


class SearchPlans(NamedTuple):
    """Of each type that may hold a match."""

    each: tuple[SearchPlan, ...]
    query: Query
    space: ResourceSpace
    visibility: Visibility


def plans(scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility) -> SearchPlans | None:
    """None: nothing can match. Types of which nothing was ever stored are left out."""
    found, parts = gathered(scope, find, space, query, visibility)
    there = scope.names.known([part.type for part in parts])
    each = (plan(scope, find, space, part, visibility) for part in parts if part.type in there)
    found += [one for one in each if one is not None]
    return SearchPlans(tuple(found), query, space, visibility) if found else None


def page(run: Run, key: bytes, asked: SearchPlans) -> Matches:
    """One page by keyset; each row ends with the number of its type. Raises BadCursor."""
    query, sight = asked.query, sight_of(asked.visibility)
    at = opened(key, query.cursor, fingerprint(asked.space, query), sight) if query.cursor is not None else None
    rows = run(_page(asked, at))
    rows, more = paged(rows, query.count)
    seen = (at.seen if at else 0) + len(rows)
    total = _total(run, asked, at, None if more else seen)
    if not more:
        return Matches(rows, None, total)
    last = (*rows[-1][-1 - len(_names(asked)) : -1], rows[-1][0])
    return Matches(rows, seal(key, Position(fingerprint(asked.space, query), last, seen, total, sight)), total)


def _names(asked: SearchPlans) -> list[tuple[str, bool]]:
    """The columns to sort by, each with whether it goes down. Without a wish: in the order of numbers."""
    return [(f"k{place}", one.descending) for place, one in enumerate(asked.query.sort)]


def _page(asked: SearchPlans, at: Position | None) -> Statement:
    """Sort keys and nids first, so that no body goes through the sorter."""
    names = _names(asked)
    texts: list[str] = []
    binds: list[Bind] = []
    for one in asked.each:
        keys = [f"{key.text} AS {name}" for key, (name, _) in zip(one.keys, names, strict=False)]
        table = one.source.joined() if one.needs_row or names else one.source.text
        texts.append(f"SELECT {', '.join((f'{one.source.nid} AS n', *keys))} {table} AND {one.where.text}")
        binds += [bind for key, _ in zip(one.keys, names, strict=False) for bind in key.binds]
        binds += (*one.source.binds, *one.where.binds)
    after = beyond((*names, ("n", False)), at.last) if at else TRUE
    by = ", ".join(f"{name}{' DESC' if down else ''}" for name, down in (*names, ("n", False)))
    few = f"SELECT * FROM ({' UNION ALL '.join(texts)}) w WHERE {after.text} ORDER BY {by} LIMIT ?"
    columns = ", ".join((COLUMNS, *(name for name, _ in names), "r.type"))
    text = f"SELECT {columns} FROM ({few}) x CROSS JOIN resource r ON r.nid = n ORDER BY {by}"
    return Statement(text, (*binds, *after.binds, asked.query.count + 1), WIDTH - 1)


def counted(asked: SearchPlans, limit: int | None = None) -> Statement:
    """How many match; with a limit, counted no further."""
    texts: list[str] = []
    binds: list[Bind] = []
    for one in asked.each:
        text = one.source.joined() if one.needs_row else one.source.text
        texts.append(f"SELECT 1 {text} AND {one.where.text}")
        binds += (*one.source.binds, *one.where.binds)
    every = f"({' UNION ALL '.join(texts)}) w"
    if limit is None:
        return Statement(f"SELECT count(*) FROM {every}", tuple(binds))
    return Statement(f"SELECT count(*) FROM (SELECT 1 FROM {every} LIMIT ?) x", (*binds, limit))


def _total(run: Run, asked: SearchPlans, at: Position | None, free: int | None) -> int | None:
    if free is not None or asked.query.total == "none":
        return free
    if at is not None and asked.query.total != "accurate":
        return at.total
    exact = asked.query.total == "accurate"
    found: int = run(counted(asked) if exact else counted(asked, COUNTED + 1))[0][0]
    return found if exact or found <= COUNTED else None
