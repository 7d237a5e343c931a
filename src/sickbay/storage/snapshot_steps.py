"""The steps of a transaction that save, restore and remove snapshots, and the space that other steps name too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from sickbay.fhir.search.index_entries import IndexEntries


class ResourceSpace(NamedTuple):
    """One tenant's resources of one FHIR version: ("general", "r4")."""

    tenant: str
    version: str


class SaveSnapshot(msgspec.Struct, frozen=True, gc=False):
    """Copy records and the versions written in some spaces since their mark `patients`. Replaces the snapshot's content.

    kinds: those of the records, except sessions of administrators. keys: those of more records, of kind meta.
    """

    name: str
    kinds: tuple[str, ...]
    keys: tuple[str, ...]
    spaces: tuple[ResourceSpace, ...]


class RestoreSnapshot(msgspec.Struct, frozen=True, gc=False):
    """Make records and spaces as they were when the snapshot was saved with the same kinds, keys and spaces.

    Undoes versions that the snapshot doesn't have and repeats missing ones, so common versions cost nothing. Raises Conflict
    if a space was emptied since. index: as in ReturnToMark, for a space.
    """

    name: str
    kinds: tuple[str, ...]
    keys: tuple[str, ...]
    spaces: tuple[ResourceSpace, ...]
    index: Callable[[ResourceSpace, bytes], IndexEntries]


class RemoveSnapshot(msgspec.Struct, frozen=True, gc=False):
    """Delete the content of a snapshot."""

    name: str


class SavedVersion(NamedTuple):
    """A version of a resource in a snapshot. at: epoch ms. body: None if it is a deletion. facts: as in `storage/facts.py`."""

    type: str
    id: str
    version_id: int
    at: int
    interaction: str
    who: str
    body: bytes | None
    facts: str = ""


class SavedSpace(NamedTuple):
    """The versions of a space since its mark `patients`, oldest first. filled: how many come before the mark `filled`.

    filled is None if the space has no such mark.
    """

    space: ResourceSpace
    versions: Sequence[SavedVersion]
    filled: int | None


SnapshotStep: TypeAlias = SaveSnapshot | RestoreSnapshot | RemoveSnapshot
