"""Everything that storage caches of stored data, each until anybody writes.

Each cache is an attribute of `StorageCaches` and can be deleted with its one call site: responses stay the same. Keys are
values. A reader whose `stamp()` is None, as it is with SICKBAY_CACHES=off, caches nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.statement import SqlReader, Statement

K = TypeVar("K")
V = TypeVar("V")
MOST = 4096
"""Entries of one cache; when there are more, it begins again."""
PlanKey: TypeAlias = tuple[ResourceSpace, Query, Visibility]


class StampedCache(Generic[K, V]):
    """Values that were looked up since the last write."""

    def __init__(self, reader: SqlReader) -> None:
        self._reader = reader
        self._stamp: int | None = None
        self._entries: dict[K, V] = {}

    def get(self, key: K, look: Callable[[], V]) -> V:
        """Stored with what was found under the same stamp: another may have come while we looked."""
        stamp = self._reader.stamp()
        if stamp != self._stamp or stamp is None or len(self._entries) > MOST:
            self._entries, self._stamp = {}, stamp
        entries = self._entries
        if key not in entries:
            entries[key] = look()
        return entries[key]


class StorageCaches:
    """nids: of (space, word of the type, id), in `names`. hashes: of a code in any system, in `names`.

    plans: what `answers.search` makes of a short query, with the results that the plan holds (`PlanResults`). templates: by the
    shape of a search, in `templates`; they outlast writes, since they depend on nothing that is stored.
    """

    def __init__(self, reader: SqlReader) -> None:
        self.nids: StampedCache[tuple[int, int, str], int] = StampedCache(reader)
        self.hashes: StampedCache[str, list[int]] = StampedCache(reader)
        self.templates: dict[Any, Any] = {}
        self.plans: StampedCache[PlanKey, Callable[..., Any]] = StampedCache(reader)


class PlanResults:
    """What a plan found when it ran before. It is as old as the plan, which is cached in `StorageCaches.plans` or nowhere.

    fingerprint: for cursors. totals: by how far was counted. counts: of rows, by the
    statement. page: the statement of the first page, next cursor and total.
    """

    __slots__ = ("counts", "fingerprint", "page", "totals")

    def __init__(self) -> None:
        self.fingerprint: bytes | None = None
        self.totals: dict[int | None, int] = {}
        self.counts: dict[Statement, int] = {}
        self.page: tuple[Statement, str | None, int | None] | None = None
