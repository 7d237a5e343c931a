"""Executes the steps that change records."""

from __future__ import annotations

import apsw

from sickbay.storage.interface import Clear, Conflict, Delete, DeleteFamily, Put, UseOnce, Volume
from sickbay.storage.query import exchanges
from sickbay.storage.query import records as record_sql
from sickbay.storage.sqlite.connection import rows


def put(db: apsw.Connection, step: Put) -> None:
    record = step.record
    fields = record_sql.fields(record)
    if step.if_revision is None:
        db.execute(record_sql.PUT, fields)
    elif step.if_revision == 0:
        db.execute(record_sql.PUT_ABSENT, fields)
        _must_change(db, step)
    else:
        db.execute(record_sql.PUT_IF, (*fields, step.if_revision))
        _must_change(db, step)


def use_once(db: apsw.Connection, step: UseOnce) -> None:
    db.execute(record_sql.USE, (step.now, step.kind, step.key))
    _must_change(db, step)


def delete(db: apsw.Connection, step: Delete) -> None:
    db.execute(record_sql.DELETE, (step.kind, step.key))


def delete_family(db: apsw.Connection, step: DeleteFamily) -> None:
    for kind in step.kinds:
        db.execute(record_sql.DELETE_FAMILY, (step.family, kind))


def clear(db: apsw.Connection, step: Clear) -> None:
    db.execute(record_sql.CLEAR, (step.kind, step.tenant, step.tenant))


def purge(db: apsw.Connection, now: int, most: int) -> int:
    db.execute(record_sql.PURGE, (now - record_sql.KEPT, most))
    return db.changes()


def trim(db: apsw.Connection, most: Volume, at_once: int) -> int:
    """Add up `journal_size` and delete the excess, both within this transaction."""
    shares = [exchanges.Share(*row) for row in rows(db, exchanges.SHARES)]
    db.execute(exchanges.FORGET)
    db.executemany(exchanges.SHARE, [share for share in shares if share.exchanges])
    excess = exchanges.excess(shares, most, at_once)
    if excess is None:
        return 0
    db.execute(exchanges.TRIM, excess)
    return db.changes()


def _must_change(db: apsw.Connection, step: Put | UseOnce) -> None:
    if db.changes() != 1:
        raise Conflict(step)
