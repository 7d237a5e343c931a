"""One commit of several jobs, with their pending and undoable changes."""

from __future__ import annotations

import apsw

from sickbay.storage.quotas import DELETE_OLDEST, SIZE, measure_excess
from sickbay.storage.resets import STORED, Revisions, check
from sickbay.storage.sqlite.connection import REVISE_BOTH, REVISE_RECORDS, REVISE_RESOURCES, fetch_rows
from sickbay.storage.sqlite.copying import detach
from sickbay.storage.sqlite.numbers import StoredNames
from sickbay.storage.sqlite.resources import Changes


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
        check(expected, self.resets)

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
                detach(self.db)
