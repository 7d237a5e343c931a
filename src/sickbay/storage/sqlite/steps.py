"""Executes the steps of a transaction, and the other jobs that write. Each runs on the thread of the writer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

from sickbay.storage.counts import Failures, Volume
from sickbay.storage.interface import (
    Clear,
    Conflict,
    CopyResources,
    Delete,
    DeleteFamily,
    ImportSnapshot,
    Mark,
    Put,
    Reindex,
    ReturnToMark,
    Save,
    Step,
    UseOnce,
)
from sickbay.storage.kinds import CHANGES, COUNTED, UNCACHED
from sickbay.storage.query import exchanges
from sickbay.storage.query import records as record_sql
from sickbay.storage.query.returning import actions_of
from sickbay.storage.query.statement import Sql
from sickbay.storage.quotas import FAILURES, QUOTAS
from sickbay.storage.resets import OUTSIDE, Revisions
from sickbay.storage.snapshot_steps import RemoveSnapshot, RestoreSnapshot, SaveSnapshot
from sickbay.storage.sqlite.connection import fetch_rows, make_room
from sickbay.storage.sqlite.copying import copy_resources
from sickbay.storage.sqlite.marks import perform, set_mark
from sickbay.storage.sqlite.snapshots import import_snapshot
from sickbay.storage.sqlite.transaction import Transaction

BULK_STEPS = 500
"""A transaction with at least this many steps is treated as a bulk load."""


def apply(transaction: Transaction, steps: Sequence[Step], began: Revisions = OUTSIDE) -> None:
    """Apply all steps in order. Raises Conflict; the caller undoes the changes. Raises WasReset before it changes anything."""
    if began:
        transaction.check_resets(began)
    if len(steps) >= BULK_STEPS:
        make_room(transaction.db)
    for step in steps:
        match step:
            case Put():  # the most frequent one
                _put_record(transaction, step)
            case Save():
                transaction.resources.save(step)
            case Reindex():
                transaction.resources.reindex(step)
            case Clear(kind="resources"):
                transaction.resources.clear(step)
                transaction.revises_records = True  # other workers learn from this that a hospital has to be filled again
            case Mark():
                set_mark(transaction.resources, step)
            case CopyResources():
                make_room(transaction.db)
                copy_resources(transaction.resources, step)
            case ReturnToMark() | SaveSnapshot() | RestoreSnapshot() | RemoveSnapshot():
                perform(transaction.resources, actions_of(step))
                if isinstance(step, RestoreSnapshot):
                    transaction.revises_records = True
                    _put_record(transaction, CHANGES)
            case ImportSnapshot():
                import_snapshot(transaction.resources, step)
            case _:
                _change_records(transaction, step)


def _put_record(transaction: Transaction, step: Put) -> None:
    db, record, is_new = transaction.db, step.record, step.if_revision == 0
    fields = record_sql.list_fields(record)
    if step.if_revision is not None:
        text = record_sql.PUT_ABSENT if is_new else record_sql.PUT_IF
        db.execute(text, fields if is_new else (*fields, step.if_revision))
        _raise_unless_changed(db, step)
    elif record.kind == "token":
        is_new = db.execute(record_sql.PUT_AND_COUNT, fields).get == 1
    else:
        db.execute(record_sql.PUT, fields)
    if record.kind == "meta":
        transaction.resets = None  # it may be the one that a reset writes
    elif record.label in QUOTAS:
        transaction.quotas.add(record.label)
    if not step.aside and record.kind not in UNCACHED and not (is_new and record.kind == "token"):
        transaction.revises_records = True
    if record.kind in COUNTED:
        _put_record(transaction, CHANGES)


def _change_records(transaction: Transaction, step: UseOnce | Delete | DeleteFamily | Clear) -> None:
    db = transaction.db
    match step:
        case UseOnce():
            db.execute(record_sql.USE, (step.now, step.kind, step.key))
            _raise_unless_changed(db, step)
        case Delete():
            db.execute(record_sql.DELETE, (step.kind, step.key))
        case DeleteFamily():
            for kind in step.kinds:
                db.execute(record_sql.DELETE_FAMILY, (step.family, kind))
        case Clear():
            db.execute(record_sql.CLEAR, (step.kind, step.tenant, step.tenant))
    kinds = step.kinds if isinstance(step, DeleteFamily) else (step.kind,)
    if not UNCACHED.issuperset(kinds):
        transaction.revises_records = True
    if isinstance(step, Delete | Clear) and step.kind in COUNTED:
        _put_record(transaction, CHANGES)


def _raise_unless_changed(db: apsw.Connection, step: Put | UseOnce) -> None:
    if db.changes() != 1:
        raise Conflict(step)


def count_failure(transaction: Transaction, binds: tuple[Any, ...], began: Revisions) -> Failures:
    transaction.check_resets(began)
    counted = Failures(*fetch_rows(transaction.db, record_sql.COUNT_FAILURE, binds)[0])
    transaction.quotas.add(FAILURES)
    return counted


def purge(transaction: Transaction, now: int, most: int) -> int:
    transaction.db.execute(record_sql.PURGE, (now - record_sql.KEPT, most))
    transaction.revises_records = True
    return transaction.db.changes()


def delete_exchanges(transaction: Transaction, statement: Sql) -> int:
    transaction.db.execute(statement.text, statement.binds)
    return transaction.db.changes()


def trim(transaction: Transaction, most: Volume, at_once: int) -> int:
    """Add up `journal_size` and delete the excess, both within this transaction."""
    db = transaction.db
    shares = [exchanges.Share(*row) for row in fetch_rows(db, exchanges.SHARES)]
    db.execute(exchanges.FORGET)
    db.executemany(exchanges.SHARE, [share for share in shares if share.exchanges])
    excess = exchanges.find_excess(shares, most, at_once)
    if excess is None:
        return 0
    db.execute(exchanges.TRIM, excess)
    return db.changes()
