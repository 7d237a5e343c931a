"""Answers the questions of a `Probe` in SQL. Every statement contains the visibility and stops at a number of rows."""

from __future__ import annotations

from typing import Any

import orjson

from sickbay.fhir.dates import BEGINNING
from sickbay.fhir.search.parameters import SearchParameter
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.probe import (
    COUNT_LIMIT,
    NEARBY_LIMIT,
    OCCURRENCE_LIMIT,
    OTHER_VALUES,
    Extent,
    Occurrence,
    Occurrences,
    TooCostly,
)
from sickbay.storage.query.conditions import match_any
from sickbay.storage.query.dictionary import LIVE, SHIFT
from sickbay.storage.query.filters import LAST, TABLES, Scope
from sickbay.storage.query.keyset import GREATEST_NUMBER
from sickbay.storage.query.probe_sources import LIST, SHORT_LIST, ProbeSources, Source
from sickbay.storage.query.statement import Run, Sql, Statement
from sickbay.storage.query.visibility import COLUMNS, VisibilityRecheck
from sickbay.storage.query.visible_members import READ_ROWS

POSITION = f"SELECT max(h.sequence) FROM resource_history h WHERE h.nid >> {SHIFT} = ?"


class StoreProbe:
    """Implements `storage.probe.Probe` for what is visible in one space.

    If anything is hidden, it reads lists of visible resources and never an index of all, so that hidden resources affect
    neither an answer nor its cost.
    """

    def __init__(self, run: Run, sources: ProbeSources, visibility: Visibility, guard: VisibilityRecheck) -> None:
        self._run, self._sources, self._visibility, self._guard = run, sources, visibility, guard
        self._counts: dict[Query, int] = {}

    @property
    def _scope_of_space(self) -> Scope | None:
        return self._sources.scope

    def count(self, query: Query) -> int:
        number = self._count_matches(query)
        if number < COUNT_LIMIT and not self._sources.find(query).is_whole:
            raise TooCostly
        return number

    def has_match(self, query: Query) -> bool:
        number = self._count_matches(query)
        if not number and not self._sources.find(query).is_whole:
            raise TooCostly
        return number > 0

    def _count_matches(self, query: Query) -> int:
        """Count the matches that are read, up to COUNT_LIMIT."""
        if query not in self._counts:
            source = self._sources.find(query)
            self._sources.spend(source.cost)
            self._counts[query] = self._count_distinct(source, COUNT_LIMIT)
        return self._counts[query]

    def _count_distinct(self, source: Source, limit: int) -> int:
        """Count distinct resources, reading more rows if the first ones contain duplicates."""
        text = f"SELECT count(*), count(DISTINCT nid) FROM (SELECT {source.nid} AS nid {source.rows.text} LIMIT ?) m"
        rows, resources = self._run(Statement(text, (*source.rows.binds, limit)))[0]
        if rows < limit or resources >= COUNT_LIMIT:
            return min(int(resources), COUNT_LIMIT)
        return self._count_distinct(source, 4 * limit)

    def occurrences(self, query: Query, parameter: SearchParameter) -> Occurrences:
        values, is_whole = self._occurring_values(query, parameter), not self._has_more(query)
        if not values and parameter.kind != "reference":  # then other index rows were looked at too
            return Occurrences(values, is_complete=is_whole or self._reads_all_visible(parameter))
        return Occurrences(values, is_complete=is_whole and len(values) < OCCURRENCE_LIMIT)

    def _occurring_values(self, query: Query, parameter: SearchParameter) -> list[Occurrence]:
        if parameter.code == "_id":
            matches = self._select_matches(query)
            text = f"SELECT '', r.id, 1 FROM ({matches.text}) m CROSS JOIN resource r ON r.nid = m.nid ORDER BY r.id LIMIT ?"
            return [Occurrence(*row) for row in self._run(Statement(text, (*matches.binds, OCCURRENCE_LIMIT)))]
        if parameter.kind == "token":
            return self._occurring_codes(query, parameter)
        if parameter.kind == "reference":
            return sorted(
                (*self._occurring_references(query, parameter), *self._occurring_texts(query, parameter, "shown_uri")),
                key=lambda found: -found.matches,
            )
        return self._occurring_texts(query, parameter, TABLES[parameter.kind])

    def extent(self, query: Query, parameter: SearchParameter, point: int) -> Extent | None:
        source = self._sources.find(query)
        if self._sources.is_open(query) and (not source.is_whole or self._count_matches(query) >= COUNT_LIMIT):
            return self._whole_extent(parameter, point)
        if parameter.code == "_lastUpdated":
            matches = self._select_matches(query, READ_ROWS)
            changes = "SELECT r.changed AS low, r.changed + 1 AS high"
            rows = Sql(f"{changes} FROM ({matches.text}) m CROSS JOIN resource r ON r.nid = m.nid", matches.binds)
        else:
            rows = self._select_rows(query, parameter, TABLES[parameter.kind], "t.low AS low, t.high AS high", READ_ROWS)
        found = self._extent_of(rows, point)
        return found._replace(is_complete=source.is_whole) if found else None

    def texts_near(self, parameter: SearchParameter, start: str) -> list[str]:
        rows = self._visible_rows(parameter, "shown_string")
        near = f"SELECT t.value AS value {rows.text} AND t.value >= ? AND t.value < ? ORDER BY t.value LIMIT {READ_ROWS}"
        text = f"SELECT DISTINCT value FROM ({near}) v ORDER BY value LIMIT ?"
        return [value for (value,) in self._run(Statement(text, (*rows.binds, start, start + LAST, NEARBY_LIMIT)))]

    def systems_of(self, parameter: SearchParameter, code: str) -> list[str]:
        rows = self._visible_rows(parameter, "shown_token")
        if self._visibility.allows_all(parameter.type, "s"):
            text = f"SELECT m.system FROM term m WHERE m.code = ? AND EXISTS (SELECT 1 {rows.text} AND t.hash = m.hash)"
            binds = code, *rows.binds
        else:
            terms = f"(SELECT DISTINCT t.hash AS hash {rows.text}) v CROSS JOIN term m ON m.hash = v.hash"
            text, binds = f"SELECT m.system FROM {terms} WHERE m.code = ?", (*rows.binds, code)
        return [system for (system,) in self._run(Statement(f"{text} ORDER BY m.system", binds))]

    def bodies(self, query: Query, limit: int) -> list[bytes]:
        return self._bodies_of(query.type, self._select_matches(query, limit))

    def bodies_with(self, parameter: SearchParameter, limit: int) -> list[bytes]:
        rows = self._select_index_rows(parameter, TABLES[parameter.kind], "t.nid AS nid")
        text = f"SELECT DISTINCT nid FROM ({rows.text}) v ORDER BY nid LIMIT ?"
        return self._bodies_of(parameter.type, Sql(text, (*rows.binds, limit)))

    def _bodies_of(self, type: str, matches: Sql) -> list[bytes]:
        text = f"SELECT {COLUMNS} FROM ({matches.text}) m CROSS JOIN resource r ON r.nid = m.nid AND r.state = 1 ORDER BY r.nid"
        rows = self._run(Statement(text, matches.binds, 5))
        return [stored.body for stored in self._guard.select_visible_resources(self._visibility, "s", type, rows)]

    def position(self) -> int:
        if self._scope_of_space is None:
            return 0
        return int(self._run(Statement(POSITION, (self._scope_of_space.space,)))[0][0] or 0)

    def _select_matches(self, query: Query, limit: int = COUNT_LIMIT) -> Sql:
        """Select the nids of the first matches, each once. Their order matters only if there are too many."""
        source = self._sources.find(query)
        rows, sampled = source.rows, self._sample_of_type(query, source)
        if sampled:
            rows = Sql(f"FROM {LIST} WHERE TRUE", (orjson.dumps(sampled).decode(),))
        return Sql(f"SELECT DISTINCT {source.nid} AS nid {rows.text} ORDER BY 1 LIMIT ?", (*rows.binds, limit))

    def _sample_of_type(self, query: Query, source: Source) -> list[int]:
        """Return a sample of all resources of a type. Empty if the first matches are as good."""
        if query.narrows or query.within is not None or not isinstance(source.listed, str):
            return []
        nids: list[int] = orjson.loads(source.listed)
        return nids[:: -(-len(nids) // COUNT_LIMIT)] if len(nids) > SHORT_LIST else []

    def _has_more(self, query: Query) -> bool:
        """Whether there are more matches than those that are read."""
        source = self._sources.find(query)
        return not source.is_whole or bool(self._sample_of_type(query, source)) or self._count_matches(query) >= COUNT_LIMIT

    def _select_rows(self, query: Query, parameter: SearchParameter, table: str, columns: str, limit: int = COUNT_LIMIT) -> Sql:
        """Select columns of the parameter's index rows of the matches."""
        matches, by = self._select_matches(query, limit), match_any("t.parameter", list(parameter.numbers))
        self._sources.spend(self._sources.find(query).cost + limit)
        text = f"SELECT {columns} FROM ({matches.text}) m CROSS JOIN {table} t ON t.nid = m.nid WHERE {by.text}"
        return Sql(text, (*matches.binds, *by.binds))

    def _select_index_rows(self, parameter: SearchParameter, table: str, columns: str) -> Sql:
        """Select columns of index rows of the parameter, of any visible resources."""
        if table == "shown_reference":
            return Sql(f"SELECT {columns} FROM {table} t WHERE t.nid < 0")
        rows = self._visible_rows(parameter, table)
        return Sql(f"SELECT {columns} {rows.text} LIMIT ?", (*rows.binds, COUNT_LIMIT))

    def _visible_rows(self, parameter: SearchParameter, table: str) -> Sql:
        """Select the visible index rows of a parameter: all, or those of the first resources. It has no columns."""
        by = match_any("t.parameter", list(parameter.numbers))
        if self._scope_of_space is None or not self._visibility.of(parameter.type, "s"):
            return Sql(f"FROM {table} t WHERE t.nid < 0")
        if self._visibility.allows_all(parameter.type, "s"):
            self._sources.spend(COUNT_LIMIT)
            return Sql(f"FROM {table} t WHERE t.space = ? AND {by.text}", (self._scope_of_space.space, *by.binds))
        nids = self._sources.find_members(self._scope_of_space, parameter.type).first.nids
        self._sources.spend(2 * len(nids))
        text = f"FROM {LIST} CROSS JOIN {table} t ON t.nid = d.nid WHERE {by.text}"
        return Sql(text, (orjson.dumps(nids).decode(), *by.binds))

    def _reads_all_visible(self, parameter: SearchParameter) -> bool:
        """Whether `_visible_rows` includes all visible resources."""
        if self._scope_of_space is None or self._visibility.allows_all(parameter.type, "s"):
            return True
        return self._sources.find_members(self._scope_of_space, parameter.type).first.is_whole

    def _count_occurring_values(
        self, query: Query, parameter: SearchParameter, table: str, columns: str, name: str
    ) -> list[tuple[Any, int]]:
        """Return the values with their numbers of matches."""
        found = self._run(self._group_rows(self._select_rows(query, parameter, table, columns), name))
        if not found and self._has_more(query):
            found = self._run(self._group_rows(self._select_index_rows(parameter, table, columns), name))
        return [(value, number) for value, number in found]

    def _group_rows(self, rows: Sql, columns: str) -> Statement:
        text = (
            f"SELECT {columns}, count(DISTINCT nid) FROM ({rows.text}) v GROUP BY {columns}"
            f" ORDER BY count(DISTINCT nid) DESC, {columns} LIMIT ?"
        )
        return Statement(text, (*rows.binds, OCCURRENCE_LIMIT))

    def _occurring_texts(self, query: Query, parameter: SearchParameter, table: str) -> list[Occurrence]:
        found = self._count_occurring_values(query, parameter, table, "t.nid AS nid, t.value AS value", "value")
        return [Occurrence("", value, number) for value, number in found]

    def _occurring_codes(self, query: Query, parameter: SearchParameter) -> list[Occurrence]:
        columns = "t.nid AS nid, t.hash AS hash"
        counts: dict[int, int] = dict(self._count_occurring_values(query, parameter, "shown_token", columns, "hash"))
        return self._name_codes(counts)

    def _name_codes(self, counts: dict[int, int]) -> list[Occurrence]:
        text = "SELECT hash, system, code FROM term WHERE hash IN (SELECT value FROM json_each(?))"
        terms = self._run(Statement(text, (orjson.dumps(list(counts)).decode(),))) if counts else []
        found = [Occurrence(system, code, counts[hash]) for hash, system, code in terms]
        return sorted(found, key=lambda occurrence: (-occurrence.matches, occurrence.system, occurrence.value))

    def other_codes(self, parameter: SearchParameter) -> list[Occurrence]:
        if self._scope_of_space is None:
            return []
        if self._visibility.allows_all(parameter.type, "s"):
            return self._name_codes(dict.fromkeys(self._list_distinct(parameter, "shown_token", "hash"), 1))
        codes = self._sources.find_members(self._scope_of_space, parameter.type).count_codes(parameter.code)
        first = sorted(codes, key=lambda hash: (-codes[hash], hash))[:OTHER_VALUES]
        return self._name_codes({hash: codes[hash] for hash in first})

    def _list_distinct(self, parameter: SearchParameter, table: str, column: str) -> list[Any]:
        """Return the first different values in an index, which takes a step for each of them."""
        assert self._scope_of_space is not None
        first = f"(SELECT min(t.{column}) FROM {table} t WHERE t.space = ? AND t.parameter = ?"
        text = (
            f"WITH RECURSIVE v(value) AS (SELECT {first}) UNION ALL SELECT {first} AND t.{column} > v.value) FROM v"
            " WHERE v.value IS NOT NULL) SELECT value FROM v WHERE value IS NOT NULL LIMIT ?"
        )
        binds = [(self._scope_of_space.space, number) * 2 for number in parameter.numbers]
        return [value for of in binds for (value,) in self._run(Statement(text, (*of, OTHER_VALUES)))]

    def _occurring_references(self, query: Query, parameter: SearchParameter) -> list[Occurrence]:
        rows = self._select_rows(query, parameter, "shown_reference", "t.nid AS nid, t.target AS target")
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
        """Return the extent of the rows, without periods that have no start."""
        within = Sql(f"SELECT low, high FROM ({rows.text}) e WHERE low > ?", (*rows.binds, BEGINNING))
        first, last = self._run(Statement(f"SELECT min(low), max(low) FROM ({within.text}) v", within.binds))[0]
        if first is None:
            return None
        text = f"SELECT low, high FROM ({within.text}) v ORDER BY abs(low - ?), low, high LIMIT 1"
        return Extent(first, last, tuple(self._run(Statement(text, (*within.binds, point)))[0]))

    def _whole_extent(self, parameter: SearchParameter, point: int) -> Extent | None:
        """Read the extent from the whole index, because the first matches don't show it. Only used if nothing is hidden."""
        first, last = (
            self._range_at_end(parameter, BEGINNING + 1, None),
            self._range_at_end(parameter, BEGINNING + 1, GREATEST_NUMBER, last=True),
        )
        if first is None or last is None:
            return None
        after = self._range_at_end(parameter, max(point, BEGINNING + 1), None)
        before = self._range_at_end(parameter, BEGINNING + 1, point, last=True)
        near = min((found for found in (after, before) if found), key=lambda found: abs(found[0] - point))
        return Extent(first[0], last[0], near)

    def _range_at_end(
        self, parameter: SearchParameter, low: int, high: int | None, *, last: bool = False
    ) -> tuple[int, int] | None:
        """Return the first or the last visible range that begins in [low, high)."""
        assert self._scope_of_space is not None
        below = () if high is None else (high,)
        if parameter.code == "_lastUpdated":
            by = Sql(f"t.type = ? AND t.state = {LIVE}", (self._scope_of_space.names.word(parameter.type),))
            columns, table = ("t.changed", "t.changed + 1"), "resource"
        else:
            by = match_any("t.parameter", list(parameter.numbers))
            columns, table = ("t.low", "t.high"), TABLES[parameter.kind]
        text = (
            f"SELECT {', '.join(columns)} FROM {table} t WHERE t.space = ? AND {by.text} AND {columns[0]} >= ?"
            f"{f' AND {columns[0]} < ?' if below else ''}"
            f" ORDER BY {columns[0]}{' DESC' if last else ''} LIMIT 1"
        )
        rows = self._run(Statement(text, (self._scope_of_space.space, *by.binds, low, *below)))
        return (rows[0][0], rows[0][1]) if rows else None
