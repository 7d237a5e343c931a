"""Answers the questions of a `Probe` in SQL. Every statement contains the visibility and stops at a number of rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import orjson
from msgspec.structs import replace

from sickbay.fhir.dates import BEGINNING
from sickbay.fhir.search.query import Query, SearchParameter
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.probe import (
    COUNT_LIMIT,
    NEARBY_LIMIT,
    OCCURRENCE_LIMIT,
    OTHER_VALUES,
    Extent,
    Occurrence,
    Occurrences,
    OutOfTime,
)
from sickbay.storage.query import search
from sickbay.storage.query.dictionary import LIVE, SHIFT
from sickbay.storage.query.filters import FALSE, LAST, TABLES, Scope, one_of
from sickbay.storage.query.keyset import GREATEST_NUMBER, Find
from sickbay.storage.query.statement import Run, Sql, Statement
from sickbay.storage.query.visibility import COLUMNS, VisibilityRecheck
from sickbay.storage.query.visible_compartments import VisibleCompartments

POSITION = f"SELECT max(h.sequence) FROM resource_history h WHERE h.nid >> {SHIFT} = ?"
SHORT_SOURCE = 15_000
"""A search with one condition that reads fewer rows isn't limited to the visible compartments first."""
_NOTHING = Sql("SELECT -1 AS nid FROM space WHERE number < 0")


class StoreProbe:
    """Implements `storage.probe.Probe` for what is visible in one space. find_scope: None if nothing was ever stored in it."""

    def __init__(
        self,
        run: Run,
        find_scope: Callable[[], Scope | None],
        find: Find,
        space: ResourceSpace,
        visibility: Visibility,
        guard: VisibilityRecheck,
    ) -> None:
        self._run, self._find_scope, self._find, self._guard = run, find_scope, find, guard
        self._space, self._visibility = space, visibility
        self._compartments: dict[str, VisibleCompartments] = {}
        self._counts: dict[Query, int] = {}

    @cached_property
    def _scope(self) -> Scope | None:
        return self._find_scope()

    def count(self, query: Query) -> int:
        if query not in self._counts:
            self._counts[query] = self._count(query, COUNT_LIMIT)
        return self._counts[query]

    def _count(self, query: Query, limit: int) -> int:
        """Read more rows if the first ones have the same resource several times."""
        matches = self._matches(query, ordered=False, limit=limit)
        text = f"SELECT count(*), count(DISTINCT nid) FROM ({matches.text}) m"
        rows, resources = self._run(Statement(text, matches.binds))[0]
        if rows < limit or resources >= COUNT_LIMIT:
            return min(int(resources), COUNT_LIMIT)
        return self._count(query, 4 * limit)

    def occurrences(self, query: Query, parameter: SearchParameter) -> Occurrences:
        values = self._values(query, parameter)
        if not values:  # then all index rows were looked at, except those of references
            return Occurrences(values, is_complete=parameter.kind != "reference" or not self._has_more(query))
        return Occurrences(values, is_complete=len(values) < OCCURRENCE_LIMIT and not self._has_more(query))

    def _values(self, query: Query, parameter: SearchParameter) -> list[Occurrence]:
        if parameter.code == "_id":
            matches = self._matches(query)
            text = f"SELECT '', r.id, 1 FROM ({matches.text}) m CROSS JOIN resource r ON r.nid = m.nid ORDER BY r.id LIMIT ?"
            return [Occurrence(*row) for row in self._run(Statement(text, (*matches.binds, OCCURRENCE_LIMIT)))]
        if parameter.kind == "token":
            return self._codes(query, parameter)
        if parameter.kind == "reference":
            return sorted(
                (*self._references(query, parameter), *self._texts(query, parameter, "uri_index")),
                key=lambda found: -found.matches,
            )
        return self._texts(query, parameter, TABLES[parameter.kind])

    def extent(self, query: Query, parameter: SearchParameter, point: int) -> Extent | None:
        if self.count(query) >= COUNT_LIMIT:
            return self._whole_extent(parameter, point)
        if parameter.code == "_lastUpdated":
            matches = self._matches(query)
            changes = "SELECT r.changed AS low, r.changed + 1 AS high"
            rows = Sql(f"{changes} FROM ({matches.text}) m CROSS JOIN resource r ON r.nid = m.nid", matches.binds)
        else:
            rows = self._rows(query, parameter, TABLES[parameter.kind], "t.low AS low, t.high AS high")
        return self._extent_of(rows, point)

    def texts_near(self, parameter: SearchParameter, start: str) -> list[str]:
        rows = self._visible_rows(parameter, "string_index")
        text = f"SELECT DISTINCT t.value {rows.text} AND t.value >= ? AND t.value < ? ORDER BY t.value LIMIT ?"
        return [value for (value,) in self._run(Statement(text, (*rows.binds, start, start + LAST, NEARBY_LIMIT)))]

    def systems_of(self, parameter: SearchParameter, code: str) -> list[str]:
        rows = self._visible_rows(parameter, "token_index")
        exists = f"EXISTS (SELECT 1 {rows.text} AND t.hash = m.hash)"
        text = f"SELECT m.system FROM term m WHERE m.code = ? AND {exists} ORDER BY m.system"
        return [system for (system,) in self._run(Statement(text, (code, *rows.binds)))]

    def bodies(self, query: Query, limit: int) -> list[bytes]:
        return self._bodies(query.type, self._matches(query, limit=limit))

    def bodies_with(self, parameter: SearchParameter, limit: int) -> list[bytes]:
        rows = self._select_index_rows(parameter, TABLES[parameter.kind], "t.nid AS nid")
        text = f"SELECT DISTINCT nid FROM ({rows.text}) v ORDER BY nid LIMIT ?"
        return self._bodies(parameter.type, Sql(text, (*rows.binds, limit)))

    def _bodies(self, type: str, matches: Sql) -> list[bytes]:
        text = f"SELECT {COLUMNS} FROM ({matches.text}) m CROSS JOIN resource r ON r.nid = m.nid AND r.state = 1 ORDER BY r.nid"
        rows = self._run(Statement(text, matches.binds, 5))
        return [stored.body for stored in self._guard.select_allowed(self._visibility, "s", type, rows)]

    def position(self) -> int:
        if self._scope is None:
            return 0
        return int(self._run(Statement(POSITION, (self._scope.space,)))[0][0] or 0)

    def _match_visible(self, type: str, nid: str) -> Sql:
        return FALSE if self._scope is None else self._scope.visible(type, "s", nid, None)

    def _matches(self, query: Query, *, ordered: bool = True, limit: int = COUNT_LIMIT) -> Sql:
        """Select the nids of the first matches, each once. Their order decides only which of many are used.

        ordered: False for a count, which needs no order, and may get a nid several times.
        """
        query = replace(query, includes=(), sort=(), cursor=None, remembered=False)
        plan = self._plan(self._scope, query, ordered) if self._scope else None
        if plan is None:
            return _NOTHING
        source = plan.source
        rows = Sql(source.join() if plan.needs_row else source.text, source.binds)
        if ordered and (sampled := self._sample(query)) is not None:
            rows = Sql("FROM (SELECT value AS nid FROM json_each(?) j) d WHERE TRUE", (orjson.dumps(sampled).decode(),))
        distinct, order = ("DISTINCT ", " ORDER BY 1") if ordered else ("", "")
        text = f"SELECT {distinct}{source.nid} AS nid {rows.text} AND {plan.where.text}{order} LIMIT ?"
        return Sql(text, (*rows.binds, *plan.where.binds, limit))

    def _plan(self, scope: Scope, query: Query, ordered: bool) -> search.SearchPlan | None:
        """Return the plan of a search. It reads only the compartments that are visible, unless it reads few rows anyway."""
        plan = search.plan(scope, self._find, self._space, query, self._visibility)
        if plan is None or plan.source.rank or query.ids is not None or self._visibility.allows_all(query.type, "s"):
            return plan
        path = self._find_compartments(scope, query.type).path(query, ordered=ordered)
        if path is None or (path.rest and self._is_short(plan)):
            return plan
        return search.resolve(scope, self._find, self._space, query, self._visibility, path)

    def _is_short(self, plan: search.SearchPlan) -> bool:
        """Whether the source of a plan has few rows."""
        source = plan.source
        rows = source.candidates or Sql(f"SELECT 1 {source.text}", source.binds)
        limit = SHORT_SOURCE // (1 + len(source.rest))
        try:
            text = f"SELECT count(*) FROM (SELECT 1 FROM ({rows.text}) s LIMIT ?) m"
            return int(self._run(Statement(text, (*rows.binds, limit)))[0][0]) < limit
        except OutOfTime:
            return False

    def _has_more(self, query: Query) -> bool:
        """Whether there are more matches than those that are looked at."""
        return self._sample(query) is not None or self.count(query) >= COUNT_LIMIT

    def _sample(self, query: Query) -> list[int] | None:
        """The resources of a type to look at if there are too many to sort. None if all are sorted."""
        if query.narrows or query.within is not None or self._scope is None:
            return None
        return self._find_compartments(self._scope, query.type).nids

    def _find_compartments(self, scope: Scope, type: str) -> VisibleCompartments:
        if type not in self._compartments:
            self._compartments[type] = VisibleCompartments(self._run, scope, self._visibility, type)
        return self._compartments[type]

    def _rows(self, query: Query, parameter: SearchParameter, table: str, columns: str) -> Sql:
        """Select columns of the parameter's index rows of the matches."""
        matches, by = self._matches(query), one_of("t.parameter", list(parameter.numbers))
        text = f"SELECT {columns} FROM ({matches.text}) m CROSS JOIN {table} t ON t.nid = m.nid WHERE {by.text}"
        return Sql(text, (*matches.binds, *by.binds))

    def _select_index_rows(self, parameter: SearchParameter, table: str, columns: str) -> Sql:
        """Select columns of index rows of the parameter, of any visible resources."""
        if table == "reference_index":
            return Sql(f"SELECT {columns} FROM {table} t WHERE t.nid < 0")
        rows = self._visible_rows(parameter, table)
        return Sql(f"SELECT {columns} {rows.text} LIMIT ?", (*rows.binds, COUNT_LIMIT))

    def _visible_rows(self, parameter: SearchParameter, table: str) -> Sql:
        """Select the visible index rows of a parameter, from the visible compartments if these are small. It has no columns."""
        visible = self._match_visible(parameter.type, "t.nid")
        if self._scope is None or visible is FALSE:
            return Sql(f"FROM {table} t WHERE t.nid < 0")
        by, members = (
            one_of("t.parameter", list(parameter.numbers)),
            self._find_compartments(self._scope, parameter.type).members,
        )
        if members is not None:
            table = f"(SELECT DISTINCT e.nid FROM {members.text} e) c CROSS JOIN {table} t ON t.nid = c.nid"
            text = f"FROM {table} WHERE {by.text} AND {visible.text}"
            return Sql(text, (*members.binds, *by.binds, *visible.binds))
        return Sql(
            f"FROM {table} t WHERE t.space = ? AND {by.text} AND {visible.text}", (self._scope.space, *by.binds, *visible.binds)
        )

    def _occurring(
        self, query: Query, parameter: SearchParameter, table: str, columns: str, name: str
    ) -> list[tuple[Any, int]]:
        """Return the values with their numbers of matches."""
        found = self._run(self._group(self._rows(query, parameter, table, columns), name))
        if not found and self._has_more(query):
            found = self._run(self._group(self._select_index_rows(parameter, table, columns), name))
        return [(value, number) for value, number in found]

    def _group(self, rows: Sql, columns: str) -> Statement:
        text = (
            f"SELECT {columns}, count(DISTINCT nid) FROM ({rows.text}) v GROUP BY {columns}"
            f" ORDER BY count(DISTINCT nid) DESC, {columns} LIMIT ?"
        )
        return Statement(text, (*rows.binds, OCCURRENCE_LIMIT))

    def _texts(self, query: Query, parameter: SearchParameter, table: str) -> list[Occurrence]:
        found = self._occurring(query, parameter, table, "t.nid AS nid, t.value AS value", "value")
        return [Occurrence("", value, number) for value, number in found]

    def _codes(self, query: Query, parameter: SearchParameter) -> list[Occurrence]:
        columns = "t.nid AS nid, t.hash AS hash"
        counts: dict[int, int] = dict(self._occurring(query, parameter, "token_index", columns, "hash"))
        return self._name_codes(counts)

    def _name_codes(self, counts: dict[int, int]) -> list[Occurrence]:
        text = "SELECT hash, system, code FROM term WHERE hash IN (SELECT value FROM json_each(?))"
        terms = self._run(Statement(text, (orjson.dumps(list(counts)).decode(),))) if counts else []
        found = [Occurrence(system, code, counts[hash]) for hash, system, code in terms]
        return sorted(found, key=lambda occurrence: (-occurrence.matches, occurrence.system, occurrence.value))

    def other_codes(self, parameter: SearchParameter) -> list[Occurrence]:
        if self._scope is None:
            return []
        if self._visibility.allows_all(parameter.type, "s"):
            return self._name_codes(dict.fromkeys(self._list_distinct(parameter, "token_index", "hash"), 1))
        codes = self._find_compartments(self._scope, parameter.type).count_codes(parameter.code)
        first = sorted(codes, key=lambda hash: (-codes[hash], hash))[:OTHER_VALUES]
        return self._name_codes({hash: codes[hash] for hash in first})

    def _list_distinct(self, parameter: SearchParameter, table: str, column: str) -> list[Any]:
        """Return the first different values in an index, which takes a step for each of them."""
        assert self._scope is not None
        first = f"(SELECT min(t.{column}) FROM {table} t WHERE t.space = ? AND t.parameter = ?"
        text = (
            f"WITH RECURSIVE v(value) AS (SELECT {first}) UNION ALL SELECT {first} AND t.{column} > v.value) FROM v"
            " WHERE v.value IS NOT NULL) SELECT value FROM v WHERE value IS NOT NULL LIMIT ?"
        )
        binds = [(self._scope.space, number) * 2 for number in parameter.numbers]
        return [value for of in binds for (value,) in self._run(Statement(text, (*of, OTHER_VALUES)))]

    def _references(self, query: Query, parameter: SearchParameter) -> list[Occurrence]:
        rows = self._rows(query, parameter, "reference_index", "t.nid AS nid, t.target AS target")
        text = (
            f"SELECT w.text, g.id, v.number FROM (SELECT target, count(DISTINCT nid) AS number FROM ({rows.text}) e"
            " GROUP BY target ORDER BY count(DISTINCT nid) DESC, target LIMIT ?) v"
            " CROSS JOIN resource g ON g.nid = v.target CROSS JOIN word w ON w.number = g.type"
            " ORDER BY v.number DESC, w.text, g.id"
        )
        found = [Occurrence(*row) for row in self._run(Statement(text, (*rows.binds, OCCURRENCE_LIMIT)))]
        is_any = not parameter.targets or "Resource" in parameter.targets
        return [each for each in found if is_any or each.system in parameter.targets]  # a search for another type is refused

    def _extent_of(self, rows: Sql, point: int) -> Extent | None:
        """Leave out periods that began at an unknown time."""
        within = Sql(f"SELECT low, high FROM ({rows.text}) e WHERE low > ?", (*rows.binds, BEGINNING))
        first, last = self._run(Statement(f"SELECT min(low), max(low) FROM ({within.text}) v", within.binds))[0]
        if first is None:
            return None
        text = f"SELECT low, high FROM ({within.text}) v ORDER BY abs(low - ?), low, high LIMIT 1"
        return Extent(first, last, tuple(self._run(Statement(text, (*within.binds, point)))[0]))

    def _whole_extent(self, parameter: SearchParameter, point: int) -> Extent | None:
        """Read the ends of the whole index, because the first matches of many don't show them."""
        first, last = self._at(parameter, BEGINNING + 1, None), self._at(parameter, BEGINNING + 1, GREATEST_NUMBER, last=True)
        if first is None or last is None:
            return None
        after = self._at(parameter, max(point, BEGINNING + 1), None)
        before = self._at(parameter, BEGINNING + 1, point, last=True)
        near = min((found for found in (after, before) if found), key=lambda found: abs(found[0] - point))
        return Extent(first[0], last[0], near)

    def _at(self, parameter: SearchParameter, low: int, high: int | None, *, last: bool = False) -> tuple[int, int] | None:
        """Return the first or the last visible range that begins in [low, high)."""
        assert self._scope is not None
        visible, below = self._match_visible(parameter.type, "t.nid"), () if high is None else (high,)
        if parameter.code == "_lastUpdated":
            by = Sql(f"t.type = ? AND t.state = {LIVE}", (self._scope.names.word(parameter.type),))
            columns, table = ("t.changed", "t.changed + 1"), "resource"
        else:
            by = one_of("t.parameter", list(parameter.numbers))
            columns, table = ("t.low", "t.high"), TABLES[parameter.kind]
        text = (
            f"SELECT {', '.join(columns)} FROM {table} t WHERE t.space = ? AND {by.text} AND {columns[0]} >= ?"
            f"{f' AND {columns[0]} < ?' if below else ''} AND {visible.text}"
            f" ORDER BY {columns[0]}{' DESC' if last else ''} LIMIT 1"
        )
        rows = self._run(Statement(text, (self._scope.space, *by.binds, low, *below, *visible.binds)))
        return (rows[0][0], rows[0][1]) if rows else None
