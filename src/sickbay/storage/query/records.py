"""SQL statements for records that both engines understand, and functions that read records."""

from __future__ import annotations

from operator import attrgetter
from typing import Final, NamedTuple

from sickbay.storage.interface import Record
from sickbay.storage.query.statement import SqlReader
from sickbay.storage.quotas import FAILURES

KEPT = 86_400
"""Number of seconds for which an expired record is still reported as expired."""

COLUMNS = "kind, key, value, tenant, owner, family, label, at, expires_at, used_at, revision"
GET = f"SELECT {COLUMNS} FROM record WHERE kind = ? AND key = ?"
list_fields: Final = attrgetter(*COLUMNS.removesuffix(", revision").split(", "), "line")
"""Returns the binds of PUT for a record."""
_INSERT = f"INSERT INTO record ({COLUMNS}, line) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT (kind, key) DO "
PUT_ABSENT = f"{_INSERT}NOTHING"
PUT = (
    f"{_INSERT}UPDATE SET value = excluded.value, tenant = excluded.tenant, owner = excluded.owner,"
    " family = excluded.family, label = excluded.label, at = excluded.at, expires_at = excluded.expires_at,"
    " used_at = excluded.used_at, line = excluded.line, revision = record.revision + 1"
)
PUT_IF = (
    "UPDATE record SET value = ?3, tenant = ?4, owner = ?5, family = ?6, label = ?7, at = ?8, expires_at = ?9,"
    " used_at = ?10, line = ?11, revision = revision + 1 WHERE kind = ?1 AND key = ?2 AND revision = ?12"
)
"""Updates a record under a condition. Binds: those of PUT, then the required stored revision."""
PUT_AND_COUNT = f"{PUT} RETURNING revision"
"""Puts a record and returns its revision, which is 1 for a new record."""
USE = "UPDATE record SET used_at = ?, label = '' WHERE kind = ? AND key = ? AND used_at IS NULL"
"""Marks a code as used. It now belongs to a known app, so it no longer counts as anonymous."""
_CONTINUES = "excluded.at >= record.at AND excluded.at < record.expires_at"
COUNT_FAILURE = (
    f"INSERT INTO record ({COLUMNS}) VALUES ('failure', ?1, ?2, ?3, '', '', '{FAILURES}', ?4, ?5, NULL, 1)"
    " ON CONFLICT (kind, key) DO UPDATE SET"
    f" revision = CASE WHEN {_CONTINUES} THEN record.revision + 1 ELSE 1 END,"
    f" at = CASE WHEN {_CONTINUES} THEN record.at ELSE excluded.at END,"
    f" expires_at = CASE WHEN {_CONTINUES} THEN record.expires_at ELSE excluded.expires_at END"
    " RETURNING revision, at"
)
"""Adds a failure to the current window, or begins a new one. revision: their number. at: when the window began."""
DELETE = "DELETE FROM record WHERE kind = ? AND key = ?"
DELETE_FAMILY = "DELETE FROM record WHERE family = ? AND kind = ? AND family <> ''"
CLEAR = "DELETE FROM record WHERE kind = ? AND (? = '' OR tenant = ?)"
PURGE = (
    "DELETE FROM record WHERE number IN (SELECT number FROM record"
    " WHERE expires_at IS NOT NULL AND expires_at < ? ORDER BY expires_at LIMIT ?)"
)
_COUNT_FAMILY = "SELECT count(*) FROM (SELECT 1 FROM record WHERE family = ? AND kind = ? AND family <> '' LIMIT ?) counted"


def count_family(reader: SqlReader, kind: str, family: str, most: int) -> int:
    return int(reader.one(_COUNT_FAMILY, (family, kind, most)))


class Span(NamedTuple):
    """Selects matching records: those with since <= at < until, at most `limit`, newest or oldest first."""

    since: int | None
    until: int | None
    limit: int
    oldest: bool


def find(reader: SqlReader, kind: str, columns: dict[str, str | None], span: Span) -> list[Record]:
    """`columns` maps names to values; None means any value."""
    conditions = {name: value for name, value in columns.items() if value is not None}
    where = "".join(f" AND {name} = ?" for name in conditions)
    bounds = {" AND at >= ?": span.since, " AND at < ?": span.until}
    limits = {text: value for text, value in bounds.items() if value is not None}
    where += "".join(limits)
    # A literal condition; otherwise SQLite wouldn't use the partial index.
    where += "".join(f" AND {name} <> ''" for name in ("family", "owner") if conditions.get(name))
    direction = "" if span.oldest else " DESC"
    text = f"SELECT {COLUMNS} FROM record WHERE kind = ?{where} ORDER BY at{direction}, number{direction} LIMIT ?"
    return [Record(*row) for row in reader.rows(text, (kind, *conditions.values(), *limits.values(), span.limit))]
