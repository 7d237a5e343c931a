"""Searching: one statement for a page of matches, one for a total where it is not free, one per type of what is included."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
import orjson

from sickbay.fhir.search.query import Query, Within
from sickbay.fhir.visibility import Visibility
from sickbay.storage.cursor import Position, opened, seal, sight_of
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.access_path import AccessPath, everything, source
from sickbay.storage.query.cache import PlanResults
from sickbay.storage.query.dictionary import LIVE_OF_TYPE
from sickbay.storage.query.filters import FALSE, TRUE, Scope, both, condition, of_instant, one_of
from sickbay.storage.query.order import Find, SortKey, beyond, order
from sickbay.storage.query.row_reader import WHOLE, Columns, columns_for
from sickbay.storage.query.sorted_scan import SortedIndex, along, first, reached, until
from sickbay.storage.query.statement import EACH, Bind, Cut, Row, Run, Sql, Statement, few, is_full, paged
from sickbay.storage.query.visible import only_patient

COUNTED = 1000
"""Totals are counted so far; beyond, none is better than a wrong one."""
WIDE, NEAR = 4000, 2000
"""A range of so many rows is not sorted for a page that is full among so many of the type."""
MANY, AHEAD, ROUNDS = 1000, 4, 3
"""So many are not sorted for a page that is full among what comes first: so many times a page, and more in each round."""


class SearchPlan(NamedTuple):
    """A search resolved: its source, what must hold besides, its order, and how to tell it from others.

    walk: the same from all of the type, where the source is a range, whose order is another, or is sorted along an index.
    results: of this plan, if it ran before.
    """

    source: AccessPath
    where: Sql
    keys: tuple[SortKey, ...]
    needs_row: bool
    query: Query
    space: ResourceSpace
    visibility: Visibility
    results: PlanResults
    columns: Columns = WHOLE
    walk: SearchPlan | None = None
    along: SortedIndex | None = None


class Matches(NamedTuple):
    rows: list[Row]
    next: str | None
    total: int | None


def plan(scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility) -> SearchPlan | None:
    """None: nothing can match."""
    patient = only_patient(visibility, "s", query.type)
    chosen = source(scope, query, patient)
    made = _resolved(scope, find, space, query, visibility, chosen)
    by = along(scope, find, query) if query.sort and not chosen.rank and query.ids is None else None
    if made is None or (by is None if query.sort else chosen.range is None):
        return made
    walk = made if chosen.row else _resolved(scope, find, space, query, visibility, everything(scope, query))
    return made._replace(walk=walk, along=by)


def _resolved(
    scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility, chosen: AccessPath
) -> SearchPlan | None:
    more = own(query, chosen)
    parts = [condition(scope, one, chosen.nid) for one in chosen.rest]
    if query.within is not None:
        parts.append(_inside(scope, query.within, chosen.nid))
    where = both([*parts, *more, scope.visible(query.type, "s", chosen.nid, chosen.patient)])
    if where is FALSE:
        return None
    keys, columns = order(find, query, chosen), columns_for(query, visibility)
    return SearchPlan(chosen, where, keys, bool(more) or chosen.row, query, space, visibility, PlanResults(), columns)


def page(run: Run, key: bytes, plan: SearchPlan) -> Matches:
    """One page by keyset, LIMIT n + 1. Raises BadCursor. If the plan ran before, only the rows are read again."""
    if plan.results.page is not None:
        statement, following, total = plan.results.page
        return Matches(paged(run(statement), plan.query.count)[0], following, total)
    at = _at(key, plan, plan.query.cursor) if plan.query.cursor is not None else None
    whole = at is None and _is_counted_with_its_page(plan)
    return _first_of_patient(run, key, plan) if whole else _page_anew(run, key, plan, at)


def _page_anew(run: Run, key: bytes, plan: SearchPlan, at: Position | None) -> Matches:
    query = plan.query
    rows = _early(run, plan, plan.walk, at) if plan.walk and query.count > 0 else []
    statement = _page(plan, at) if query.count > 0 and not rows else None
    rows = run(statement) if statement else rows
    rows, more = paged(rows, query.count)
    seen = (at.seen if at else 0) + len(rows)
    total = _total(run, plan, at, None if more or query.count == 0 else seen)
    last = (*rows[-1][plan.columns.width :][: len(plan.keys)], rows[-1][0]) if more else ()
    found = Matches(rows, _following(key, plan, last, seen, total) if more else None, total)
    if statement:
        plan.results.page = statement, found.next, total
    return found


def _is_counted_with_its_page(plan: SearchPlan) -> bool:
    query, source = plan.query, plan.source
    return bool(source.rank) and not source.facet and not query.sort and query.total != "none" and query.count > 0


def _early(run: Run, plan: SearchPlan, walk: SearchPlan, at: Position | None) -> list[Row]:
    """A full page without all that is asked for being sorted, where that takes longer; else nothing."""
    return _near(run, plan, walk, at) if plan.along is None else _ahead(run, plan, walk, plan.along, at)


def _near(run: Run, plan: SearchPlan, walk: SearchPlan, at: Position | None) -> list[Row]:
    """From the next few, where a range is so wide."""
    range = plan.source.range
    if range is None or not _as_many(run, plan, range, WIDE):
        return []
    limit = plan.query.count + 1
    rows = _of_type(run, walk, at, limit)
    if not is_full(rows, limit) and plan.source.found is not None and not plan.source.dear:
        least = plan.source.least(int(at.last[0]) if at else -1, max(NEAR, 2 * limit))
        rows = run(_sorted(plan._replace(source=least), at, limit))
    if not is_full(rows, limit) and plan.source.changed:  # of an export mostly all: it goes on where it was
        return run(_page(walk, at))
    return rows if is_full(rows, limit) else []


def _of_type(run: Run, walk: SearchPlan, at: Position | None, limit: int) -> list[Row]:
    """What matches of the next few of the type."""
    after = beyond((("r.nid", False),), at.last) if at else TRUE
    text = f"SELECT r.nid {walk.source.text} AND {after.text} ORDER BY r.nid LIMIT 1 OFFSET {NEAR}"
    last = run(Statement(text, (*walk.source.binds, *after.binds)))
    end = Sql("r.nid <= ?", last[0]) if last else TRUE
    return run(_streamed(walk._replace(where=both([walk.where, end])), at, limit))


def _as_many(run: Run, plan: SearchPlan, rows: Sql, many: int) -> bool:
    """Whether there are so many. A page and its total may ask the same: it is counted once."""
    statement, counts = few(rows, many), plan.results.counts
    if statement not in counts:
        counts[statement] = _number(run(statement))
    return counts[statement] == many


def _ahead(run: Run, plan: SearchPlan, walk: SearchPlan, by: SortedIndex, at: Position | None) -> list[Row]:
    """From what comes first by an index of what is sorted by; nothing where it is not full soon."""
    if by.column == "changed" and plan.source.row and not by.descending:
        return []  # that one is in order by itself
    limit, last = plan.query.count + 1, at.last if at else ()
    tried = AHEAD * limit
    for _ in range(ROUNDS):
        if not plan.source.row and not _as_many(run, plan, _of(plan.source), max(MANY, tried)):
            return []
        reaching = run(reached(by, last[0] if last else None, tried))
        end = reaching[0][0] if reaching else None
        begun = first(by, last, end, tried) if len(plan.keys) == 1 else until(by, last[0] if last else None, end)
        if _as_many(run, plan, begun, 8 * MANY):
            return []
        rows = run(_sorted(_among(walk, begun), at, limit))
        if is_full(rows, limit):
            return rows
        if end is None:
            return []
        tried = min(tried * max(4, 2 * limit // max(len(rows), 1)), 7 * MANY)
    return []


def _of(source: AccessPath) -> Sql:
    """Its rows, before they are made a set."""
    return source.found or Sql(f"SELECT 1 {source.text}", source.binds)


def _among(walk: SearchPlan, begun: Sql) -> SearchPlan:
    table = f"(SELECT DISTINCT +nid AS nid FROM ({begun.text}) e) d CROSS JOIN {walk.source.table} ON r.nid = d.nid"
    return walk._replace(source=walk.source._replace(table=table, binds=(*begun.binds, *walk.source.binds)))


def _first_of_patient(run: Run, key: bytes, plan: SearchPlan) -> Matches:
    """All matches of a patient by number, which is as cheap as counting them, then the bodies of the page."""
    found = run(_numbers(plan))
    chosen = [row[0] for row in found[: plan.query.count]]
    bodies = f"SELECT {plan.columns.text} FROM json_each(?) j CROSS JOIN resource r ON r.nid = j.value AND r.state = 1"
    read = run(Statement(bodies, (orjson.dumps(chosen).decode(),), plan.columns.width - 1))
    bodies_by_nid = {row[0]: row for row in read}
    if isinstance(read, Cut):  # in the order of `chosen`
        chosen = chosen[: len(read) - 1]
    rows = [bodies_by_nid[nid] for nid in chosen if nid in bodies_by_nid]
    total, seen = len(found), len(chosen)
    if total == seen:
        return Matches(rows, None, total)
    nid, rank = found[seen - 1]
    return Matches(rows, _following(key, plan, (rank, nid), seen, total), total)


def _following(key: bytes, plan: SearchPlan, last: tuple[Bind, ...], seen: int, total: int | None) -> str:
    return seal(key, Position(_fingerprint(plan), last, seen, total, sight_of(plan.visibility)))


def _at(key: bytes, plan: SearchPlan, cursor: str) -> Position:
    return opened(key, cursor, _fingerprint(plan), sight_of(plan.visibility))


def counted(plan: SearchPlan, limit: int | None = None) -> Statement:
    """How many match; with a limit, counted no further."""
    text = plan.source.joined() if plan.needs_row else plan.source.text
    where, binds = f"{text} AND {plan.where.text}", (*plan.source.binds, *plan.where.binds)
    if limit is None and plan.where is TRUE and plan.source.row and plan.query.ids is None:
        return Statement(LIVE_OF_TYPE, plan.source.binds)
    if limit is None:
        return Statement(f"SELECT count(*) {where}", binds)
    return Statement(f"SELECT count(*) FROM (SELECT 1 {where} LIMIT ?) few", (*binds, limit))


def _inside(scope: Scope, within: Within, nid: str) -> Sql:
    """In the compartment, by any of its parameters."""
    by = one_of("c.parameter", list(within.parameters))
    if by is FALSE:
        return FALSE
    target = scope.names.nid(scope.space, within.type, within.id)
    return Sql(
        f"EXISTS (SELECT 1 FROM reference_index c WHERE c.nid = {nid} AND c.target = ? AND {by.text}{EACH})",
        (target, *by.binds),
    )


def own(query: Query, chosen: AccessPath) -> list[Sql]:
    """What is asked of the resource's own row."""
    found = [] if chosen.changed else [of_instant(one, "r.changed") for one in query.updated]
    if query.ids is not None and not chosen.row:
        found.append(one_of("r.id", list(query.ids)))
    return found


def _page(plan: SearchPlan, at: Position | None) -> Statement:
    limit = plan.query.count + 1
    sorting = bool(plan.query.sort) and plan.keys not in ((), (SortKey("d.rank"),))
    streamed = (plan.needs_row or plan.source.facet) and not sorting
    return _streamed(plan, at, limit) if streamed else _sorted(plan, at, limit)


def _streamed(plan: SearchPlan, at: Position | None, limit: int) -> Statement:
    """In the order of the source, most of whose rows match or are read anyway: no more of them than the page."""
    names = (*(key.text for key in plan.keys), plan.source.nid)
    after = beyond(tuple((name, False) for name in names), at.last) if at else TRUE
    columns = ", ".join((plan.columns.text, *names[:-1]))
    text = f"SELECT {columns} {plan.source.joined()} AND {plan.where.text} AND {after.text} ORDER BY {', '.join(names)} LIMIT ?"
    return Statement(text, (*plan.source.binds, *plan.where.binds, *after.binds, limit), plan.columns.width - 1)


def _numbers(plan: SearchPlan) -> Statement:
    source = plan.source
    text = source.joined() if plan.needs_row else source.text
    found = f"SELECT d.nid, d.rank {text} AND {plan.where.text} ORDER BY d.rank, d.nid"
    return Statement(found, (*source.binds, *plan.where.binds))


def _sorted(plan: SearchPlan, at: Position | None, limit: int) -> Statement:
    """Sort keys and nids first, so that no body goes through the sorter and none is read but those of the page."""
    names = [f"k{number}" for number in range(len(plan.keys))]
    keys = [f"{key.text} AS {name}" for key, name in zip(plan.keys, names, strict=True)]
    directed = tuple((name, key.descending) for key, name in zip(plan.keys, names, strict=True))
    after = beyond((*directed, ("n", False)), at.last) if at else TRUE
    by = ", ".join(f"{name}{' DESC' if descending else ''}" for name, descending in (*directed, ("n", False)))
    by_row = any(key.text.startswith("r.") for key in plan.keys)
    table = plan.source.joined() if plan.needs_row or by_row else plan.source.text
    inner = f"SELECT {', '.join((f'{plan.source.nid} AS n', *keys))} {table} AND {plan.where.text}"
    top = f"SELECT * FROM ({inner}) keyed WHERE {after.text} ORDER BY {by} LIMIT ?"
    text = f"SELECT {', '.join((plan.columns.text, *names))} FROM ({top}) page CROSS JOIN resource r ON r.nid = n ORDER BY {by}"
    values = tuple(bind for key in plan.keys for bind in key.binds)
    return Statement(text, (*values, *plan.source.binds, *plan.where.binds, *after.binds, limit), plan.columns.width - 1)


def _total(run: Run, plan: SearchPlan, at: Position | None, free: int | None) -> int | None:
    if free is not None:
        return free
    if plan.query.total == "none":
        return None
    if at is not None and plan.query.total != "accurate":
        return at.total
    limit = None if plan.query.total == "accurate" or plan.source.rank else COUNTED + 1
    if limit not in plan.results.totals:
        plan.results.totals[limit] = _counted(run, plan, limit)
    found = plan.results.totals[limit]
    return found if limit is None or found <= COUNTED else None


def _counted(run: Run, plan: SearchPlan, limit: int | None) -> int:
    """Of a wide range first among some of it, of which all that is too many may be found."""
    some = 4 * COUNTED
    if limit is not None and plan.source.found is not None and _as_many(run, plan, plan.source.found, some):
        found = _number(run(counted(plan._replace(source=plan.source.some(some)), limit)))
        if found == limit:
            return found
    return _number(run(counted(plan, limit)))


def _number(rows: list[Row]) -> int:
    return int(rows[0][0])  # a sum is no integer on PostgreSQL


_encode: Callable[[Any], bytes] = msgspec.json.encode


def _fingerprint(plan: SearchPlan) -> bytes:
    if plan.results.fingerprint is None:
        plan.results.fingerprint = fingerprint(plan.space, plan.query)
    return plan.results.fingerprint


def fingerprint(space: ResourceSpace, query: Query) -> bytes:
    """What makes it this query; not where in it one is, nor how much of it one takes at a time."""
    asked = [(space, one.type, one.filters, one.ids, one.updated, query.sort, query.within) for one in query.each()]
    return blake2b(_encode(asked), digest_size=12).digest()
