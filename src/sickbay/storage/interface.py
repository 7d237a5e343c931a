"""The interface of a store: records with a kind, a key and an expiry; resources with history and search.

All changes go through `transaction(steps)`: it applies all steps or none, and they are durable when it returns. If the
condition of a step isn't met, it raises Conflict and nothing changes. Reading resources needs a Visibility. While the database
is unavailable, every method raises `settings.database.Unavailable`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Literal, Protocol, TypeAlias

import msgspec

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.answers import HistoryQuery, Labels, Outdated, Page, Stored, Versions
from sickbay.storage.counts import Failures
from sickbay.storage.exchange_filter import ExchangeFilter
from sickbay.storage.journal_store import JournalStore
from sickbay.storage.probe import ProbeJob, T
from sickbay.storage.snapshot_steps import ResourceSpace as ResourceSpace
from sickbay.storage.snapshot_steps import SavedSpace, SaveSnapshot, SnapshotStep


class Record(msgspec.Struct, frozen=True, gc=False):
    """A small value that is stored for a limited time. `key` is a hash if the key is a secret. `value` is JSON.

    family: groups records that are revoked together, or the timeline of an exchange. owner: client_id. label: stage, or the
    quota that the record counts towards (`storage/quotas.py`). revision: number of puts. used_at: set by UseOnce. Times are
    epoch seconds; only the `at` of an exchange is its arrival in microseconds (`Effects.arrival`), by which exchanges are
    ordered. line: searchable text of an exchange (`services.journal.outcomes`). It is stored, but not
    read back.

    A Struct because a code flow creates ten of them, and a frozen dataclass takes eight times as long.
    """

    kind: str
    key: str
    value: bytes
    tenant: str = ""
    owner: str = ""
    family: str = ""
    label: str = ""
    at: int = 0
    expires_at: int | None = None
    used_at: int | None = None
    revision: int = 0
    line: str = ""


class Put(msgspec.Struct, frozen=True, gc=False):
    """Insert or replace. `if_revision`: 0 means only if absent; n means only if the stored revision is n; None means always.

    aside: the record is bookkeeping that no decision or response depends on, so caches stay valid.
    """

    record: Record
    if_revision: int | None = None
    aside: bool = False


class UseOnce(msgspec.Struct, frozen=True, gc=False):
    """Mark (kind, key) as used at `now`. Raises Conflict if it is absent or was already used."""

    kind: str
    key: str
    now: int


class Delete(msgspec.Struct, frozen=True, gc=False):
    kind: str
    key: str


class DeleteFamily(msgspec.Struct, frozen=True, gc=False):
    """Delete all records of these kinds in one family. Used for revocation."""

    family: str
    kinds: tuple[str, ...]


class Clear(msgspec.Struct, frozen=True, gc=False):
    """Delete all records of a kind in a tenant ("" means all tenants). With kind "resources", its resources and their marks."""

    kind: str
    tenant: str = ""


Interaction: TypeAlias = Literal["create", "update", "update-create", "delete"]


class Save(msgspec.Struct, frozen=True, gc=False):
    """Write one version of a resource. `body` holds the bytes that will be served, meta included.

    if_version: raise Conflict unless this is the current version; 0: only if there is none; None: no condition. The store
    counts versions itself: `version_id` must be the next version (1 for a new resource), otherwise Conflict. before: the
    current version if numbers are left out, because versions that were undone had them. at: epoch ms.
    interaction: create, update, update-create (an update that creates a resource that is absent or deleted), delete (then body
    is empty).
    """

    space: ResourceSpace
    type: str
    id: str
    version_id: int
    body: bytes
    facts: IndexEntries
    at: int
    interaction: Interaction = "create"
    if_version: int | None = None
    who: str = ""
    before: int | None = None


class Reindex(msgspec.Struct, frozen=True, gc=False):
    """Rewrite the index rows of a current version. Does nothing if the version is no longer current."""

    space: ResourceSpace
    type: str
    id: str
    version_id: int
    facts: IndexEntries


class Mark(msgspec.Struct, frozen=True, gc=False):
    """Remember the current position in the history of a space under a name. Replaces an earlier mark with this name."""

    space: ResourceSpace
    name: str


class ReturnToMark(msgspec.Struct, frozen=True, gc=False):
    """Undo every write in a space since a mark: contents, history and index are as they were. Does nothing without the mark.

    Later marks are deleted. The numbers that the store counts internally go on, so that none is used twice.

    index: extracts the facts of a body, for versions that an older Sickbay wrote. It is called on any thread. keeps_numbers:
    the numbers of the versions that are undone aren't used again (`Store.last_versions`), because a snapshot may have some.
    """

    space: ResourceSpace
    name: str
    index: Callable[[bytes], IndexEntries]
    keeps_numbers: bool = False


class CopyResources(msgspec.Struct, frozen=True, gc=False):
    """Write resources of a population file (`storage/population_file.py`) as if each were created now. Raises CannotCopy.

    after, until: their numbers in the file. Earlier ones must be there, created in the same order. at: epoch ms.
    """

    space: ResourceSpace
    file: Path
    after: int
    until: int
    at: int


class ImportSnapshot(msgspec.Struct, frozen=True, gc=False):
    """Write the content of a snapshot, as if it had been saved here. Raises Conflict if a space has no mark `patients`.

    The versions get new numbers, because their own are those of another database.
    """

    name: str
    records: Sequence[Record]
    spaces: Sequence[SavedSpace]


RecordStep: TypeAlias = Put | UseOnce | Delete | DeleteFamily | Clear
Step: TypeAlias = RecordStep | Save | Reindex | Mark | ReturnToMark | CopyResources | SnapshotStep | ImportSnapshot


class CannotCopy(Exception):
    """Raised if a population file is damaged or missing, or the space isn't as expected. Nothing was changed."""


class Conflict(Exception):
    """Raised if the condition of `step` wasn't met. Nothing in its transaction was changed."""

    def __init__(self, step: Step) -> None:
        super().__init__(f"{type(step).__name__}: condition not met")
        self.step = step


class Store(JournalStore, Protocol):
    """Implemented for SQLite and PostgreSQL; both pass tests/storage/contract.py."""

    async def transaction(self, steps: Sequence[Step]) -> None:
        """Apply all steps or none; durable on return. Raises Conflict, and WasReset (`storage/resets.py`).

        Before it commits, deletes the oldest records over a quota that the steps count towards (`storage/quotas.py`).
        """
        ...

    async def count_failure(self, key: str, tenant: str, now: int, seconds: int) -> Failures:
        """Add one to the failures that are counted under this key. The count begins again `seconds` after the first one."""
        ...

    async def get(self, kind: str, key: str) -> Record | None:
        """Return the record, even if it has expired but hasn't been purged: "expired" and "unknown" are different findings."""
        ...

    def stamp(self) -> int | None:
        """Return a number that changes whenever any process changes a record, except records that are bookkeeping
        (`Put.aside`), of kinds in UNCACHED, or new tokens. Writing resources doesn't change it; deleting all of a tenant's
        does. PostgreSQL counts every write. None if it can't be determined cheaply.

        It may be as old as the last `get`. Callers that rely on it read the clock record first, as every request does.
        """
        ...

    async def find(
        self,
        kind: str,
        *,
        tenant: str | None = None,
        owner: str | None = None,
        family: str | None = None,
        label: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = 100,
        oldest: bool = False,
    ) -> list[Record]:
        """Return the newest records first, or the oldest first if `oldest` is true, with since <= `at` < until."""
        ...

    async def count_family(self, kind: str, family: str, most: int) -> int:
        """Count the records of a kind in one family, stopping at `most`."""
        ...

    async def purge(self, now: int, most: int) -> int:
        """Delete up to `most` records that expired more than a day before `now`. Returns how many were deleted."""
        ...

    async def find_exchanges(self, wanted: ExchangeFilter, limit: int, until: int | None = None) -> list[Record]:
        """Return the newest exchanges that meet all conditions, newest first, with `at` < until."""
        ...

    async def database_size(self) -> int:
        """Return the size of the whole database in bytes, without a write-ahead log."""

    def writes_waiting(self) -> int:
        """Return how many writes of this process wait for the writer (SQLite) or a connection (PostgreSQL)."""
        ...

    async def read(self, space: ResourceSpace, type: str, id: str, visibility: Visibility) -> Stored | None:
        """Return the current version if it is visible with letter r, otherwise None. A deleted resource has deleted=True."""
        ...

    async def version(self, space: ResourceSpace, type: str, id: str, version_id: int, visibility: Visibility) -> Stored | None:
        """Return one version. Both it and the current version must be visible."""
        ...

    async def history(self, space: ResourceSpace, query: HistoryQuery, visibility: Visibility) -> Versions:
        """Return the history of one resource (letter r), of a type or of all types (letter s).

        Includes versions that were visible when written, of resources that are visible now. For all types, only clauses that
        apply to every type count. Raises BadCursor.
        """
        ...

    async def search(self, space: ResourceSpace, query: Query, visibility: Visibility) -> Page:
        """Search with letter s. Visibility is applied in SQL to matches and includes. Raises BadCursor, StaleCursor."""
        ...

    async def count(self, space: ResourceSpace, query: Query, visibility: Visibility) -> int:
        """Return the exact number of matches."""
        ...

    async def labels(self, space: ResourceSpace, types: Sequence[str], visibility: Visibility) -> Labels:
        """Return the profiles, security labels and tags used by the visible resources of these types."""
        ...

    async def list_outdated(self, limit: int) -> list[Outdated]:
        """Return some resources that an older version of Sickbay indexed; empty once all are reindexed."""
        ...

    async def writes_since(self, space: ResourceSpace, mark: str) -> int | None:
        """Return how many versions were written in a space since a mark, including deletions. None if there is no such mark."""
        ...

    async def last_versions(self) -> dict[ResourceSpace, int]:
        """Return the highest number of an undone version that isn't used again, for each space that has one."""

    async def measure_snapshot(self, step: SaveSnapshot) -> int:
        """Return how many bytes of records and resources this step would copy."""

    async def read_snapshot_records(self, name: str) -> list[Record]:
        """Return the records of a snapshot, in the order in which they were stored."""

    async def read_snapshot_space(self, name: str, space: ResourceSpace) -> SavedSpace:
        """Return the versions of a space in a snapshot."""

    async def read_base(self, space: ResourceSpace, type: str, ids: Sequence[str]) -> dict[str, tuple[int, str]]:
        """Return the last version up to the mark `patients`, with its facts, of each resource in the sample data."""

    async def has_resources(self, space: ResourceSpace) -> bool:
        """Return whether the space has any resources."""

    def export(
        self, space: ResourceSpace, mark: str, versions: int, draft: Path, began: Callable[[], object], stop: Event
    ) -> bool:
        """Write the content of a space at a mark to an empty file, as a population file. Returns False if that isn't possible.
        Blocks. versions: how many the space must have. began: is called when later writes don't matter. stop: ends it early.
        """
        ...

    async def probe(self, space: ResourceSpace, visibility: Visibility, job: ProbeJob[T], rows: int) -> T:
        """Run a job that queries the visible data. Its statements run outside the event loop and read about `rows` rows."""
        ...

    async def position(self, space: ResourceSpace) -> int:
        """Return a number that grows with every write of a resource in the space."""

    async def close(self) -> None: ...
