"""Steps on records: small things with a kind, a key and an expiry."""

from __future__ import annotations

import apsw

from sickbay.storage.interface import Clear, Conflict, Delete, DeleteFamily, Put, UseOnce, Volume
from sickbay.storage.query import exchanges
from sickbay.storage.query import records as said
from sickbay.storage.sqlite.connection import rows


def put(db: apsw.Connection, step: Put) -> None:
    one = step.record
    fields = said.fields(one)
    if step.if_revision is None:
        db.execute(said.PUT, fields)
    elif step.if_revision == 0:
        db.execute(said.PUT_ABSENT, fields)
        _must_change(db, step)
    else:
        # A condition on a record that is absent must fail too, so this is no upsert.
        found = db.execute("SELECT revision FROM record WHERE kind = ? AND key = ?", (one.kind, one.key)).get
        if found != step.if_revision:
            raise Conflict(step)
        db.execute(said.PUT, fields)


def use_once(db: apsw.Connection, step: UseOnce) -> None:
    db.execute(said.USE, (step.now, step.kind, step.key))
    _must_change(db, step)


def delete(db: apsw.Connection, step: Delete) -> None:
    db.execute(said.DELETE, (step.kind, step.key))


def delete_family(db: apsw.Connection, step: DeleteFamily) -> None:
    for kind in step.kinds:
        db.execute(said.DELETE_FAMILY, (step.family, kind))


def clear(db: apsw.Connection, step: Clear) -> None:
    db.execute(said.CLEAR, (step.kind, step.tenant, step.tenant))


def purge(db: apsw.Connection, now: int, most: int) -> int:
    db.execute(said.PURGE, (now - said.KEPT, most))
    return db.changes()


def trim(db: apsw.Connection, most: Volume, at_once: int) -> int:
    """Adds up `journal_size`, and deletes what is too much, both as of this transaction."""
    shares = [exchanges.Share(*row) for row in rows(db, exchanges.SHARES)]
    db.execute(exchanges.FORGET)
    db.executemany(exchanges.SHARE, [share for share in shares if share.exchanges])
    found = exchanges.excess(shares, most, at_once)
    if found is None:
        return 0
    db.execute(exchanges.TRIM, found)
    return db.changes()


def _must_change(db: apsw.Connection, step: Put | UseOnce) -> None:
    if db.changes() != 1:
        raise Conflict(step)
