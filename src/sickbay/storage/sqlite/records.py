"""Steps and reads of records: small things with a kind, a key and an expiry."""

from __future__ import annotations

import apsw

from sickbay.storage.sqlite.reader import Reader
from sickbay.storage.store import Clear, Conflict, Delete, DeleteFamily, Put, Record, UseOnce

KEPT = 86_400
"""Seconds for which an expired record is still known as expired."""

_COLUMNS = "kind, key, value, tenant, owner, family, label, at, expires_at, used_at, revision"
_GET = f"SELECT {_COLUMNS} FROM record WHERE kind = ? AND key = ?"
_INSERT = f"INSERT INTO record ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (kind, key) DO "
_UPDATE = (
    "UPDATE SET value = excluded.value, tenant = excluded.tenant, owner = excluded.owner, family = excluded.family,"
    " label = excluded.label, at = excluded.at, expires_at = excluded.expires_at, used_at = excluded.used_at,"
    " revision = record.revision + 1"
)


def put(db: apsw.Connection, step: Put) -> None:
    one = step.record
    fields = (
        one.kind,
        one.key,
        one.value,
        one.tenant,
        one.owner,
        one.family,
        one.label,
        one.at,
        one.expires_at,
        one.used_at,
    )
    if step.if_revision is None:
        db.execute(_INSERT + _UPDATE, fields)
    elif step.if_revision == 0:
        db.execute(_INSERT + "NOTHING", fields)
        _must_change(db, step)
    else:
        # A condition on a record that is absent must fail too, so this is no upsert.
        found = db.execute("SELECT revision FROM record WHERE kind = ? AND key = ?", (one.kind, one.key)).get
        if found != step.if_revision:
            raise Conflict(step)
        db.execute(_INSERT + _UPDATE, fields)


def use_once(db: apsw.Connection, step: UseOnce) -> None:
    db.execute(
        "UPDATE record SET used_at = ? WHERE kind = ? AND key = ? AND used_at IS NULL", (step.now, step.kind, step.key)
    )
    _must_change(db, step)


def delete(db: apsw.Connection, step: Delete) -> None:
    db.execute("DELETE FROM record WHERE kind = ? AND key = ?", (step.kind, step.key))


def delete_family(db: apsw.Connection, step: DeleteFamily) -> None:
    for kind in step.kinds:
        db.execute("DELETE FROM record WHERE family = ? AND kind = ? AND family <> ''", (step.family, kind))


def clear(db: apsw.Connection, step: Clear) -> None:
    db.execute("DELETE FROM record WHERE kind = ? AND (? = '' OR tenant = ?)", (step.kind, step.tenant, step.tenant))


def purge(db: apsw.Connection, now: int) -> int:
    db.execute("DELETE FROM record WHERE expires_at IS NOT NULL AND expires_at < ?", (now - KEPT,))
    return db.changes()


def get(reader: Reader, kind: str, key: str) -> Record | None:
    found = reader.rows(_GET, (kind, key))
    return Record(*found[0]) if found else None


def find(reader: Reader, kind: str, wanted: dict[str, str | None], limit: int) -> list[Record]:
    """Newest first; `wanted` by column, None where it does not matter."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    where = "".join(f" AND {name} = ?" for name in asked)
    # Said literally, or SQLite would not see that a partial index serves.
    where += "".join(f" AND {name} <> ''" for name in ("family", "owner") if asked.get(name))
    text = f"SELECT {_COLUMNS} FROM record WHERE kind = ?{where} ORDER BY at DESC, number DESC LIMIT ?"
    return [Record(*row) for row in reader.rows(text, (kind, *asked.values(), limit))]


def _must_change(db: apsw.Connection, step: Put | UseOnce) -> None:
    if db.changes() != 1:
        raise Conflict(step)
