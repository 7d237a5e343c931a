"""The one storage interface: records with a kind, a key and an expiry; resources with history and search.

Everything that changes goes through `transaction(steps)`: all of the steps or none, durable when it returns. A step
whose condition does not hold raises Conflict and nothing is changed. Reads of resources need a Visibility. Where the database
is away, everything raises `settings.database.Unavailable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from sickbay.fhir.bundle import StoredResource
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.facts import NONE, Codes, codes_of, patients_of


class ResourceSpace(NamedTuple):
    """One tenant's resources of one FHIR version: ("general", "r4")."""

    tenant: str
    version: str


class Record(msgspec.Struct, frozen=True, gc=False):
    """Something small that is kept for a while. `key` is a hash where the thing is a secret. `value` is JSON.

    family: what is revoked together, or the timeline of an exchange. owner: client_id. label: stage.
    revision counts the puts; used_at is set by UseOnce. Times are epoch seconds.

    A Struct, since a code flow makes ten of them: a frozen dataclass takes eight times as long to make.
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


@dataclass(frozen=True, slots=True)
class Put:
    """Insert or replace. `if_revision`: 0 only if absent; n only if that is the revision there; None: always.

    aside: a note by which nothing is decided and nothing answered, so that whoever remembers something need not look anew.
    """

    record: Record
    if_revision: int | None = None
    aside: bool = False


@dataclass(frozen=True, slots=True)
class UseOnce:
    """Mark (kind, key) as used at `now`; Conflict if it is absent or was used already."""

    kind: str
    key: str
    now: int


@dataclass(frozen=True, slots=True)
class Delete:
    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class DeleteFamily:
    """Delete all records of these kinds in one family: revocation."""

    family: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clear:
    """Delete all records of a kind in a tenant ("" for all tenants), and with kind "resources" all its resources."""

    kind: str
    tenant: str = ""


Interaction: TypeAlias = Literal["create", "update", "update-create", "delete"]


@dataclass(frozen=True, slots=True)
class Save:
    """Write one version of a resource. `body` are the bytes that will be served, meta included.

    if_version: Conflict unless that is the current version; 0: only if there is none; None: no condition. The store
    counts versions itself: `version_id` must be the next one (1 for a new resource), else Conflict.
    at: epoch ms. interaction: create, update, update-create (an update that makes what is not there, or is deleted),
    delete (then body is empty).
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


@dataclass(frozen=True, slots=True)
class Reindex:
    """Write the index rows of a current version anew; nothing happens where it is not current any more."""

    space: ResourceSpace
    type: str
    id: str
    version_id: int
    facts: IndexEntries


Step: TypeAlias = Put | UseOnce | Delete | DeleteFamily | Clear | Save | Reindex


class Conflict(Exception):
    """A condition of a step did not hold; `step` says which. Nothing of its transaction was changed."""

    def __init__(self, step: Step) -> None:
        super().__init__(f"{type(step).__name__}: condition not met")
        self.step = step


class Stored(msgspec.Struct, frozen=True, gc=False):
    """One stored resource. facts: what is kept beside the body for the second check (`storage/facts.py`).

    A Struct, since a page makes fifty of them: a NamedTuple takes twice as long to make.
    """

    type: str
    id: str
    version_id: int
    at: int
    body: bytes
    facts: str = NONE
    deleted: bool = False

    @property
    def patients(self) -> tuple[str, ...]:
        """In whose compartments it is."""
        return patients_of(self.facts)

    @property
    def codes(self) -> Codes:
        """(parameter, system, code) by which granular scopes may filter."""
        return codes_of(self.facts)


class Versions(NamedTuple):
    """One page of a history, newest first: (version, interaction). next: sealed cursor of the next page.

    total: of all pages, where no entries were asked for.
    """

    entries: list[tuple[Stored, str]]
    next: str | None
    total: int | None = None


class Outdated(NamedTuple):
    """A live resource that was indexed by an older Sickbay, which knew fewer facts."""

    space: ResourceSpace
    type: str
    id: str
    version_id: int
    body: bytes


class Page(NamedTuple):
    """One page of a search: matches in order, included ones, sealed cursor of the next page, total where known.

    matches: each a Stored where the query asks for them whole, or has several types; else as far as a Bundle shows it.
    clipped: more would have been included than a page takes.
    """

    matches: Sequence[StoredResource]
    included: list[Stored]
    next: str | None
    total: int | None
    clipped: bool = False


def whole(page: Page) -> list[Stored]:
    """The matches of a query that asked for them whole."""
    return [one for one in page.matches if isinstance(one, Stored)]


class Labels(NamedTuple):
    """profiles: canonicals. security, tags: (system, code), the system "" where there is none."""

    profiles: tuple[str, ...]
    security: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]


class Volume(NamedTuple):
    """How many exchanges, and the bytes of their values."""

    exchanges: int
    bytes: int

    def exceeds(self, most: Volume) -> bool:
        return self.exchanges > most.exchanges or self.bytes > most.bytes


COUNTED = frozenset(("app", "app-before"))
"""Kinds whose changes are counted."""
CHANGES = Put(Record("changes", "app", b"{}"))
"""Written with every change of those kinds: the revision of this record is another one then, on every worker."""


NEVER_KNOWN_BEFORE = frozenset(("token", "jti"))
"""Kinds whose new records change nothing that anyone may have cached: nobody caches that one of them is absent."""


def leaves_stamp(steps: Sequence[Step]) -> bool:
    """Whether all that was cached before these steps is still true: they are notes aside, and inserts of new tokens.

    An insert has `if_revision` 0, so that a token which exists is never replaced by it: whatever changes or deletes one, as a
    revocation does, is a write like any other.
    """
    return all(
        isinstance(one, Put) and (one.aside or (one.if_revision == 0 and one.record.kind in NEVER_KNOWN_BEFORE))
        for one in steps
    )


def counted(steps: Sequence[Step]) -> Sequence[Step]:
    """With CHANGES at the end, if one of them changes a record of a counted kind."""
    changes = any(isinstance(one, Put) and one.record.kind in COUNTED for one in steps)
    changes = changes or any(isinstance(one, Delete | Clear) and one.kind in COUNTED for one in steps)
    return (*steps, CHANGES) if changes else steps


class BadCursor(Exception):
    """The cursor was not made by this server for this query: 400."""


class StaleCursor(BadCursor):
    """It was made for somebody who saw something else: 410. Neither its place nor its total are told."""


class Store(Protocol):
    """SQLite and PostgreSQL; both pass tests/storage/contract.py."""

    async def transaction(self, steps: Sequence[Step]) -> None:
        """All or nothing; durable on return. Raises Conflict."""
        ...

    async def fill(self, space: ResourceSpace, saves: Iterable[Save]) -> int:
        """Write a population into an empty space: all or nothing. How many; 0 if the space is not empty.

        `saves` is consumed on another thread than the event loop's.
        """
        ...

    async def copy_space(self, source: ResourceSpace, target: ResourceSpace) -> int:
        """Replace the resources of `target` by those of `source`: all or nothing. How many are there now."""
        ...

    async def get(self, kind: str, key: str) -> Record | None:
        """The record, expired ones too until they are purged: "expired" and "unknown" are different findings."""
        ...

    def stamp(self) -> int | None:
        """Another number after every write by any process, except those that `leaves_stamp` names (PostgreSQL counts them
        too); None if that can't be told cheaply.

        It may be as old as the last `get`: whoever relies on it asks for the clock first, as every request does.
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
        limit: int = 100,
        oldest: bool = False,
    ) -> list[Record]:
        """Newest first; with `oldest` the oldest first."""
        ...

    async def count_family(self, kind: str, family: str, most: int) -> int:
        """How many records of a kind one family has; counts no further than `most`."""
        ...

    async def purge(self, now: int, most: int) -> int:
        """Delete at most so many of the records that expired more than a day before `now`. How many were deleted."""
        ...

    async def journal_size(self) -> Volume:
        """The exchanges that are kept, without reading any of them."""
        ...

    async def trim_journal(self, most: Volume, at_once: int) -> int:
        """Delete at most so many exchanges while more than `most` are kept. How many were deleted.

        Of the app that has most of them, those that expire first. 0 also while another worker does it.
        """
        ...

    async def read(self, space: ResourceSpace, type: str, id: str, visibility: Visibility) -> Stored | None:
        """The current version if visible with letter r; a deleted one has deleted=True; invisible is None."""
        ...

    async def version(self, space: ResourceSpace, type: str, id: str, version_id: int, visibility: Visibility) -> Stored | None:
        """One version; both it and the current one must be visible."""
        ...

    async def history(
        self,
        space: ResourceSpace,
        type: str | None,
        id: str | None,
        visibility: Visibility,
        *,
        count: int,
        cursor: str | None = None,
        since: int | None = None,
        at: tuple[int, int] | None = None,
    ) -> Versions:
        """Of one resource (letter r), of a type or of all (letter s): versions visible as they were, of what is visible now.

        count: 0 for their number alone. since: written at or after (epoch ms); at: current at some time of [low, high).
        Of all types, only what clauses for every type show. Raises BadCursor.
        """
        ...

    async def search(self, space: ResourceSpace, query: Query, visibility: Visibility) -> Page:
        """Visibility with letter s, in SQL, at matches and includes alike. Raises BadCursor, StaleCursor."""
        ...

    async def count(self, space: ResourceSpace, query: Query, visibility: Visibility) -> int:
        """The exact number of matches."""
        ...

    async def labels(self, space: ResourceSpace, types: Sequence[str], visibility: Visibility) -> Labels:
        """The profiles, security labels and tags in use among the visible resources of these types."""
        ...

    async def outdated(self, limit: int) -> list[Outdated]:
        """Some of what an older Sickbay indexed; empty once all of it was indexed anew."""
        ...

    async def filled(self, space: ResourceSpace) -> bool:
        """Whether any resource is there."""
        ...

    async def close(self) -> None: ...
