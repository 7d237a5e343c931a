"""Runs searches: one statement for a page of matches, one for a total that isn't known yet, and one per included type."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

import msgspec
import orjson

from sickbay.fhir.search.query import Query, Within
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.access_path import AccessPath, choose_source, scan_type
from sickbay.storage.query.cache import PlanResults
from sickbay.storage.query.conditions import FALSE, TRUE, join_with_and, match_any
from sickbay.storage.query.dictionary import LIVE_OF_TYPE, count_up_to
from sickbay.storage.query.filters import Scope, build_condition, match_instant
from sickbay.storage.query.keyset import (
    Cut,
    Find,
    Position,
    SortKey,
    condition_after,
    cut_page,
    hash_sight,
    is_full,
    open_cursor,
    seal_cursor,
    sort_keys,
)
from sickbay.storage.query.sorted_scan import SortedIndex, find_sort_index, select_end, select_first_rows, select_until
from sickbay.storage.query.statement import EACH, Bind, Row, Run, Sql, Statement
from sickbay.storage.query.visibility import WHOLE, Columns, columns_for, find_only_patient

COUNTED = 1000
"""Maximum total that is counted. Larger searches return no total."""
WIDE, NEAR = 4000, 2000
"""If a range has WIDE rows, first try to fill the page from the next NEAR resources of the type without sorting the range.
If the type has no more than NEAR, the range isn't even counted.
"""
SORTED_ROWS, AHEAD, ROUNDS = 1000, 4, 3
"""With more than SORTED_ROWS, first try to fill the page from the beginning of the sort order instead of sorting all: AHEAD
times the page size, and more in each of ROUNDS rounds.
"""


class SearchPlan(NamedTuple):
    """A resolved search: its source, the remaining conditions, its order, and what identifies it in a cursor.

    walk: returns the same search over all resources of the type, if the source is a range in another order or a sorted index
    can be followed. Few searches need it, so a template fills it only then. results: what this plan found when it ran before.
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
    walk: Walk | None = None
    along: SortedIndex | None = None
    first: FirstPage | None = None


Walk: TypeAlias = Callable[[], SearchPlan]


class FirstPage:
    """The text of the statement for the first page. All plans from one template share it, so it is written only once.

    A plan with another source or condition needs its own text.
    """

    __slots__ = ("text",)

    def __init__(self) -> None:
        self.text = ""


class Matches(NamedTuple):
    rows: list[Row]
    next: str | None
    total: int | None


def plan_search(scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility) -> SearchPlan | None:
    """Return the plan, or None if nothing can match."""
    patient = find_only_patient(visibility, "s", query.type)
    chosen = choose_source(scope, query, patient)
    resolved = resolve_access_path(scope, find, space, query, visibility, chosen)
    sorted_index = find_sort_index(scope, find, query) if query.sort and not chosen.rank and query.ids is None else None
    if resolved is None or (sorted_index is None if query.sort else chosen.range is None):
        return resolved
    walk = resolved if chosen.row else resolve_access_path(scope, find, space, query, visibility, scan_type(scope, query))
    return resolved._replace(walk=(lambda: walk) if walk else None, along=sorted_index)


def resolve_access_path(
    scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility, chosen: AccessPath
) -> SearchPlan | None:
    """Return the plan with this access path, or None if nothing can match."""
    own_conditions = row_conditions(query, chosen)
    where = join_with_and(
        [
            *match_remaining_filters(scope, query, chosen),
            *own_conditions,
            scope.visible(query.type, "s", chosen.nid, chosen.patient),
        ]
    )
    if where is FALSE:
        return None
    keys, columns = sort_keys(find, query, chosen), columns_for(query, visibility)
    needs_row = bool(own_conditions) or chosen.row
    return SearchPlan(chosen, where, keys, needs_row, query, space, visibility, PlanResults(), columns, first=FirstPage())


def match_remaining_filters(scope: Scope, query: Query, chosen: AccessPath) -> list[Sql]:
    """Return the conditions of a search that its access path leaves, except those on the resource's own row."""
    parts = [build_condition(scope, filter, chosen.nid) for filter in chosen.rest]
    if query.within is not None:
        parts.append(_match_members(scope, query.within, chosen.nid))
    return parts


def load_search_page(run: Run, key: bytes, plan: SearchPlan) -> Matches:
    """Return one page by keyset, LIMIT n + 1. Raises BadCursor. If the plan ran before, only the rows are read again."""
    if plan.results.page is not None:
        statement, following, total = plan.results.page
        return Matches(cut_page(run(statement), plan.query.count)[0], following, total)
    position = _open_cursor(key, plan, plan.query.cursor) if plan.query.cursor is not None else None
    reads_all = position is None and _counts_with_page(plan)
    return _load_first_of_patient(run, key, plan) if reads_all else _read_page(run, key, plan, position)


def _read_page(run: Run, key: bytes, plan: SearchPlan, position: Position | None) -> Matches:
    query = plan.query
    rows = _find_early_page(run, plan, plan.walk, position) if plan.walk is not None and query.count > 0 else []
    statement = _page_statement(plan, position) if query.count > 0 and not rows else None
    rows = run(statement) if statement else rows
    rows, more = cut_page(rows, query.count)
    seen = (position.seen if position else 0) + len(rows)
    total = _count_total(run, plan, position, None if more or query.count == 0 else seen)
    last = (*rows[-1][plan.columns.width :][: len(plan.keys)], rows[-1][0]) if more else ()
    matches = Matches(rows, _seal_cursor(key, plan, last, seen, total) if more else None, total)
    if statement:
        plan.results.page = statement, matches.next, total
    return matches


def _counts_with_page(plan: SearchPlan) -> bool:
    query, source = plan.query, plan.source
    return bool(source.rank) and not source.facet and not query.sort and query.total != "none" and query.count > 0


def _find_early_page(run: Run, plan: SearchPlan, walk: Walk, position: Position | None) -> list[Row]:
    """Return a full page without sorting everything that matches, if sorting would take longer; otherwise nothing."""
    return _read_near(run, plan, walk, position) if plan.along is None else _read_ahead(run, plan, walk(), plan.along, position)


def _read_near(run: Run, plan: SearchPlan, make_walk: Walk, position: Position | None) -> list[Row]:
    """If the range is wide, try to fill the page from the next few resources of the type."""
    range = plan.source.range
    if range is None or not _has_as_many(run, plan, range, WIDE):
        return []
    walk = make_walk()
    limit = plan.query.count + 1
    rows = _read_type(run, walk, position, limit)
    if not is_full(rows, limit) and plan.source.candidates is not None and not plan.source.costly:
        least = plan.source.take_smallest(int(position.last[0]) if position else -1, max(NEAR, 2 * limit))
        rows = run(_render_sort(plan._replace(source=least), position, limit))
    if not is_full(rows, limit) and plan.source.changed:  # an export matches almost everything, so continue after its position
        return run(_page_statement(walk, position))
    return rows if is_full(rows, limit) else []


def _read_type(run: Run, walk: SearchPlan, position: Position | None, limit: int) -> list[Row]:
    """Return the matches among the next NEAR resources of the type."""
    after = condition_after((("r.nid", False),), position.last) if position else TRUE
    text = f"SELECT r.nid {walk.source.text} AND {after.text} ORDER BY r.nid LIMIT 1 OFFSET {NEAR}"
    last = run(Statement(text, (*walk.source.binds, *after.binds)))
    end = Sql("r.nid <= ?", last[0]) if last else TRUE
    return run(_render_stream(walk._replace(where=join_with_and([walk.where, end])), position, limit))


def _has_as_many(run: Run, plan: SearchPlan, rows: Sql, many: int) -> bool:
    """Return whether there are at least `many` rows. A page and its total may need the same count, so it is cached."""
    statement, counts = count_up_to(rows, many), plan.results.counts
    count = counts.get(statement)
    if count is None:
        count = counts[statement] = _number_of_row(run(statement))
    return count == many


def _read_ahead(run: Run, plan: SearchPlan, walk: SearchPlan, by: SortedIndex, position: Position | None) -> list[Row]:
    """Try to fill the page from the beginning of a sorted index. Returns nothing if the page doesn't fill soon."""
    if by.column == "changed" and plan.source.row and not by.descending:
        return []  # this index already is in the required order
    limit, last = plan.query.count + 1, position.last if position else ()
    depth = AHEAD * limit
    for _ in range(ROUNDS):
        if not plan.source.row and not _has_as_many(run, plan, _select_rows(plan.source), max(SORTED_ROWS, depth)):
            return []
        reaching = run(select_end(by, last[0] if last else None, depth))
        end = reaching[0][0] if reaching else None
        beginning = (
            select_first_rows(by, last, end, depth) if len(plan.keys) == 1 else select_until(by, last[0] if last else None, end)
        )
        if _has_as_many(run, plan, beginning, 8 * SORTED_ROWS):
            return []
        rows = run(_render_sort(_limit_to_beginning(walk, beginning), position, limit))
        if is_full(rows, limit):
            return rows
        if end is None:
            return []
        depth = min(depth * max(4, 2 * limit // max(len(rows), 1)), 7 * SORTED_ROWS)
    return []


def _select_rows(source: AccessPath) -> Sql:
    """Return the source's rows, before duplicates are removed."""
    return source.candidates or Sql(f"SELECT 1 {source.text}", source.binds)


def _limit_to_beginning(walk: SearchPlan, beginning: Sql) -> SearchPlan:
    table = f"(SELECT DISTINCT +nid AS nid FROM ({beginning.text}) e) d CROSS JOIN {walk.source.table} ON r.nid = d.nid"
    return walk._replace(source=walk.source._replace(table=table, binds=(*beginning.binds, *walk.source.binds)))


def _load_first_of_patient(run: Run, key: bytes, plan: SearchPlan) -> Matches:
    """Read all matches of a patient as numbers, which costs as little as counting them, then the bodies of the page."""
    numbers = run(_numbers_statement(plan))
    chosen = [row[0] for row in numbers[: plan.query.count]]
    bodies = f"SELECT {plan.columns.text} FROM json_each(?) j CROSS JOIN resource r ON r.nid = j.value AND r.state = 1"
    page_rows = run(Statement(bodies, (orjson.dumps(chosen).decode(),), plan.columns.width - 1))
    bodies_by_nid = {row[0]: row for row in page_rows}
    if isinstance(page_rows, Cut):  # the rows are in the order of `chosen`
        chosen = chosen[: len(page_rows) - 1]
    rows = [bodies_by_nid[nid] for nid in chosen if nid in bodies_by_nid]
    total, seen = len(numbers), len(chosen)
    if total == seen:
        return Matches(rows, None, total)
    nid, rank = numbers[seen - 1]
    return Matches(rows, _seal_cursor(key, plan, (rank, nid), seen, total), total)


def _seal_cursor(key: bytes, plan: SearchPlan, last: tuple[Bind, ...], seen: int, total: int | None) -> str:
    return seal_cursor(key, Position(_plan_fingerprint(plan), last, seen, total, hash_sight(plan.visibility)))


def _open_cursor(key: bytes, plan: SearchPlan, cursor: str) -> Position:
    return open_cursor(key, cursor, _plan_fingerprint(plan), hash_sight(plan.visibility))


def build_count(plan: SearchPlan, limit: int | None = None) -> Statement:
    """Count the matches, up to `limit` if there is one."""
    text = plan.source.join() if plan.needs_row else plan.source.text
    where, binds = f"{text} AND {plan.where.text}", (*plan.source.binds, *plan.where.binds)
    if limit is None and plan.where is TRUE and plan.source.row and plan.query.ids is None:
        return Statement(LIVE_OF_TYPE, plan.source.binds)
    if limit is None:
        return Statement(f"SELECT count(*) {where}", binds)
    return Statement(f"SELECT count(*) FROM (SELECT 1 {where} LIMIT ?) few", (*binds, limit))


def _match_members(scope: Scope, within: Within, nid: str) -> Sql:
    """Match members of the compartment, by any of its parameters."""
    parameters = match_any("c.parameter", list(within.parameters))
    if parameters is FALSE:
        return FALSE
    target = scope.names.nid(scope.space, within.type, within.id)
    return Sql(
        f"EXISTS (SELECT 1 FROM shown_reference c WHERE c.nid = {nid} AND c.target = ? AND {parameters.text}{EACH})",
        (target, *parameters.binds),
    )


def row_conditions(query: Query, chosen: AccessPath) -> list[Sql]:
    """Return the conditions on the resource's own row."""
    conditions = [] if chosen.changed else [match_instant(date, "r.changed") for date in query.updated]
    if query.ids is not None and not chosen.row:
        conditions.append(match_any("r.id", list(query.ids)))
    return conditions


def _page_statement(plan: SearchPlan, position: Position | None) -> Statement:
    limit = plan.query.count + 1
    if position is None and plan.first is not None:
        keys = tuple([bind for key in plan.keys for bind in key.binds])
        plan.first.text = plan.first.text or _render_plan(plan, None, limit).text
        return Statement(plan.first.text, (*keys, *plan.source.binds, *plan.where.binds, limit), plan.columns.width - 1)
    return _render_plan(plan, position, limit)


def _render_plan(plan: SearchPlan, position: Position | None, limit: int) -> Statement:
    sorting = bool(plan.query.sort) and plan.keys not in ((), (SortKey("d.rank"),))
    streamed = (plan.needs_row or plan.source.facet) and not sorting
    return _render_stream(plan, position, limit) if streamed else _render_sort(plan, position, limit)


def _render_stream(plan: SearchPlan, position: Position | None, limit: int) -> Statement:
    """Read rows in the order of the source, no more than the page needs. Used if most rows match or are read anyway."""
    names = (*(key.text for key in plan.keys), plan.source.nid)
    after = condition_after(tuple((name, False) for name in names), position.last) if position else TRUE
    columns = ", ".join((plan.columns.text, *names[:-1]))
    text = f"SELECT {columns} {plan.source.join()} AND {plan.where.text} AND {after.text} ORDER BY {', '.join(names)} LIMIT ?"
    return Statement(text, (*plan.source.binds, *plan.where.binds, *after.binds, limit), plan.columns.width - 1)


def _numbers_statement(plan: SearchPlan) -> Statement:
    source = plan.source
    rows = source.join() if plan.needs_row else source.text
    text = f"SELECT d.nid, d.rank {rows} AND {plan.where.text} ORDER BY d.rank, d.nid"
    return Statement(text, (*source.binds, *plan.where.binds))


def _render_sort(plan: SearchPlan, position: Position | None, limit: int) -> Statement:
    """Sort only keys and nids first, so that no body is sorted and only the bodies of the page are read."""
    names = [f"k{number}" for number in range(len(plan.keys))]
    keys = [f"{key.text} AS {name}" for key, name in zip(plan.keys, names, strict=True)]
    directed = tuple((name, key.descending) for key, name in zip(plan.keys, names, strict=True))
    after = condition_after((*directed, ("n", False)), position.last) if position else TRUE
    by = ", ".join(f"{name}{' DESC' if descending else ''}" for name, descending in (*directed, ("n", False)))
    by_row = any(key.text.startswith("r.") for key in plan.keys)
    table = plan.source.join() if plan.needs_row or by_row else plan.source.text
    inner = f"SELECT {', '.join((f'{plan.source.nid} AS n', *keys))} {table} AND {plan.where.text}"
    top = f"SELECT * FROM ({inner}) keyed WHERE {after.text} ORDER BY {by} LIMIT ?"
    text = f"SELECT {', '.join((plan.columns.text, *names))} FROM ({top}) page CROSS JOIN resource r ON r.nid = n ORDER BY {by}"
    values = tuple(bind for key in plan.keys for bind in key.binds)
    return Statement(text, (*values, *plan.source.binds, *plan.where.binds, *after.binds, limit), plan.columns.width - 1)


def _count_total(run: Run, plan: SearchPlan, at: Position | None, free: int | None) -> int | None:
    if free is not None:
        return free
    if plan.query.total == "none":
        return None
    if at is not None and plan.query.total != "accurate":
        return at.total
    limit = None if plan.query.total == "accurate" or plan.source.rank else COUNTED + 1
    if limit not in plan.results.totals:
        plan.results.totals[limit] = _count_matches(run, plan, limit)
    count = plan.results.totals[limit]
    return count if limit is None or count <= COUNTED else None


def _count_matches(run: Run, plan: SearchPlan, limit: int | None) -> int:
    """Count the matches. For a wide range, first count among some of its rows, which may already reach the limit."""
    sample = 4 * COUNTED
    if limit is not None and plan.source.candidates is not None and _has_as_many(run, plan, plan.source.candidates, sample):
        count = _number_of_row(run(build_count(plan._replace(source=plan.source.limit_candidates(sample)), limit)))
        if count == limit:
            return count
    return _number_of_row(run(build_count(plan, limit)))


def _number_of_row(rows: list[Row]) -> int:
    return int(rows[0][0])  # PostgreSQL's sum isn't an integer


_encode: Callable[[Any], bytes] = msgspec.json.encode


def _plan_fingerprint(plan: SearchPlan) -> bytes:
    if plan.results.fingerprint is None:
        plan.results.fingerprint = hash_query(plan.space, plan.query)
    return plan.results.fingerprint


def hash_query(space: ResourceSpace, query: Query) -> bytes:
    """Return a hash that identifies the query, independent of the page and the page size."""
    queries = query.parts or (query,)
    parts = [(space, part.type, part.filters, part.ids, part.updated, query.sort, query.within) for part in queries]
    return blake2b(_encode(parts), digest_size=12).digest()
