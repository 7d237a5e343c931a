"""The size of the journal, and which exchanges to delete when it is too large.

`journal_size` has a row for each exchange that was added or deleted (triggers write them); the rows of an owner add up to
what is kept of that app. So the size is known without reading an exchange, on every worker and after a restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sickbay.storage.store import Volume

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


class Excess(NamedTuple):
    """Whose oldest exchanges are deleted next, and how many of them."""

    owner: str
    exchanges: int


def excess(shares: Sequence[tuple[str, int, int]], most: Volume, at_once: int) -> Excess | None:
    """None if no more than `most` are kept. shares: owner, exchanges, bytes.

    The app with the largest share gives way, so that a flood from one app displaces only its own exchanges until its share is
    as small as the next one's.
    """
    kept = Volume(sum(share[1] for share in shares), sum(share[2] for share in shares))
    if not kept.exceeds(most):
        return None
    column = 1 if kept.exchanges > most.exchanges else 2
    ranked = sorted(shares, key=lambda share: share[column], reverse=True)
    owner, exchanges, size = ranked[0]
    next_share = ranked[1][column] if len(ranked) > 1 else 0
    surplus = kept[column - 1] - most[column - 1]
    surplus = min(surplus, max(ranked[0][column] - next_share, ranked[0][column] // 16))
    if column == 2:
        surplus = -(-surplus * exchanges // max(size, 1))
    return Excess(owner, max(1, min(surplus, at_once)))
