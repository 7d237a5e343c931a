"""SQL for marks in the history of a space and for undoing later changes, shared by both engines.

The history numbers all versions in the order of their commits, so a mark is one number. Later versions have larger numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import orjson

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.storage.query.dictionary import DELETED, LIVE, REFERENCED, SHIFT
from sickbay.storage.query.saving import INDEX_REVISION

AT_A_TIME: Final = 1000
"""Number of resources that are undone together."""
SET: Final = (
    "INSERT INTO mark (space, name, sequence) VALUES (?, ?, ?)"
    " ON CONFLICT (space, name) DO UPDATE SET sequence = excluded.sequence"
)
FIND: Final = (
    "SELECT s.number, m.sequence FROM space s JOIN mark m ON m.space = s.number"
    " WHERE s.tenant = ? AND s.version = ? AND m.name = ?"
)
FORGET_LATER: Final = "DELETE FROM mark WHERE space = ? AND sequence > ?"
_SINCE: Final = f"FROM resource_history h WHERE h.nid >> {SHIFT} = ? AND h.sequence > ?"
COUNT: Final = f"SELECT count(*) {_SINCE}"
CHANGED: Final = f"SELECT h.nid {_SINCE} GROUP BY h.nid HAVING min(h.version_id) > 1 LIMIT {AT_A_TIME}"
"""Resources that may have existed at the mark; read from only the index. Once they are restored, the next ones are found."""
EXISTING: Final = (
    "SELECT n.value FROM json_each(?) n"
    " WHERE EXISTS (SELECT 1 FROM resource_history h WHERE h.nid = n.value AND h.sequence <= ?)"
)
"""Resources that existed at the mark. Looked up only if a later version doesn't say what it changed, as a change proves it."""
CREATED: Final = f"SELECT DISTINCT h.nid {_SINCE} LIMIT {AT_A_TIME}"
"""Resources without a version at the mark, once the others are restored."""
KEEP_NUMBERS: Final = (
    "UPDATE space SET last_version = (SELECT max(n.number) FROM"
    f" (SELECT s.last_version AS number FROM space s WHERE s.number = ? UNION ALL"
    f" SELECT h.version_id {_SINCE}) n) WHERE number = ?"
)
CHANGES: Final = (
    "SELECT h.nid, h.undo FROM json_each(?) n CROSS JOIN resource_history h ON h.nid = n.value WHERE h.sequence > ?"
    " ORDER BY h.nid, h.version_id DESC"
)
"""The changes of later versions to the index (`query/undo.py`)."""
ABSENT: Final = "SELECT n.value FROM json_each(?) n WHERE NOT EXISTS (SELECT 1 FROM resource r WHERE r.nid = n.value)"
_FIRST: Final = "(SELECT f.sequence FROM resource_history f WHERE f.nid = {nid} ORDER BY f.version_id LIMIT 1)"
_EXISTED: Final = f"EXISTS (SELECT 1 FROM mark m WHERE m.space = {{nid}} >> {SHIFT} AND m.sequence >= {_FIRST}"
"""Whether a resource existed at a mark."""
HIDDEN: Final = 1_000
"""Maximum number of a space's resources that are hidden when deleted. Searches skip their index rows."""
HIDES: Final = (
    f"SELECT n.value FROM json_each(?) n WHERE {_EXISTED.format(nid='n.value')}) LIMIT (SELECT {HIDDEN} - count(*) FROM"
    f" (SELECT 1 FROM hidden_resource WHERE nid > ? AND nid < ? LIMIT {HIDDEN}) few)"
)
"""Selects the resources to hide when they are deleted: those that a return to a mark restores. nids of one space."""
FORGET_CHANGES: Final = (
    "UPDATE resource_history SET undo = NULL WHERE nid IN (SELECT value FROM json_each(?)) AND undo IS NOT NULL"
)
"""Resources that were extracted again may refer to others by new numbers."""
RESTORE: Final = (
    "UPDATE resource SET (state, version_id, changed, facts, body) = (SELECT CASE h.interaction WHEN 'delete'"
    f" THEN {DELETED} ELSE {LIVE} END, h.version_id, h.at, h.facts, CASE h.interaction WHEN 'delete' THEN ? ELSE h.body END"
    " FROM resource_history h WHERE h.nid = resource.nid ORDER BY h.version_id DESC LIMIT 1),"
    f" index_revision = {INDEX_REVISION} WHERE nid IN (SELECT value FROM json_each(?))"
)
"""Makes the last version the current one, once later ones are deleted. The body's copy in the history stays, unused.
"""
AT_MARK: Final = (
    "SELECT r.nid, r.type, r.id, h.version_id, h.at, h.interaction, h.facts, CASE h.interaction WHEN 'delete' THEN"
    " (SELECT b.body FROM resource_history b WHERE b.nid = h.nid AND b.version_id < h.version_id"
    " ORDER BY b.version_id DESC LIMIT 1) ELSE h.body END,"
    f" {_EXISTED.format(nid='h.nid')} AND m.sequence < h.sequence)"
    " FROM json_each(?) n CROSS JOIN resource r ON r.nid = n.value CROSS JOIN resource_history h ON h.nid = r.nid"
    " WHERE h.version_id = (SELECT max(v.version_id) FROM resource_history v WHERE v.nid = h.nid)"
)
"""The last version, once the later ones are deleted, with its body, or that before a deletion, and whether it is hidden."""
COUNT_LIVE: Final = (
    "INSERT INTO type_count (space, type, slice, live) SELECT r.space, r.type, 0, ? * count(*) FROM resource r"
    f" WHERE r.state = {LIVE} AND r.nid {{nids}} GROUP BY r.space, r.type"
    " ON CONFLICT (space, type, slice) DO UPDATE SET live = type_count.live + excluded.live"
)
FORGET_VERSIONS: Final = "DELETE FROM resource_history WHERE sequence > ? AND nid {nids}"
FORGET_CREATED: Final = (
    "DELETE FROM resource WHERE nid {nids} AND nid NOT IN (SELECT target FROM reference_index WHERE target {nids}"
    " UNION ALL SELECT patient FROM compartment_index WHERE patient {nids})"
)
UNSAVE_CREATED: Final = (
    f"UPDATE resource SET state = {REFERENCED}, version_id = 0, changed = 0, index_revision = 0, facts = ?, body = ?"
    " WHERE nid {nids}"
)
"""Keeps the row of a resource that is still referenced, but without content."""
FORGET_UNUSED: Final = (
    "WITH RECURSIVE t(type) AS (SELECT min(type) FROM resource WHERE space = ? UNION ALL"
    " SELECT (SELECT min(r.type) FROM resource r WHERE r.space = ? AND r.type > t.type) FROM t WHERE t.type IS NOT NULL)"
    " DELETE FROM resource WHERE nid IN (SELECT r.nid FROM t CROSS JOIN resource r ON r.type = t.type"
    f" WHERE r.space = ? AND r.state = {REFERENCED}) AND NOT EXISTS (SELECT 1 FROM reference_index WHERE target = resource.nid)"
    " AND NOT EXISTS (SELECT 1 FROM compartment_index WHERE patient = resource.nid)"
)
"""Resources that were only referenced by what is undone. Takes one look-up for each type."""


class Restored(NamedTuple):
    """A resource as it was at the mark. body: that of the last version that isn't a deletion. entries: the facts of that body.

    hides: whether it is hidden if it is deleted.
    """

    nid: int
    type: int
    id: str
    version_id: int
    at: int
    state: int
    facts: str
    body: bytes
    entries: IndexEntries
    hides: bool


def restore(rows: Iterable[Any], index: Callable[[bytes], IndexEntries]) -> Iterator[Restored]:
    """Read the rows of AT_MARK."""
    for nid, type, id, version_id, at, interaction, facts, body, hides in rows:
        state = DELETED if interaction == "delete" else LIVE
        yield Restored(nid, type, id, version_id, at, state, facts, body, index(bytes(body)), bool(hides))


def make_hiding_binds(space: int, nids: Iterable[int]) -> tuple[str, int, int]:
    """Return the values of HIDES."""
    return encode_numbers(nids), space << SHIFT, (space + 1) << SHIFT


def encode_numbers(nids: Iterable[int]) -> str:
    """Encode nids for `json_each`."""
    return orjson.dumps(list(nids)).decode()


def find_ranges(nids: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and the last of each run of consecutive nids."""
    runs: list[tuple[int, int]] = []
    for nid in sorted(nids):
        if runs and runs[-1][1] == nid - 1:
            runs[-1] = runs[-1][0], nid
        else:
            runs.append((nid, nid))
    return runs
