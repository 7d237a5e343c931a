"""Finds exchanges, and determines the size of the journal and which exchanges to delete if it is too large.

Triggers add a row to `journal_size` for each exchange that is added or deleted; the sum of an owner's rows is what is stored
for that app. The size is therefore known without reading an exchange, on every worker and after a restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sickbay.storage.counts import Volume
from sickbay.storage.exchange_filter import ExchangeFilter, ExchangeRow, build_conditions
from sickbay.storage.interface import Record
from sickbay.storage.query.records import COLUMNS
from sickbay.storage.query.statement import Run, Sql, Statement

FOLDED = 1000
"""Number of rows in `journal_size` at which they are combined into one per owner."""
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

NEWEST = "SELECT number, at FROM record WHERE kind || '' = 'exchange' ORDER BY number DESC LIMIT 1"
_ROWS = f"SELECT {', '.join(ExchangeRow._fields)} FROM record"
_AFTER = f"{_ROWS} WHERE kind = 'exchange' AND at > ? ORDER BY at, number LIMIT ?"
_SINCE = f"{_ROWS} WHERE number > ? AND kind || '' = 'exchange' ORDER BY number LIMIT ?"
"""Reads the table from its end. The index of the kind would be read from its beginning."""


class Share(NamedTuple):
    """The stored exchanges of one app. The owner is "" for requests that no known app sent."""

    owner: str
    exchanges: int
    bytes: int


class Excess(NamedTuple):
    """The owner whose oldest exchanges are deleted next, and how many of them."""

    owner: str
    exchanges: int


def find_excess(shares: Sequence[Share], most: Volume, at_once: int) -> Excess | None:
    """Return what to delete, or None if there are no more exchanges than `most`.

    Exchanges of the app with the largest share are deleted first, so a flood from one app displaces only its own exchanges
    until its share is as small as the next largest.
    """
    total = Volume(sum(share.exchanges for share in shares), sum(share.bytes for share in shares))
    if not total.exceeds(most):
        return None
    too_many = total.exchanges > most.exchanges
    sizes = {share: share.exchanges if too_many else share.bytes for share in shares}
    largest, *others = sorted(shares, key=sizes.__getitem__, reverse=True)
    lead = sizes[largest] - max((sizes[share] for share in others), default=0)
    surplus = total.exchanges - most.exchanges if too_many else total.bytes - most.bytes
    surplus = min(surplus, max(lead, sizes[largest] // 16))
    exchanges = surplus if too_many else -(-surplus * largest.exchanges // max(largest.bytes, 1))
    return Excess(largest.owner, max(1, min(exchanges, at_once)))


def find(run: Run, wanted: ExchangeFilter, limit: int, until: int | None) -> list[Record]:
    conditions, binds = build_conditions(wanted)
    bound = Sql(" AND at < ?", (until,)) if until is not None else Sql("")
    text = f"SELECT {COLUMNS} FROM record WHERE kind = 'exchange'{bound.text}{conditions} ORDER BY at DESC, number DESC LIMIT ?"
    return [Record(*row) for row in run(Statement(text, (*bound.binds, *binds, limit)))]


def count(run: Run, wanted: ExchangeFilter, most: int, since: int | None) -> int:
    conditions, binds = build_conditions(wanted)
    bound = Sql(" AND at > ?", (since,)) if since is not None else Sql("")
    matching = f"SELECT 1 FROM record WHERE kind = 'exchange'{bound.text}{conditions} LIMIT ?"
    return int(run(Statement(f"SELECT count(*) FROM ({matching}) counted", (*bound.binds, *binds, most)))[0][0])


def rows_since(run: Run, number: int, limit: int) -> list[ExchangeRow]:
    return [ExchangeRow(*row) for row in run(Statement(_SINCE, (number, limit)))]


def rows_after(run: Run, at: int, limit: int) -> list[ExchangeRow]:
    return [ExchangeRow(*row) for row in run(Statement(_AFTER, (at, limit)))]


def delete(wanted: ExchangeFilter, until: int, most: int) -> Sql:
    """Return the statement that deletes up to `most` of the matching exchanges."""
    conditions, binds = build_conditions(wanted)
    matching = f"SELECT number FROM record WHERE kind = 'exchange' AND at < ?{conditions} LIMIT ?"
    return Sql(f"DELETE FROM record WHERE number IN ({matching})", (until, *binds, most))
