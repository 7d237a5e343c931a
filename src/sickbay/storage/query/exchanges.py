"""The size of the journal, and which exchanges to delete when it is too large.

`journal_size` has a row for each exchange that was added or deleted (triggers write them); the rows of an owner add up to
what is kept of that app. So the size is known without reading an exchange, on every worker and after a restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sickbay.storage.interface import Volume

FOLDED = 1000
"""Rows of `journal_size` from which on they are added up to one for each owner."""
SIZE = "SELECT count(*), COALESCE(sum(exchanges), 0), COALESCE(sum(bytes), 0) FROM journal_size"
SHARES = "SELECT owner, sum(exchanges), sum(bytes) FROM journal_size GROUP BY owner"
FORGET = "DELETE FROM journal_size"
SHARE = "INSERT INTO journal_size (owner, exchanges, bytes) VALUES (?, ?, ?)"
FOLD = (
    f"WITH gone AS ({FORGET} RETURNING owner, exchanges, bytes)"
    " INSERT INTO journal_size (owner, exchanges, bytes)"
    " SELECT owner, sum(exchanges), sum(bytes) FROM gone GROUP BY owner HAVING sum(exchanges) <> 0"
)
TRIM = (
    "DELETE FROM record WHERE number IN (SELECT number FROM record WHERE kind = 'exchange' AND owner = ?"
    " ORDER BY expires_at, number LIMIT ?)"
)


class Share(NamedTuple):
    """What is kept of one app's exchanges; the owner is "" for requests of no known app."""

    owner: str
    exchanges: int
    bytes: int


class Excess(NamedTuple):
    """Whose oldest exchanges are deleted next, and how many of them."""

    owner: str
    exchanges: int


def excess(shares: Sequence[Share], most: Volume, at_once: int) -> Excess | None:
    """None if no more than `most` are kept.

    The app with the largest share gives way, so that a flood from one app displaces only its own exchanges until its share is
    as small as the next one's.
    """
    kept = Volume(sum(share.exchanges for share in shares), sum(share.bytes for share in shares))
    if not kept.exceeds(most):
        return None
    too_many = kept.exchanges > most.exchanges
    sizes = {share: share.exchanges if too_many else share.bytes for share in shares}
    largest, *others = sorted(shares, key=sizes.__getitem__, reverse=True)
    lead = sizes[largest] - max((sizes[share] for share in others), default=0)
    surplus = kept.exchanges - most.exchanges if too_many else kept.bytes - most.bytes
    surplus = min(surplus, max(lead, sizes[largest] // 16))
    exchanges = surplus if too_many else -(-surplus * largest.exchanges // max(largest.bytes, 1))
    return Excess(largest.owner, max(1, min(exchanges, at_once)))
