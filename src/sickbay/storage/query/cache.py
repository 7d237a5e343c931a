"""All caches of stored data. Each entry is valid until the next write.

Each cache is an attribute of `StorageCaches` and can be removed together with its only call site without changing responses.
Keys are values. If a reader's `stamp()` is None, as with SICKBAY_CACHES=off, nothing is cached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

from msgspec import Struct

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.statement import SqlReader, Statement

K = TypeVar("K")
V = TypeVar("V")
MOST = 4096
"""Maximum entries of one cache. When there are more, it is cleared."""
PlanKey: TypeAlias = tuple[ResourceSpace, Query, Visibility]


class StampedCache(Generic[K, V]):
    """Values that were looked up since the last write. None isn't a value."""

    def __init__(self, reader: SqlReader) -> None:
        self._reader = reader
        self._stamp: int | None = None
        self._entries: dict[K, V] = {}

    def get(self, key: K, look: Callable[[], V]) -> V:
        """Return the cached value, or look it up. The value is stored under the stamp read before the look-up, because another
        write may happen meanwhile.
        """
        stamp = self._reader.stamp()
        if stamp != self._stamp or stamp is None or len(self._entries) > MOST:
            self._entries, self._stamp = {}, stamp
        entries = self._entries
        value = entries.get(key)
        if value is None:
            value = entries[key] = look()
        return value


class StorageCaches:
    """For `Dictionary`: nids by (space, type number, id), hashes by a code in any system, and numbers of live resources by
    (space, type number).

    plans: prepared searches for short queries, with the results stored in the plan (`PlanResults`). templates: by the shape of
    a search, for `templates.py`; they don't depend on stored data, so writes don't clear them.
    """

    def __init__(self, reader: SqlReader) -> None:
        self.nids: StampedCache[tuple[int, int, str], int] = StampedCache(reader)
        self.hashes: StampedCache[str, list[int]] = StampedCache(reader)
        self.live: StampedCache[tuple[int, int], int] = StampedCache(reader)
        self.templates: dict[Any, Any] = {}
        self.plans: StampedCache[PlanKey, Callable[..., Any]] = StampedCache(reader)


class PlanResults(Struct):
    """The results of a plan when it ran before. They are kept as long as the plan, which only `StorageCaches.plans` caches.

    fingerprint: for cursors. totals: by counting limit. counts: numbers of rows, by statement. page: statement, next cursor and
    total of the first page.
    """

    fingerprint: bytes | None = None
    totals: dict[int | None, int] = {}
    counts: dict[Statement, int] = {}
    page: tuple[Statement, str | None, int | None] | None = None
