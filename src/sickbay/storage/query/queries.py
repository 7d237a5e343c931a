"""The read operations that both engines share: this prepares the statements, and the engine decides when and where to run
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

from msgspec.structs import replace

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.answers import HistoryQuery, Labels, Page, Stored, Versions
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query import history as history_query
from sickbay.storage.query import includes, labels, marks, multi_type, search, snapshots, templates
from sickbay.storage.query.cache import MAXIMUM_CACHED_ENTRIES, StorageCaches
from sickbay.storage.query.conditions import FALSE, match_any
from sickbay.storage.query.dictionary import REFERENCED, Dictionary
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.keyset import Find
from sickbay.storage.query.probe import POSITION, StoreProbe
from sickbay.storage.query.probe_sources import ProbeSources
from sickbay.storage.query.search import SearchPlan
from sickbay.storage.query.space_tables import ANY_LIVE
from sickbay.storage.query.statement import Row, Run, SqlReader, Statement
from sickbay.storage.query.visibility import COLUMNS, WIDTH, VisibilityRecheck, is_visible, match_visible, recheck_mixed_types
from sickbay.storage.snapshot_steps import SaveSnapshot

T = TypeVar("T")
NOTHING_FOUND = Page([], [], None, 0)
Ask: TypeAlias = Callable[[Run], T]
"""A prepared query, which only has to run its statements. All look-ups are done."""
_CURRENT = f"SELECT {COLUMNS}, r.state = 2 FROM resource r WHERE r.space = ? AND r.type = ?"
_UNRESTRICTED = (
    "SELECT r.version_id, r.changed, r.body, r.facts, r.state = 2 FROM resource r"
    f" WHERE r.space = ? AND r.type = ? AND r.id = ? AND r.state <> {REFERENCED}"
)
_VERSION = (
    "SELECT h.nid, h.facts, ?, h.version_id, h.at,"
    " CASE WHEN h.version_id = r.version_id THEN r.body ELSE h.body END, h.interaction = 'delete'"
    " FROM resource_history h, resource r WHERE r.nid = ? AND h.nid = r.nid AND h.version_id = ?"
)


class StoreQueries:
    """find: resolves search parameters for _sort and _include. key: seals cursors. guard: counts removed resources."""

    def __init__(self, reader: SqlReader, find: Find, key: bytes) -> None:
        self._reader, self._find, self._key = reader, find, key
        self.names = Dictionary(reader)
        self._templates: dict[Any, templates.Template | None] = {}
        self.guard = VisibilityRecheck()

    def read(self, space: ResourceSpace, type: str, id: str, visibility: Visibility) -> Stored | None:
        if not visibility.allows_all(type, "r"):
            return self.read_resources(space, type, [id], visibility).get(id)
        number = self.names.space(space)
        rows = self._reader.rows(_UNRESTRICTED, (number, self.names.word(type), id)) if number is not None else []
        for version_id, at, body, facts, deleted in rows:
            return Stored(type, id, version_id, at, body, facts, bool(deleted))
        return None

    def read_resources(self, space: ResourceSpace, type: str, ids: list[str], visibility: Visibility) -> dict[str, Stored]:
        """Return the visible resources by id, including deleted ones."""
        rows = self._read_current_rows(space, type, ids, visibility)
        deleted = {row[2] for row in rows if row[WIDTH]}
        visible = self.guard.select_visible_resources(visibility, "r", type, rows)
        return {resource.id: replace(resource, deleted=True) if resource.id in deleted else resource for resource in visible}

    def version(self, space: ResourceSpace, type: str, id: str, version_id: int, visibility: Visibility) -> Stored | None:
        current = self._read_current_rows(space, type, [id], visibility)
        rows = self._reader.rows(_VERSION, (id, current[0][0], version_id)) if current else []
        if not rows or not is_visible(visibility, type, rows[0]):
            return None
        return replace(self.guard.select_visible_resources(visibility, "r", type, rows)[0], deleted=bool(rows[0][WIDTH]))

    def history(self, space: ResourceSpace, query: HistoryQuery, visibility: Visibility) -> Ask[Versions]:
        scope = self._scope_of(space, visibility)
        if scope is None:
            return lambda run: Versions([], None, 0 if query.most == 0 else None)
        return partial(history_query.load_history_page, scope=scope, key=self._key, query=query, visibility=visibility)

    def search(self, space: ResourceSpace, query: Query, visibility: Visibility) -> Ask[Page]:
        plans, key = self._fresh_caches().plans, (space, query, visibility)
        ask = plans.get(key) if query.remembered else None
        if ask is None:
            ask = self._prepare_search(space, query, visibility)
            if query.remembered:
                plans[key] = ask
        return ask

    def _prepare_search(self, space: ResourceSpace, query: Query, visibility: Visibility) -> Ask[Page]:
        scope = self._find_scope(space, visibility)
        if scope is None:
            return lambda run: NOTHING_FOUND
        if query.type == "":
            plans = multi_type.make_plans(scope, self._find, space, query, visibility)
            return partial(self._page_of_several, scope=scope, plans=plans) if plans else lambda run: NOTHING_FOUND
        plan = templates.plan_by_template(self._templates, scope, self._find, space, query, visibility)
        return partial(self._read_page, scope=scope, plan=plan) if plan else lambda run: NOTHING_FOUND

    def count(self, space: ResourceSpace, query: Query, visibility: Visibility) -> Ask[int]:
        scope = self._scope_of(space, visibility)
        statement = self._counting_statement(scope, space, query, visibility) if scope is not None else None
        if statement is None:
            return lambda run: 0
        return lambda run: int(run(statement)[0][0])

    def _counting_statement(self, scope: Scope, space: ResourceSpace, query: Query, visibility: Visibility) -> Statement | None:
        """Return the counting statement, or None if nothing can match."""
        if query.type == "":
            plans = multi_type.make_plans(scope, self._find, space, query, visibility)
            return multi_type.build_count(plans) if plans else None
        plan = search.plan_search(scope, self._find, space, query, visibility)
        return search.build_count(plan) if plan else None

    def labels(self, space: ResourceSpace, types: Sequence[str], visibility: Visibility) -> Ask[Labels]:
        scope = self._scope_of(space, visibility)
        if scope is None:
            return lambda run: Labels((), (), ())
        return partial(
            labels.load_labels, scope=scope, find=self._find, version=space.version, types=types, visibility=visibility
        )

    def last_versions(self) -> dict[ResourceSpace, int]:
        rows = self._reader.rows("SELECT tenant, version, last_version FROM space WHERE last_version > 0")
        return {ResourceSpace(tenant, version): number for tenant, version, number in rows}

    def measure_snapshot(self, step: SaveSnapshot) -> Ask[int]:
        statements = [snapshots.measure_records(step), *(snapshots.measure_versions(space) for space in step.spaces)]
        return lambda run: sum(int(run(Statement(text, binds))[0][0]) for text, binds in statements)

    def has_resources(self, space: ResourceSpace) -> bool:
        number = self.names.space(space)
        return number is not None and bool(self._reader.rows(ANY_LIVE, (number,)))

    def writes_since(self, space: ResourceSpace, mark: str) -> int | None:
        position = self._reader.rows(marks.FIND, (*space, mark))
        return int(self._reader.one(marks.COUNT, position[0])) if position else None

    def probe(self, run: Run, space: ResourceSpace, visibility: Visibility, rows: int) -> StoreProbe:
        """Return a Probe for the visible data of a space. rows: maximum number of rows to read in total."""
        find = partial(self._find, space.version)
        sources = ProbeSources(run, partial(self._scope_of, space, visibility), find, visibility, rows)
        return StoreProbe(run, sources, visibility, self.guard)

    def position(self, space: ResourceSpace) -> int:
        """Return a number that grows with every write of a resource in the space."""
        number = self.names.space(space)
        return 0 if number is None else int(self._reader.one(POSITION, (number,)) or 0)

    def _read_page(self, run: Run, scope: Scope, plan: SearchPlan) -> Page:
        query, visibility = plan.query, plan.visibility
        result = search.load_search_page(run, self._key, plan)
        matches = self.guard.matches(visibility, query.type, result.rows, plan.columns)
        if not query.includes or not result.rows:
            return Page(matches, [], result.next, result.total)
        nids = {query.type: [row[0] for row in result.rows]}
        return self._page_with_includes(run, scope, query, visibility, Page(matches, [], result.next, result.total), nids)

    def _page_of_several(self, run: Run, scope: Scope, plans: multi_type.SearchPlans) -> Page:
        query, visibility = plans.query, plans.visibility
        result = multi_type.load_multi_type_page(run, self._key, plans)
        nids: dict[str, list[int]] = {}
        for row in result.rows:
            nids.setdefault(self.names.text(row[-1]), []).append(row[0])
        matches = recheck_mixed_types(self.guard, visibility, "s", result.rows, lambda row: self.names.text(row[-1]))
        return self._page_with_includes(run, scope, query, visibility, Page(matches, [], result.next, result.total), nids)

    def _page_with_includes(
        self, run: Run, scope: Scope, query: Query, visibility: Visibility, page: Page, nids: dict[str, list[int]]
    ) -> Page:
        """Add the included resources to the page. `nids` holds the nids of its matches by type."""
        resources: list[Stored] = []
        rows_by_type, clipped = includes.read_included_rows(run, scope, self._find, query, visibility, nids)
        for type, rows in rows_by_type.items():
            resources += self.guard.select_visible_resources(visibility, "rs", type, rows)
        return replace(page, included=resources, clipped=clipped)

    def _fresh_caches(self) -> StorageCaches:
        """Return the caches, without what was looked up before the last write."""
        stamp, caches = self._reader.stamp(), self.names.caches
        entries = len(caches.nids) + len(caches.hashes) + len(caches.plans)
        if stamp is None or stamp != caches.stamp or entries > MAXIMUM_CACHED_ENTRIES:
            caches = self.names.caches = StorageCaches(stamp)
        return caches

    def _scope_of(self, space: ResourceSpace, visibility: Visibility) -> Scope | None:
        self._fresh_caches()
        return self._find_scope(space, visibility)

    def _find_scope(self, space: ResourceSpace, visibility: Visibility) -> Scope | None:
        number = self.names.space(space)
        if number is None:
            return None
        return Scope(number, self.names, partial(match_visible, self.names, number, visibility))

    def _read_current_rows(self, space: ResourceSpace, type: str, ids: list[str], visibility: Visibility) -> list[Row]:
        """Return the rows of the current versions that are visible."""
        scope = self._scope_of(space, visibility)
        allowed = scope.visible(type, "r", "r.nid", None) if scope is not None else FALSE
        if scope is None or allowed is FALSE:
            return []
        named = match_any("r.id", ids)
        text = f"{_CURRENT} AND {named.text} AND r.state <> {REFERENCED} AND {allowed.text}"
        return self._reader.rows(text, (scope.space, scope.names.word(type), *named.binds, *allowed.binds))
