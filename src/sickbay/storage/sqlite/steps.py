"""A transaction, its steps, and the other jobs that write. Each runs on the thread of the writer."""

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
from sickbay.storage.quotas import DELETE_OLDEST, FAILURES, QUOTAS, SIZE, measure_excess
from sickbay.storage.resets import OUTSIDE, STORED, Revisions, WasReset
from sickbay.storage.snapshot_steps import RemoveSnapshot, RestoreSnapshot, SaveSnapshot
from sickbay.storage.sqlite.connection import REVISE_BOTH, REVISE_RECORDS, REVISE_RESOURCES, fetch_rows, make_room
from sickbay.storage.sqlite.copying import copy_resources, detach_files
from sickbay.storage.sqlite.marks import perform_actions, set_mark
from sickbay.storage.sqlite.numbers import StoredNames
from sickbay.storage.sqlite.resources import Changes
from sickbay.storage.sqlite.snapshots import import_snapshot

BULK_STEPS = 500
"""A transaction with at least this many steps is treated as a bulk load."""


class Transaction:
    """One commit of several jobs.

    Call `settle` before a job that may be undone, and `undo` after its savepoint was rolled back. `finish` writes everything
    that is still pending; without it the changes are incomplete.
    """

    def __init__(self, db: apsw.Connection, known: StoredNames | None = None, resets: Revisions | None = None) -> None:
        """resets: the stored revisions; None if they have to be read."""
        self.db = db
        self.revises_records = False
        """Whether a record was changed on which a cache may depend."""
        self._known = known or StoredNames()
        self._resources: Changes | None = None
        self.resets = resets
        self.quotas: set[str] = set()
        """The quotas that the new records may exceed."""

    @property
    def resources(self) -> Changes:
        """The changes of resources. Most transactions change only records."""
        if self._resources is None:
            self._resources = Changes(self.db, self._known)
        return self._resources

    def check_resets(self, expected: Revisions) -> None:
        """Raise WasReset if the stored revisions aren't the expected ones."""
        if self.resets is None:
            self.resets = dict(fetch_rows(self.db, STORED))
        for key, revision in expected.items():
            if self.resets.get(key, 0) != revision:
                raise WasReset(f"{key} was written after this request had begun")

    def settle(self) -> None:
        if self._resources is not None:
            self._resources.settle()

    def undo(self) -> None:
        if self._resources is not None:
            self._resources.undo()

    def finish(self) -> None:
        for label in self.quotas:
            self._delete_over_quota(label)
        if self._resources is None:
            if self.revises_records:
                self.db.execute(REVISE_RECORDS)
            return
        self._resources.finish()
        self.db.execute(REVISE_BOTH if self.revises_records else REVISE_RESOURCES)

    def _delete_over_quota(self, label: str) -> None:
        """Delete the oldest records over a quota."""
        while number := measure_excess(label, *self.db.execute(SIZE, (label,)).get):
            self.db.execute(DELETE_OLDEST, (label, number))

    def after_commit(self) -> None:
        """Remember which names are stored now."""
        if self._resources is not None:
            self._resources.after_commit()
            if self._resources.has_attached:
                detach_files(self.db)


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
                perform_actions(transaction.resources, actions_of(step))
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
