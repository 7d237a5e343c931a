"""Chooses the rows that an explanation reads for a search, and counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import orjson
from msgspec.structs import replace

from sickbay.fhir.search.query import Filter, Query, ReferenceValue
from sickbay.fhir.visibility import Visibility
from sickbay.storage.probe import COUNT_LIMIT, TooCostly
from sickbay.storage.query import access_path, search
from sickbay.storage.query.access_path import AccessPath
from sickbay.storage.query.candidates import select_candidates, select_leading_candidates
from sickbay.storage.query.conditions import FALSE, TRUE, join_with_and
from sickbay.storage.query.filters import TABLES, Scope, row_condition
from sickbay.storage.query.keyset import FindOfVersion
from sickbay.storage.query.statement import Row, Run, Sql, Statement
from sickbay.storage.query.visible_members import READ_ROWS, Members, VisibleMembers

SHORT_LIST = 3 * COUNT_LIMIT
"""Maximum number of resources in a list that isn't shortened."""
CHAIN_ROWS, REVERSE_ROWS = 5, 15
"""Cost of following a reference, in rows: forward to one resource, and backward from many."""
LIST = "(SELECT value AS nid FROM json_each(?) j) d"


class Source(NamedTuple):
    """Rows that meet the conditions of a search, without columns: all, or those of the first resources.

    cost: rows that are read for one answer. listed: the nids, if it is a list of resources.
    """

    rows: Sql
    nid: str
    cost: int = 0
    is_whole: bool = True
    listed: int | str | None = None


_NOTHING = Source(Sql("FROM space WHERE number < 0"), "number")


class ProbeSources:
    """The sources of one explanation, which may read `rows` rows. find_scope: returns None if nothing was ever stored."""

    def __init__(
        self, run: Run, find_scope: Callable[[], Scope | None], find: FindOfVersion, visibility: Visibility, rows: int
    ) -> None:
        self._run, self._find_scope, self._find, self._visibility, self._left = run, find_scope, find, visibility, rows
        self._members: dict[str, VisibleMembers] = {}
        self._found: dict[Query, Source] = {}
        self._sizes: dict[Sql, int] = {}

    @cached_property
    def scope(self) -> Scope | None:
        return self._find_scope()

    def spend(self, rows: int) -> None:
        """Raise TooCostly if an answer reads more rows than are left."""
        if self._left <= 0:
            raise TooCostly
        self._left -= rows

    def find(self, query: Query) -> Source:
        """Return the rows in which the matches of a search are found."""
        query = replace(query, includes=(), sort=(), cursor=None, remembered=False)
        if query not in self._found:
            self._found[query] = self._find_source(query) or _NOTHING
        return self._found[query]

    def _find_source(self, query: Query) -> Source | None:
        if self.scope is None:
            return None
        if query.ids is not None:
            path = access_path.choose_source(self.scope, Query(query.version, query.type, ids=query.ids), None)
            return self._filter_source(query, path._replace(rest=query.filters), len(query.ids))
        if self.is_open(query):
            return self._find_in_index(self.scope, query)
        return self._find_in_members(query, *self._choose_members(self.find_members(self.scope, query.type), query))

    def _filter_source(
        self, query: Query, path: AccessPath, size: int, *, is_whole: bool = True, is_visible: bool = False
    ) -> Source:
        """Return the rows of an access path that meet all other conditions. is_visible: whether its rows are known to be."""
        assert self.scope is not None
        own = search.row_conditions(query, path)
        visible = TRUE if is_visible else self._match_visible(query.type, path.nid)
        where = join_with_and([*search.match_remaining_filters(self.scope, query, path), *own, visible])
        text = path.join() if own or path.row else path.text
        rows = Sql(f"{text} AND {where.text}", (*path.binds, *where.binds))
        conditions = sum(map(_weigh_filter, path.rest)) + len(own) + (query.within is not None)
        return Source(rows, path.nid, size * (1 + conditions), is_whole, path.binds[0] if path.table == LIST else None)

    def is_open(self, query: Query) -> bool:
        """Whether everything is visible of all types that a search reads, so that nothing is hidden in the indexes."""
        types = (query.type, *_types_of_filters(query.filters))
        return all(self._visibility.allows_all(type, "s") for type in types)

    def _find_in_index(self, scope: Scope, query: Query) -> Source:
        """Use an index if few rows have to be read, otherwise its first rows."""
        path = access_path.choose_source(scope, query, None)
        cost = 0
        for rows, weight in _cost_bounds(scope, query, path):
            bound = self._count_rows(rows, weight)
            if bound > READ_ROWS:
                break
            cost += bound
        else:
            return self._filter_source(query, path, cost)
        if path.candidates is not None:
            return self._find_in_members(query, self.find_members(scope, query.type).first, query.filters)
        table = f"(SELECT {path.nid} AS nid {path.text} LIMIT {READ_ROWS}) d"
        return self._filter_source(
            query, path._replace(table=table, where="TRUE", nid="d.nid", row=False), READ_ROWS, is_whole=False
        )

    def _count_rows(self, rows: Sql, weight: int) -> int:
        """Count rows, each as `weight`, up to just above READ_ROWS."""
        if rows not in self._sizes:
            self.spend(0)
            text = f"SELECT count(*) FROM (SELECT 1 FROM ({rows.text}) s LIMIT {READ_ROWS // weight + 1}) m"
            self._sizes[rows] = weight * int(self._run(Statement(text, rows.binds))[0][0])
            self.spend(self._sizes[rows])
        return self._sizes[rows]

    def _choose_members(self, members: VisibleMembers, query: Query) -> tuple[Members, tuple[Filter, ...]]:
        """Return the list to search, and the filters that it doesn't apply."""
        patient = access_path.find_named_patient(query)
        if patient is not None and (named := members.members_of_patient(patient)) is not None:
            return named, query.filters
        if not members.first.is_whole or len(members.first.nids) > SHORT_LIST:
            for filter in query.filters:
                if (coded := members.find_members_with_code(filter)) is not None:
                    return coded, tuple(other for other in query.filters if other is not filter)
        return members.first, query.filters

    def _find_in_members(self, query: Query, members: Members, rest: tuple[Filter, ...]) -> Source:
        path = AccessPath(LIST, "TRUE", (orjson.dumps(members.nids).decode(),), "d.nid", rest)
        return self._filter_source(query, path, len(members.nids), is_whole=members.is_whole, is_visible=True)

    def find_members(self, scope: Scope, type: str) -> VisibleMembers:
        if type not in self._members:
            self._members[type] = VisibleMembers(self._read_and_count, scope, self._find, self._visibility, type)
        return self._members[type]

    def _read_and_count(self, statement: Statement) -> list[Row]:
        """Return rows, and count each of them."""
        self.spend(0)
        rows = self._run(statement)
        self.spend(len(rows))
        return rows

    def _match_visible(self, type: str, nid: str) -> Sql:
        return FALSE if self.scope is None else self.scope.visible(type, "s", nid, None)


def _types_of_filters(filters: Iterable[Filter]) -> Iterator[str]:
    """Yield the types that filters lead to."""
    for filter in filters:
        yield from (type for type, _ in filter.along)
        if filter.chain is not None:
            yield filter.chain[0]
            yield from _types_of_filters((filter.chain[1],))
        yield from _types_of_filters(filter.either)


def _weigh_filter(filter: Filter) -> int:
    """Estimate the rows that a filter reads for each row it is applied to. A reverse chain reads the referring rows."""
    if filter.either:
        return sum(map(_weigh_filter, filter.either))
    if filter.chain is None:
        is_any_type = any(isinstance(value, ReferenceValue) and value.type is None for value in filter.values)
        return CHAIN_ROWS if is_any_type and len(filter.parameter.targets) != 1 else 1
    return (REVERSE_ROWS if filter.reverse else CHAIN_ROWS) + _weigh_filter(filter.chain[1])


def _cost_bounds(scope: Scope, query: Query, path: AccessPath) -> list[tuple[Sql, int]]:
    """Return the selects whose row counts give the cost of an access path, each with its weight."""
    if path.candidates is None:
        return [(Sql(f"SELECT 1 {path.text}", path.binds), 1)]
    applied = [filter for filter in query.filters if filter not in path.rest]
    return _bounds_of(scope, query.type, applied[0]) if len(applied) == 1 else [(path.candidates, 1)]


def _bounds_of(scope: Scope, type: str, filter: Filter) -> list[tuple[Sql, int]]:
    """Return index rows from which the matches of a filter are collected, and the matches if they follow references."""
    if filter.either:
        return [bound for each in filter.either for bound in _bounds_of(scope, type, each)]
    if filter.chain is not None:
        matches = select_candidates(scope, type, filter)
        inner = [(rows, weight * CHAIN_ROWS) for rows, weight in _bounds_of(scope, *filter.chain)]
        return [*inner, *([(matches, CHAIN_ROWS)] if matches else [])]
    if (rows := select_leading_candidates(scope, filter)) is not None:
        return [(rows, 1)]
    by = row_condition(scope, filter)
    return [(Sql(f"SELECT 1 FROM {TABLES[filter.parameter.kind]} t WHERE {by.text}", by.binds), 1)]
