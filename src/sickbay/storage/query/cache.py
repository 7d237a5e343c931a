"""All caches of stored data. Each entry is valid until the next write of a resource.

Each field of `StorageCaches` can be removed together with its only call site without changing responses. Keys are values. If a
reader's `stamp()` is None, as with SICKBAY_CACHES=off, nothing outlives the query.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.statement import Statement

MAXIMUM_CACHED_ENTRIES = 8192
"""Maximum entries of all caches together. When there are more, all are emptied."""


class StorageCaches(Struct):
    """Results that were looked up while the store had this stamp. A new stamp gets new caches, so a look-up during a write adds
    its result to the old ones.

    For `Dictionary`: nids by (space, type number, id), hashes by a code in any system, and numbers of live resources by
    (space, type number). plans: prepared searches for short queries, with the results stored in the plan (`PlanResults`).
    """

    stamp: int | None = None
    nids: dict[tuple[int, int, str], int] = {}
    hashes: dict[str, list[int]] = {}
    live: dict[tuple[int, int], int] = {}
    plans: dict[tuple[ResourceSpace, Query, Visibility], Callable[..., Any]] = {}


class PlanResults(Struct):
    """The results of a plan when it ran before. They are kept as long as the plan, which only `StorageCaches.plans` caches.

    fingerprint: for cursors. totals: by counting limit. counts: numbers of rows, by statement. page: statement, next cursor and
    total of the first page.
    """

    fingerprint: bytes | None = None
    totals: dict[int | None, int] = {}
    counts: dict[Statement, int] = {}
    page: tuple[Statement, str | None, int | None] | None = None
