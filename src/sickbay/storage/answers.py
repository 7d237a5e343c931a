"""The results of a store: stored versions, pages of a search or a history, and errors for invalid cursors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from sickbay.fhir.bundle import StoredResource
from sickbay.storage.facts import NONE, Codes, codes_of, patients_of
from sickbay.storage.snapshot_steps import ResourceSpace


class Stored(msgspec.Struct, frozen=True, gc=False):
    """One stored resource. facts: stored next to the body for the second access check (`storage/facts.py`).

    A Struct because a page creates fifty of them, and creating a NamedTuple takes twice as long.
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
        """Return the ids of the patients whose compartments contain it."""
        return patients_of(self.facts)

    @property
    def codes(self) -> Codes:
        """Return the (parameter, system, code) values that granular scopes can filter by."""
        return codes_of(self.facts)


class HistoryQuery(NamedTuple):
    """Selects the versions to return. type None: of the whole space. id None: of the whole type.

    since: written at or after (epoch ms). at: current at some time of [low, high). most: entries per page; 0: only the total.
    """

    type: str | None
    id: str | None
    most: int
    cursor: str | None = None
    since: int | None = None
    at: tuple[int, int] | None = None


class Versions(NamedTuple):
    """One page of a history, newest first, as (version, interaction). next: sealed cursor of the next page.

    total: entries on all pages, set only if no entries were requested.
    """

    entries: list[tuple[Stored, str]]
    next: str | None
    total: int | None = None


class Outdated(NamedTuple):
    """A live resource that was indexed by an older version of Sickbay, which extracted fewer facts."""

    space: ResourceSpace
    type: str
    id: str
    version_id: int
    body: bytes


class Page(msgspec.Struct, frozen=True):
    """One page of a search: matches in order, included resources, sealed cursor of the next page, total if known.

    matches: Stored objects if the query asks for whole resources or covers several types; otherwise the parts for a Bundle.
    clipped: more resources would have been included than fit on a page.
    """

    matches: Sequence[StoredResource]
    included: list[Stored]
    next: str | None
    total: int | None
    clipped: bool = False


def whole_matches(page: Page) -> list[Stored]:
    """Return the matches of a query that asked for whole resources."""
    return [match for match in page.matches if isinstance(match, Stored)]


class Labels(NamedTuple):
    """profiles: canonicals. security, tags: (system, code); the system is "" if there is none."""

    profiles: tuple[str, ...]
    security: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]


class BadCursor(Exception):
    """Raised if this server didn't create the cursor for this query. The response is 400."""


class StaleCursor(BadCursor):
    """Raised if the cursor was created for a user with different access. The response is 410."""
