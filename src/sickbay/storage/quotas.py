"""Limits how much unauthenticated requests can store: which records count, and how many are kept.

A record counts towards a quota by its label. Triggers add up the sizes in the table `quota_size`, which has one row for each
label, so nothing has to be counted. A transaction that stores such a record deletes the oldest ones over the quota before it
commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sickbay.storage.interface import Put, Step


class Quota(NamedTuple):
    """The maximum number of records, and of bytes of their values."""

    records: int
    bytes: int


ANONYMOUS: Final = "anonymous"
"""The label of sessions, waiting authorizations and codes that belong neither to a signed-in user nor to an app that proved who
it is.
"""
FAILURES: Final = "failures"
"""The label of counters of failed sign-ins. They have their own quota, so that other anonymous records can't displace them."""
QUOTAS: Final = {ANONYMOUS: Quota(5_000, 16_000_000), FAILURES: Quota(10_000, 1_000_000)}
DELETED_AT_ONCE: Final = 200
"""Number of records that one statement deletes."""
COUNTED: Final = "label IN ('anonymous', 'failures') AND kind IN ('code', 'failure', 'pending', 'session')"
"""Condition for records that count, as in the migrations. Labels aren't enough, because a consent's label is a username."""
SIZE: Final = "SELECT records, bytes FROM quota_size WHERE label = ?"
OLDEST: Final = f"SELECT number FROM record WHERE label = ? AND {COUNTED} ORDER BY at, number LIMIT ?"
DELETE_OLDEST: Final = f"DELETE FROM record WHERE number IN ({OLDEST})"


def labels_of(steps: Sequence[Step]) -> set[str]:
    """Return the quotas that these steps may exceed."""
    return {step.record.label for step in steps if isinstance(step, Put) and step.record.label in QUOTAS}


def measure_excess(label: str, records: int, size: int) -> int:
    """Return how many of the oldest records to delete next; 0 if all are within the quota. size: of all values, in bytes."""
    quota = QUOTAS[label]
    over_size = -(-(size - quota.bytes) * records // max(size, 1))
    return max(0, min(max(records - quota.records, over_size), DELETED_AT_ONCE))
