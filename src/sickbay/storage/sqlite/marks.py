"""Sets marks in the history of a space, and returns to them: deletes what was written since, and restores what it replaced."""

from __future__ import annotations

from sickbay.storage.facts import NONE
from sickbay.storage.interface import Mark, ReturnToMark
from sickbay.storage.query import marks
from sickbay.storage.query.dictionary import DELETED, LIVE
from sickbay.storage.query.saving import INDEX_REVISION, INDEXES, facts_text, rows_of
from sickbay.storage.sqlite.connection import rows
from sickbay.storage.sqlite.resources import Changes

_LISTED = "IN (SELECT value FROM json_each(?))"


def set_mark(changes: Changes, step: Mark) -> None:
    space = changes.counters(step.space)
    changes.db.execute(marks.SET, (space.number, step.name, space.sequence))


def return_to_mark(changes: Changes, step: ReturnToMark) -> None:
    """Undo what was written since the mark."""
    changes.reset()
    for space, sequence in rows(changes.db, marks.FIND, (*step.space, step.name)):
        _Return(changes, step, space, sequence).run()


class _Return:
    def __init__(self, changes: Changes, step: ReturnToMark, space: int, sequence: int) -> None:
        self._changes, self._step = changes, step
        self._space, self._sequence = space, sequence

    def run(self) -> None:
        """First restore, then delete: what is restored may refer to what was only referenced at the mark."""
        db, space, since = self._changes.db, self._space, (self._space, self._sequence)
        is_changed = False
        for text, binds, undo in (
            (marks.CHANGED, (*since, self._sequence), self._restore),
            (marks.CREATED, since, self._delete),
        ):
            while page := rows(db, text, binds):
                undo(marks.numbers(nid for (nid,) in page))
                is_changed = True
        if is_changed:
            db.execute(marks.FORGET_UNUSED, (space, space, space))
        db.execute(marks.FORGET_LATER, since)

    def _restore(self, nids: str) -> None:
        changes, space = self._changes, self._changes.counters(self._step.space)
        at_mark = rows(changes.db, marks.AT_MARK, (nids, self._sequence))
        self._forget(nids)
        for resource in marks.restored(at_mark, self._step.index):
            is_live = resource.state == LIVE
            facts, body = (facts_text(resource.entries), resource.body) if is_live else (resource.facts, b"")
            changes.replace(resource.nid, resource.state, resource.version_id, resource.at, INDEX_REVISION, facts, body)
            changes.index(space, resource.type, resource.nid, resource.entries)
            if resource.state == DELETED:
                changes.unindex(resource.nid)
            space.count(resource.type, is_live - (resource.was == LIVE))
        changes.reset()
        changes.db.execute(marks.FORGET_CURRENT_BODY, (nids,))

    def _delete(self, nids: str) -> None:
        changes, space = self._changes, self._changes.counters(self._step.space)
        for type, was in rows(changes.db, marks.NOW, (nids,)):
            space.count(type, -(was == LIVE))
        self._forget(nids)
        changes.db.execute(marks.FORGET_CREATED, (nids,))
        changes.db.execute(marks.UNSAVE_CREATED, (NONE, b"", nids))
        changes.reset()

    def _forget(self, nids: str) -> None:
        """Delete the index rows and the later versions."""
        for table in INDEXES:
            self._changes.db.execute(f"DELETE FROM {table} WHERE {rows_of(table, _LISTED)}", (nids,))
        self._changes.db.execute(marks.FORGET_VERSIONS, (nids, self._sequence))
